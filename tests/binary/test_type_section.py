"""The type section: functions, structs, arrays, subtypes, recursive groups."""

from __future__ import annotations

from typing import Any

import pytest

from support import message, section_of
from wasmstate.binary.sections.type import (
    ArrayType,
    FieldType,
    RecType,
    StructType,
    SubType,
    TypeSection,
)
from wasmstate.binary.types import FuncType, RefType
from wasmstate.errors import MalformedError, SectionError

PLAIN = SubType(FuncType((), ()))


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("00  # no types", []),
        (
            """
            01           # one type
            60           # a function
            02 7f 7c     # takes i32, f64
            01 7e        # gives i64
            """,
            [RecType((SubType(FuncType(("i32", "f64"), ("i64",))),))],
        ),
        (
            """
            01
            5f           # a struct
            02           # two fields
            78 01        # i8, mutable
            63 00 00     # (ref null 0), immutable
            """,
            [
                RecType(
                    (
                        SubType(
                            StructType(
                                (FieldType("i8", mut=True), FieldType(RefType(True, 0), mut=False))
                            )
                        ),
                    )
                )
            ],
        ),
        (
            """
            01
            5e           # an array
            77 01        # of i16, mutable
            """,
            [RecType((SubType(ArrayType(FieldType("i16", mut=True))),))],
        ),
        (
            """
            02
            50 00        # open, no supertypes
            60 00 00
            4f 01 00     # final, below type 0
            60 00 00
            """,
            [
                RecType((SubType(FuncType((), ()), final=False),)),
                RecType((SubType(FuncType((), ()), final=True, supertypes=(0,)),)),
            ],
        ),
        (
            """
            02
            4e 02        # a group of two
            60 00 00
            50 01 00     # open, below type 0
            60 00 00
            4e 00        # an empty group
            """,
            [
                RecType((PLAIN, SubType(FuncType((), ()), final=False, supertypes=(0,)))),
                RecType(()),
            ],
        ),
    ],
)
def test_types_are_decoded_and_built(text: str, entries: list[RecType]) -> None:
    section = section_of(TypeSection, text)
    assert section.entries == entries
    assert section.decode() is section.entries
    assert section.with_entries(section.entries).content == section.content


@pytest.mark.parametrize(
    ("text", "shortest"),
    [
        ("01 4e 01 60 00 00", "01 60 00 00"),  # a group of one
        ("01 4f 00 60 00 00", "01 60 00 00"),  # final without supertypes
        ("81 00 60 80 00 00", "01 60 00 00"),
    ],
)
def test_a_longer_form_means_the_same_and_is_built_short(text: str, shortest: str) -> None:
    section = section_of(TypeSection, text)
    assert section.entries == [RecType((PLAIN,))]
    assert section.layout.build({"entries": section.entries}) == bytes.fromhex(shortest)


def test_a_group_of_n_types_takes_n_indices() -> None:
    section = section_of(
        TypeSection,
        """
        02
        4e 02  60 00 00  60 01 7f 00  # a group of two
        60 00 01 7f                   # type 2
        """,
    )
    assert [str(each.comptype) for each in section.subtypes()] == [
        "() -> ()",
        "(i32) -> ()",
        "() -> (i32)",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "sections[0].entries at 0xa: unexpected end"),
        ("01", "sections[0].entries at 0xa: length out of bounds"),
        ("01 61", "sections[0].entries[0] at 0xb: malformed definition type"),
        ("01 50", "sections[0].entries[0].supertypes at 0xc: unexpected end"),
        ("01 50 00", "sections[0].entries[0] at 0xd: unexpected end"),
        ("01 4e 01 61", "sections[0].entries[0].subtypes[0] at 0xd: malformed definition type"),
        ("01 60 01 40 00", "sections[0].entries[0].params[0] at 0xd: malformed value type"),
        ("01 60 00 02 7f", "sections[0].entries[0].results at 0xd: length out of bounds"),
        ("01 5f 01 7f 02", "sections[0].entries[0].fields[0].mut at 0xe: malformed mutability"),
        (
            "01 5e 76 00",
            "sections[0].entries[0].fieldtype.storagetype at 0xc: malformed storage type",
        ),
        ("01 60 00 00 00", "sections[0] at 0xe: section size mismatch"),
    ],
)
def test_a_malformed_type_is_reported_with_its_path_and_byte(text: str, expected: str) -> None:
    section = section_of(TypeSection, text)
    assert message(MalformedError, lambda: section.entries) == expected


def test_what_is_no_composite_type_is_not_built() -> None:
    section = section_of(TypeSection, "00")
    wrong: Any = RecType((SubType("i32"),))  # type: ignore[arg-type]
    found = message(SectionError, lambda: section.with_entries([wrong]))
    assert found == "cannot encode 'i32': not a composite type"


def test_clauses_say_which_type_describes_which() -> None:
    text = """
        01 4e 02     # a group of two
        4d 01 5f 00  # a struct that type 1 describes
        4c 00 5f 00  # a struct that describes type 0
    """
    section = section_of(TypeSection, text)
    struct = StructType(())
    assert section.entries == [
        RecType((SubType(struct, descriptor=1), SubType(struct, describes=0))),
    ]
    assert section.with_entries(section.entries).content == section.content
