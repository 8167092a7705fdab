"""Fields of custom sections, what is shown of unknown ones, and where damage is told."""

from __future__ import annotations

import pytest

from support import custom_of, field_rows, message
from wasmstate.errors import MalformedError


def test_fields_have_paths_and_values() -> None:
    section = custom_of("target_features", "01  2b  84 00 73 69 6d 64")
    assert field_rows(section) == [
        ("features.count", 0x1A, 1, 1),
        ("features[0].prefix", 0x1B, 1, "+"),
        ("features[0].feature", 0x1C, 6, "simd"),
    ]


def test_fields_of_subsections_have_their_index_and_their_name() -> None:
    section = custom_of("dylink.0", "02 83 00  01 01 61  09 01 ff  0a 00")
    at = section.content_offset
    assert field_rows(section) == [
        ("subsections[0].id", at, 1, 2),
        ("subsections[0].size", at + 1, 2, 3),
        ("subsections[0].needed.count", at + 3, 1, 1),
        ("subsections[0].needed[0]", at + 4, 2, "a"),
        ("subsections[1].id", at + 6, 1, 9),
        ("subsections[1].size", at + 7, 1, 1),
        ("subsections[1].content", at + 8, 1, b"\xff"),
        ("subsections[2].id", at + 9, 1, 10),
        ("subsections[2].size", at + 10, 1, 0),
    ]


def test_fields_with_a_size_of_their_own_have_it_before_them() -> None:
    section = custom_of("metadata.code.branch_hint", "01  00  01  05 01 01")
    at = section.content_offset
    assert field_rows(section)[3:] == [
        ("funcs[0].instances[0].funcpos", at + 3, 1, 5),
        ("funcs[0].instances[0].data.size", at + 4, 1, 1),
        ("funcs[0].instances[0].data", at + 5, 1, "likely"),
    ]


@pytest.mark.parametrize("name", ["", "note", "reloc", "metadata.code", "wasmstate.state"])
def test_a_section_without_a_convention_is_its_bytes(name: str) -> None:
    section = custom_of(name, "01 02 03")
    assert not section.is_known
    assert section.decode() == b"\1\2\3"
    assert field_rows(section) == [("content", section.content_offset, 3, b"\1\2\3")]
    assert field_rows(custom_of(name, "")) == []


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("build_id", "01", "sections[0].id at 0x13: length out of bounds"),
        ("build_id", "00 00", "sections[0] at 0x14: section size mismatch"),
        ("core", "01 00", "sections[0].form at 0xf: malformed core dump"),
        (
            "corestack",
            "00 00  01  00 00 00 00  01 7b",
            "sections[0].frames[0].locals[0].type at 0x1c: malformed value type",
        ),
        ("linking", "01", "sections[0].version at 0x12: unknown linking version"),
        (
            "linking",
            "02  08 02  01 06",
            "sections[0].subsections[0].infos[0].kind at 0x16: malformed symbol kind",
        ),
        (
            "linking",
            "02  07 05  01 00 00 01 06",
            (
                "sections[0].subsections[0].comdats[0].comdat_syms[0].kind at 0x19: "
                "malformed comdat symbol kind"
            ),
        ),
        (
            "linking",
            "02  06 03  01 00 00  08 02  00 00",
            "sections[0].subsections[1].infos at 0x1b: size mismatch",
        ),
        ("dylink.0", "01 05", "sections[0].subsections[0].size at 0x14: length out of bounds"),
        ("dylink.0", "01", "sections[0].subsections[0].size at 0x14: unexpected end"),
        (
            "dylink.0",
            "05 03  01 01 ff",
            "sections[0].subsections[0].runtime_path[0] at 0x17: malformed UTF-8 encoding",
        ),
        ("reloc.x", "00  01  1b", "sections[0].entries[0].type at 0x14: malformed relocation type"),
        (
            "target_features",
            "01  2a 00",
            "sections[0].features[0].prefix at 0x1b: malformed feature prefix",
        ),
        (
            "metadata.code.branch_hint",
            "01  00  01  05 01 02",
            "sections[0].funcs[0].instances[0].data at 0x29: malformed branch hint",
        ),
        (
            "metadata.code.trace_inst",
            "01  00  01  05 02 01 00",
            "sections[0].funcs[0].instances[0].data at 0x29: size mismatch",
        ),
    ],
)
def test_damage_is_told_at_its_byte(name: str, text: str, expected: str) -> None:
    section = custom_of(name, text)
    assert message(MalformedError, section.decode) == expected
    assert message(MalformedError, section.fields) == expected
