"""Every other section that is decoded: entries, rebuilt bytes, errors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from support import message, section_of, unhex
from wasmstate.binary.code.instructions import Expr, Instr
from wasmstate.binary.sections.base import ListSection
from wasmstate.binary.sections.code import CodeSection
from wasmstate.binary.sections.data import Data, DataSection
from wasmstate.binary.sections.data_count import DataCountSection
from wasmstate.binary.sections.element import Elem, ElementSection
from wasmstate.binary.sections.export import Export, ExportSection
from wasmstate.binary.sections.function import FunctionSection
from wasmstate.binary.sections.global_ import Global, GlobalSection
from wasmstate.binary.sections.import_ import Import, ImportSection
from wasmstate.binary.sections.memory import MemorySection
from wasmstate.binary.sections.start import StartSection
from wasmstate.binary.sections.table import Table, TableSection
from wasmstate.binary.sections.tag import TagSection
from wasmstate.binary.types import GlobalType, Limits, MemType, RefType, TableType, TagType
from wasmstate.errors import MalformedError, SectionError

FUNCREF = RefType(nullable=True, heap_type="func")
EXTERNREF = RefType(nullable=True, heap_type="extern")
TABLE = TableType(FUNCREF, Limits(0, 10))
NULL = Expr((Instr("ref.null", ("func",)),))


def at(value: int) -> Expr:
    return Expr((Instr("i32.const", (value,)),))


END = "unexpected end of section or function"

SECTIONS: list[tuple[type[ListSection[Any]], str, list[Any]]] = [
    (
        ImportSection,
        """
        05
        01 61  01 62  00 03         # "a" "b" function of type 3
        00     01 62  01 70 00 0a   # ""  "b" table
        01 61  00     02 01 01 02   # "a" ""  memory
        01 61  01 62  03 7f 01      # global
        01 61  01 62  04 00 05      # tag
        """,
        [
            Import("a", "b", "func", 3),
            Import("", "b", "table", TABLE),
            Import("a", "", "memory", MemType(Limits(1, 1, 2))),
            Import("a", "b", "global", GlobalType("i32", mut=True)),
            Import("a", "b", "tag", TagType(0, 5)),
        ],
    ),
    (FunctionSection, "03  00 05 80 01", [0, 5, 128]),
    (
        TableSection,
        """
        02
        70 00 0a                  # 10 function references
        40 00  70 00 0a  d0 70 0b # the same, with an initial value
        """,
        [Table(TABLE), Table(TABLE, NULL)],
    ),
    (MemorySection, "02  00 01  05 01 02", [MemType(Limits(0, 1)), MemType(Limits(5, 1, 2))]),
    (TagSection, "01  00 03", [TagType(0, 3)]),
    (
        GlobalSection,
        """
        02
        7f 01  41 2a 0b   # i32, mutable: 42
        70 00  d0 70 0b   # funcref: null
        """,
        [Global(GlobalType("i32", mut=True), at(42)), Global(GlobalType(FUNCREF, mut=False), NULL)],
    ),
    (
        ExportSection,
        """
        05
        01 66  00 01   # "f" function 1
        01 74  01 00   # "t" table 0
        01 6d  02 00   # "m" memory 0
        01 67  03 02   # "g" global 2
        00     04 00   # ""  tag 0
        """,
        [
            Export("f", "func", 1),
            Export("t", "table", 0),
            Export("m", "memory", 0),
            Export("g", "global", 2),
            Export("", "tag", 0),
        ],
    ),
    (
        ElementSection,
        """
        08
        00        41 01 0b        02 05 06        # active, table 0
        01                 00     01 05           # passive
        02 03     41 01 0b 00     01 05           # active, table 3
        03                 00     00              # declarative
        04        41 01 0b        01 d0 70 0b     # active, expressions
        05                 6f     00              # passive, externref
        06 03     41 01 0b 70     01 d0 70 0b     # active, table 3, funcref
        07                 63 02  00              # declarative, (ref null 2)
        """,
        [
            Elem(0, None, at(1), None, None, [5, 6]),
            Elem(1, None, None, 0, None, [5]),
            Elem(2, 3, at(1), 0, None, [5]),
            Elem(3, None, None, 0, None, []),
            Elem(4, None, at(1), None, None, [NULL]),
            Elem(5, None, None, None, EXTERNREF, []),
            Elem(6, 3, at(1), None, FUNCREF, [NULL]),
            Elem(7, None, None, None, RefType(nullable=True, heap_type=2), []),
        ],
    ),
    (
        DataSection,
        """
        03
        00     41 08 0b  02 68 69   # active in memory 0 at 8: "hi"
        01               00         # passive, empty
        02 01  41 00 0b  01 ff      # active in memory 1
        """,
        [
            Data(0, None, at(8), b"hi"),
            Data(1, None, None, b""),
            Data(2, 1, at(0), b"\xff"),
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("section_class", "text", "entries"), SECTIONS)
def test_entries_are_decoded_and_built_to_the_same_bytes(
    section_class: type[ListSection[Any]], text: str, entries: list[Any]
) -> None:
    section = section_of(section_class, text)
    assert section.entries == entries
    rebuilt = section.with_entries(section.entries)
    assert rebuilt.content == unhex(text)
    assert rebuilt.entries == entries


@pytest.mark.parametrize(("section_class", "text", "entries"), SECTIONS)
def test_the_fields_of_a_section_follow_each_other_without_a_hole(
    section_class: type[ListSection[Any]], text: str, entries: list[Any]
) -> None:
    section = section_of(section_class, text)
    at = section.content_offset
    for field in section.fields():
        assert field.offset == at
        at += field.size
    assert at == section.end


def test_fields_have_paths_values_and_padded_widths() -> None:
    section = section_of(MemorySection, "01  01 82 80 00 03")
    assert [tuple(field) for field in section.fields()] == [
        ("entries.count", 0xA, 1, 1),
        ("entries[0].limits.flag", 0xB, 1, 1),
        ("entries[0].limits.min", 0xC, 3, 2),
        ("entries[0].limits.max", 0xF, 1, 3),
    ]


@pytest.mark.parametrize(
    ("entries", "content"),
    [
        ([0, 5], "82 80 00  80 00  05"),
        ([0, 5, 6], "83 80 00  80 00  05 06"),
        ([5, 0], "82 80 00  05  80 00"),
        ([6, 5], "82 80 00  86 00  05"),
        ([0, 300], "82 80 00  80 00  ac 02"),
        ([], "80 80 00"),
    ],
)
def test_entries_that_were_there_before_keep_their_bytes(entries: list[int], content: str) -> None:
    section = section_of(FunctionSection, "82 80 00  80 00  05")
    assert section.entries == [0, 5]
    assert section.with_entries(entries).content == bytes.fromhex(content)


def test_equal_entries_give_equal_bytes() -> None:
    section = section_of(FunctionSection, "82 80 00  80 00  05")
    assert section.with_entries([0, 5]) is section
    code = section_of(CodeSection, "81 00  82 00 00 0b")
    assert code.with_entries(list(code.entries)) is code


def test_a_data_segment_of_the_same_length_moves_nothing() -> None:
    section = section_of(DataSection, "81 00  00 41 88 80 00 0b 83 80 00 61 62 63")
    (data,) = section.entries
    edited = section.with_entries([replace(data, init=b"xyz")])
    assert edited.content == unhex("81 00  00 41 88 80 00 0b 83 80 00 78 79 7a")
    longer = section.with_entries([replace(data, init=b"wxyz")])
    assert longer.content == unhex("81 00  00 41 88 80 00 0b 84 80 00 77 78 79 7a")
    moved = section.with_entries([replace(data, offset=Expr((Instr("i32.const", (9,)),)))])
    assert moved.content == unhex("81 00  00 41 09 0b 83 80 00 61 62 63")
    passive = section.with_entries([replace(data, flag=1, offset=None)])
    assert passive.content == unhex("81 00  01 03 61 62 63")


def test_an_export_with_another_name_keeps_the_width_of_its_index() -> None:
    section = section_of(ExportSection, "01  82 00 61 62  00  83 80 00")
    (export,) = section.entries
    edited = section.with_entries([replace(export, name="xy")])
    assert edited.content == unhex("01  82 00 78 79  00  83 80 00")


def test_a_word_that_stands_for_a_byte_is_one_byte_still() -> None:
    section = section_of(ExportSection, "01  02 61 62  00  83 80 00")
    (export,) = section.entries
    edited = section.with_entries([replace(export, kind="memory")])
    assert edited.content == unhex("01  02 61 62  02  83 80 00")
    constants = section_of(GlobalSection, "01  7f 00  41 88 00 0b")
    (value,) = constants.entries
    changed = constants.with_entries([replace(value, type=GlobalType("i64", mut=True))])
    assert changed.content == unhex("01  7e 01  41 88 00 0b")


def test_a_large_minimum_is_written_in_the_shortest_form() -> None:
    section = section_of(MemorySection, "01  04 81 80 80 80 80 80 00")
    edited = section.with_entries([MemType(Limits(4, 1 << 33))])
    assert edited.content == unhex("01  04 80 80 80 80 20")


def test_functions_that_were_there_keep_the_width_of_their_size() -> None:
    code = section_of(CodeSection, "81 00  82 00 00 0b")
    (func,) = code.entries
    nop = replace(func, content=unhex("00 01 0b"))
    assert code.with_entries([nop]).content == unhex("81 00  83 00 00 01 0b")
    new = replace(func, offset=0)
    assert code.with_entries([new, func]).content == unhex("82 00  02 00 0b  82 00 00 0b")


@pytest.mark.parametrize(
    ("section", "entry", "expected"),
    [
        (
            DataSection,
            Data(1, None, None, cast("bytes", "text")),
            "cannot encode 'text': bytes belong here",
        ),
        (FunctionSection, "f", "cannot encode 'f': an integer belongs here"),
        (
            ExportSection,
            Export(cast("str", b"f"), "func", 0),
            "cannot encode b'f': a name belongs here",
        ),
    ],
)
def test_a_value_of_another_type_is_refused(section: Any, entry: Any, expected: str) -> None:
    empty = section_of(section, "00")
    assert message(SectionError, lambda: empty.with_entries([entry])) == expected


def test_the_start_section_names_a_function() -> None:
    section = section_of(StartSection, "85 01")
    assert section.funcidx == section.decode() == 133
    assert [tuple(field) for field in section.fields()] == [("funcidx", 0xA, 2, 133)]


def test_the_data_count_section_holds_a_number() -> None:
    section = section_of(DataCountSection, "85 01")
    assert section.count == section.decode() == 133


@pytest.mark.parametrize(
    ("section_class", "text", "expected"),
    [
        (ImportSection, "01 01 61 01 62 05", "[0].kind at 0xf: malformed import kind"),
        (ImportSection, "01 01 61 02 62 ff 00 00", "[0].name at 0xf: malformed UTF-8 encoding"),
        (ImportSection, "01 01 61 09 62", "[0].name at 0xd: length out of bounds"),
        (TableSection, "01 40 01 70 00 0a d0 70 0b", "[0] at 0xc: malformed table"),
        (TableSection, "01 40", "[0] at 0xc: malformed table"),
        (TableSection, "01 7f 00 00", "[0].type.reftype at 0xb: malformed reference type"),
        (TableSection, "01 40 00 70 00 00 c5 0b",
         "[0].init.instructions[0] at 0x10: illegal opcode c5"),
        (MemorySection, "01 10 00", "[0].limits.flag at 0xb: malformed limits flags"),
        (TagSection, "01 01 00", "[0].attribute at 0xb: malformed tag attribute"),
        (GlobalSection, "01 7f 04 41 00 0b", "[0].type.mut at 0xc: malformed mutability"),
        (GlobalSection, "01 7f 00 41 00", "[0].init.instructions[1] at 0xf: " + END),
        (ExportSection, "01 00 05 00", "[0].kind at 0xc: malformed export kind"),
        (ElementSection, "01 08 00", "[0].flag at 0xb: malformed elements segment kind"),
        (ElementSection, "01 01 01 00", "[0].kind at 0xc: malformed elemkind"),
        (ElementSection, "01 05 7f 00", "[0].type at 0xc: malformed reference type"),
        (DataSection, "01 03 00 00", "[0].flag at 0xb: malformed data segment kind"),
        (DataSection, "01 02 81 80 80 80 20 00", "[0].memidx at 0x10: integer too large"),
    ],
)  # fmt: skip
def test_a_malformed_entry_is_reported_with_its_path_and_byte(
    section_class: type[ListSection[Any]], text: str, expected: str
) -> None:
    section = section_of(section_class, text)
    found = message(MalformedError, lambda: section.entries)
    assert found == f"sections[0].entries{expected}"
    assert message(MalformedError, section.fields) == found


@pytest.mark.parametrize(
    ("section_class", "text", "expected"),
    [
        (StartSection, "", "sections[0].funcidx at 0xa: unexpected end"),
        (StartSection, "00 00", "sections[0] at 0xb: section size mismatch"),
        (DataCountSection, "80", "sections[0].count at 0xb: unexpected end"),
    ],
)
def test_a_malformed_number_is_reported_with_its_byte(
    section_class: type[StartSection], text: str, expected: str
) -> None:
    section = section_of(section_class, text)
    assert message(MalformedError, section.decode) == expected
