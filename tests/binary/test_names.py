"""The name section: what is readable of it, whatever stands in the rest."""

from __future__ import annotations

import pytest

from support import custom_bytes, custom_of, field_rows, module_of, unhex
from wasmstate.binary.custom.name import (
    IndirectNameAssoc,
    NameSection,
    name_section,
    read_name_map,
)
from wasmstate.binary.custom.subsections import Subsection
from wasmstate.binary.names import Names, read_names

MODULE = "00 02  01 6d            # the module: m"
FUNCTIONS = "01 07  02  00 01 66  05 01 67  # functions 0: f, 5: g"
LOCALS = "02 0a  02  00 01  00 01 78  05 01  01 00  # locals of 0: 0 x; of 5: 1 without a name"
INDIRECT = [(2, "locals"), (3, "labels"), (10, "fields")]
DIRECT = [
    (1, "functions"),
    (4, "types"),
    (5, "tables"),
    (6, "memories"),
    (7, "globals"),
    (8, "elements"),
    (9, "data"),
    (11, "tags"),
]


def names(*subsections: str) -> Names:
    return read_names(module_of(custom_bytes("name", unhex("\n".join(subsections)))))


def test_names_of_module_functions_and_locals_are_read() -> None:
    found = names(MODULE, FUNCTIONS, LOCALS)
    assert found.module == "m"
    assert found.functions == {0: "f", 5: "g"}
    assert found.locals == {0: {0: "x"}, 5: {1: ""}}
    assert found.damage is None


@pytest.mark.parametrize(("id", "kind"), DIRECT)
def test_names_of_each_kind_are_read(id: int, kind: str) -> None:
    section = f"{id:02x} 05  01  81 01 01 61  # 129: a"
    assert getattr(names(section), kind) == {129: "a"}
    assert sum(bool(getattr(names(section), other)) for _, other in DIRECT + INDIRECT) == 1


@pytest.mark.parametrize(("id", "kind"), INDIRECT)
def test_names_of_what_belongs_to_something_are_read(id: int, kind: str) -> None:
    section = f"{id:02x} 08  02  03 01 00 01 61  07 00  # 3: 0 a; 7: nothing"
    assert getattr(names(section), kind) == {3: {0: "a"}, 7: {}}


def test_a_module_without_a_name_section_has_no_names() -> None:
    found = read_names(module_of(custom_bytes("named")))
    assert (found.module, found.functions, found.locals, found.damage) == (None, {}, {}, None)


def test_only_the_first_name_section_counts() -> None:
    first, second = unhex(MODULE), unhex("00 02 01 6e")
    module = module_of(custom_bytes("name", first), custom_bytes("name", second))
    assert read_names(module).module == "m"


def test_names_beside_the_damage_are_kept_and_the_damage_is_told() -> None:
    cut = "02 09  02 00 01 00 01 78 05 01 01  # cut short"
    found = names(MODULE, FUNCTIONS, cut, "04 04  01 00 01 74  # type 0: t")
    assert (found.module, found.functions, found.locals) == ("m", {0: "f", 5: "g"}, {})
    assert found.types == {0: "t"}
    # 8 of preamble, id and size, the name: the content begins at 0xf; 4 + 9 bytes come before
    assert str(found.damage) == (
        "sections[0].subsections[2].locals[1].namemap[0].name at 0x27: unexpected end"
    )


def test_a_subsection_that_claims_too_much_is_told() -> None:
    found = names(MODULE, "01 08 00")
    assert (found.module, found.functions) == ("m", {})
    assert str(found.damage) == "sections[0].subsections[1].size at 0x14: length out of bounds"


def test_a_module_name_that_is_not_utf8_is_told() -> None:
    found = names("00 02 01 ff", FUNCTIONS)
    assert (found.module, found.functions) == (None, {0: "f", 5: "g"})
    assert (
        str(found.damage) == "sections[0].subsections[0].module at 0x12: malformed UTF-8 encoding"
    )


def test_a_name_section_is_decoded_and_built_again() -> None:
    section = custom_of("name", "\n".join((MODULE, FUNCTIONS, LOCALS)))
    assert section.decode() == NameSection(
        [
            Subsection(0, "m"),
            Subsection(1, {0: "f", 5: "g"}),
            Subsection(2, [IndirectNameAssoc(0, {0: "x"}), IndirectNameAssoc(5, {1: ""})]),
        ]
    )
    assert name_section.build(section.decode()) == section.content


def test_fields_of_a_name_map_have_paths_and_widths() -> None:
    section = custom_of("name", "01 06  01  82 00  02 61 62  0c 00")
    at = section.content_offset
    assert field_rows(section) == [
        ("subsections[0].id", at, 1, 1),
        ("subsections[0].size", at + 1, 1, 6),
        ("subsections[0].functions.count", at + 2, 1, 1),
        ("subsections[0].functions[0].idx", at + 3, 2, 2),
        ("subsections[0].functions[0].name", at + 5, 3, "ab"),
        ("subsections[1].id", at + 8, 1, 12),
        ("subsections[1].size", at + 9, 1, 0),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("01  85 00  01 66", ({5: "f"}, 5)),
        ("01  05  81 80 00 66", ({5: "f"}, 6)),
        ("02  05  01 66  05 01 67", ({5: "g"}, 7)),  # the last counts
        ("00", ({}, 1)),
        ("01  85 80 80 80 00  01 66", None),  # wide: left to the declaration
        ("02  05 01 66", None),
        ("05  05 01 66", None),
        ("01  05 02 66", None),
        ("01  05 01 ff", None),
        ("", None),
    ],
)
def test_the_loop_over_a_name_map_takes_what_is_usual(
    text: str, expected: tuple[dict[int, str], int] | None
) -> None:
    assert read_name_map(unhex(text), 0) == expected


def test_a_name_map_with_wide_integers_is_read_by_its_declaration() -> None:
    assert names("01 08  01  85 80 80 80 00  01 66").functions == {5: "f"}
