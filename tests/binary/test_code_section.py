"""The code section: bodies found by their size, locals and instructions decoded on demand."""

from __future__ import annotations

import pytest

from support import leb, message, section_bytes, unhex
from wasmstate.binary import Module
from wasmstate.binary.code.immediates import Labels
from wasmstate.binary.code.instructions import Instr
from wasmstate.binary.content import Field
from wasmstate.binary.sections.code import CodeSection, Locals, locals_list
from wasmstate.errors import MalformedError

END = "unexpected end of section or function"
MANY = "too many locals"


def code_section(content: bytes) -> CodeSection:
    module = Module.from_bytes(b"\0asm\1\0\0\0" + section_bytes(10, content))
    section = module.section(CodeSection)
    assert section is not None
    return section


def body(text: str) -> bytes:
    content = unhex(text)
    return leb(len(content)) + content


TWO = (
    b"\x02"
    + body("""
    02                # two runs of locals
    03 7f             # three i32
    01 7e             # one i64
    20 00 1a 0b       # local.get 0, drop, end
""")
    + body("00 0b")
)


def test_functions_are_found_by_their_sizes() -> None:
    funcs = code_section(TWO).entries
    assert len(funcs) == 2
    assert [(func.offset, func.content.hex()) for func in funcs] == [
        (0x0C, "02037f017e20001a0b"),
        (0x16, "000b"),
    ]
    assert [func.path for func in funcs[0:1]] == ["sections[0].entries[0]"]
    assert funcs[-1].content == b"\x00\x0b"
    with pytest.raises(IndexError):
        _ = funcs[2]


def test_locals_and_instructions_are_decoded_on_demand() -> None:
    func = code_section(TWO).entries[0]
    assert func.locals() == (Locals(3, "i32"), Locals(1, "i64"))
    assert list(func.instructions()) == [
        (0x11, b"\x20\x00", Instr("local.get", (0,))),
        (0x13, b"\x1a", Instr("drop")),
    ]
    assert func.verify() == frozenset()


def test_a_padded_size_is_read() -> None:
    (func,) = code_section(b"\x01\x82\x80\x80\x80\x00\x00\x0b").entries
    assert func.offset == 0x10


def test_fields_are_the_functions() -> None:
    assert code_section(TWO).fields()[3:] == [
        Field("entries[1].size", 0x15, 1, 2),
        Field("entries[1]", 0x16, 2, b"\x00\x0b"),
    ]


def test_functions_are_built_to_the_same_bytes() -> None:
    section = code_section(TWO)
    assert section.with_entries(section.entries).content == TWO
    assert section.with_entries(section.entries[1:]).content == b"\x01\x02\x00\x0b"


def test_the_fields_follow_each_other_without_a_hole() -> None:
    at = 0x0A
    for field in code_section(TWO).fields():
        assert field.offset == at
        at += field.size
    assert at == 0x0A + len(TWO)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("00 0b", 0),
        ("02 03 7f 01 70 0b", 4),
        ("01 ff 01 7f 0b", 255),
        ("01 80 80 01 7f 0b", 1 << 14),  # more than are skipped over
        ("01 01 63 00 0b", 1),  # of a reference to type 0
        ("80 01" + "01 7f" * 128 + "0b", 128),  # more runs than are skipped over
        ("82 00 01 7f 01 7e 0b", 2),  # a padded number of runs
    ],
)
def test_locals_however_they_are_written_are_verified(text: str, count: int) -> None:
    (func,) = code_section(b"\x01" + leb(len(unhex(text))) + unhex(text)).entries
    assert func.verify() == frozenset()
    assert sum(run.count for run in func.locals()) == count
    assert list(func.instructions()) == []


def test_locals_are_written_back() -> None:
    assert locals_list.encode((Locals(300, "f64"),)) == b"\x01\xac\x02\x7c"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x05\x02\x00", "sections[0].entries at 0xa: length out of bounds"),
        (b"\x02\x02\x00\x0b", "sections[0].entries[1].size at 0xe: unexpected end"),
        (b"\x01\x03\x00\x0b", "sections[0].entries[0].size at 0xb: length out of bounds"),
        (b"\x01\x02\x00\x0b\x00", "sections[0] at 0xe: section size mismatch"),
        (b"", "sections[0].entries at 0xa: unexpected end"),
    ],
)
def test_sizes_that_do_not_fit_are_reported(content: bytes, expected: str) -> None:
    assert message(MalformedError, lambda: code_section(content).entries) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00 01", "sections[0].entries[0].expr.instructions[1] at 0xe: " + END),
        ("00 0b 01", "sections[0].entries[0] at 0xe: section size mismatch"),
        ("02 7f 0b", "sections[0].entries[0].locals[0].type at 0xe: malformed value type"),
        ("09 01 7f 0b", "sections[0].entries[0].locals at 0xc: length out of bounds"),
        ("02 ffffffff0f 7f 01 7f 0b", "sections[0].entries[0].locals[1].count at 0x13: " + MANY),
        ("00 ff 0b", "sections[0].entries[0].expr.instructions[0] at 0xd: illegal opcode ff"),
    ],
)  # fmt: skip
def test_malformed_code_names_function_instruction_and_byte(text: str, expected: str) -> None:
    section = code_section(b"\x01" + body(text))
    assert message(MalformedError, section.entries[0].verify) == expected


def test_a_table_of_branches_may_have_a_padded_count() -> None:
    (func,) = code_section(b"\1" + body("00  20 00  0e 81 00 00 00  0b")).entries
    assert func.verify() == frozenset()
    assert [instr for _, _, instr in func.instructions()] == [
        Instr("local.get", (0,)),
        Instr("br_table", (Labels((0, 0)),)),
    ]


def test_a_label_of_a_table_that_is_too_long_is_reported() -> None:
    (func,) = code_section(b"\1" + body("00  0e 00 80 80 80 80 80 00  0b")).entries
    assert message(MalformedError, func.verify) == (
        "sections[0].entries[0].expr.instructions[0] at 0x14: integer representation too long"
    )
