"""The preamble and the frames of sections: what is read when a module is opened."""

from __future__ import annotations

import pytest

from support import PREAMBLE, custom_bytes, message, module_bytes, section_bytes, unhex
from wasmstate.binary import Module
from wasmstate.errors import MalformedError

THREE = module_bytes(
    section_bytes(1, b"\0"),
    custom_bytes("note", b"hello", width=5),
    section_bytes(3, b"\0", width=3),
)

ZEROS = "zeros: a file that was not synced before a crash looks like this"
TOO_LONG = "sections[1].size at 0xc: length out of bounds"


def refusal(data: bytes) -> str:
    return message(MalformedError, lambda: Module.from_bytes(data))


def test_sections_are_found_with_their_places() -> None:
    module = Module.from_bytes(THREE)
    places = [(s.index, s.id, s.name, s.offset, s.content_offset, s.size) for s in module.sections]
    assert places == [
        (0, 1, "type", 8, 10, 1),
        (1, 0, "note", 11, 22, 5),
        (2, 3, "function", 27, 31, 1),
    ]
    assert module.sections[1].content == b"hello"
    assert module.sections[1].decode() == b"hello"
    assert module.sections[1].fields() == [("content", 22, 5, b"hello")]
    assert module.size == module.sections[-1].end == len(THREE)
    assert not module.is_component
    assert module.damage is None


def test_a_module_may_have_no_sections() -> None:
    module = Module.from_bytes(bytearray(PREAMBLE))
    assert module.sections == ()
    assert module.to_bytes() == PREAMBLE


def test_a_custom_section_may_have_an_empty_name_and_no_content() -> None:
    (section,) = Module.from_bytes(module_bytes(custom_bytes(""))).sections
    assert (section.name, section.content, section.content_offset) == ("", b"", 11)


def test_a_long_name_is_read_whole() -> None:
    name = "x" * 5000
    (section,) = Module.from_bytes(module_bytes(custom_bytes(name, b"c"))).sections
    assert (section.name, section.content) == (name, b"c")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "magic at 0x0: unexpected end (the file is empty)"),
        ("00 61 73", "magic at 0x3: unexpected end"),
        ("68 65 6c 6c 6f 0a 00 00", "magic at 0x0: magic header not detected"),
        ("01", "magic at 0x0: unexpected end (magic header not detected)"),
        (
            "00" * 100,
            f"magic at 0x0: magic header not detected ({ZEROS})",
        ),
        # zeros at the start only are something else
        ("00" * 99 + "01", "magic at 0x0: magic header not detected"),
        ("00 61 73 6d", "version at 0x4: unexpected end"),
        ("00 61 73 6d 01 00 00", "version at 0x7: unexpected end"),
        ("00 61 73 6d 02 00 00 00", "version at 0x4: unknown binary version"),
        ("00 61 73 6d 01 00 01 00", "version at 0x4: unknown binary version"),
        ("00 61 73 6d 0d 00 00 00", "version at 0x4: unknown binary version"),
        ("00 61 73 6d 00 00 00 01", "version at 0x4: unknown binary version"),
    ],
)
def test_a_preamble_that_is_none_is_refused(text: str, expected: str) -> None:
    assert refusal(unhex(text)) == expected


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x1f\x8b\x08\0" + bytes(20), "a gzip file: unpack it"),
        (b"\x7fELF\1\1\1\0", "a native program: compile it for a wasm32 target"),
        (b"  (module\n (memory 1))", "the text format: make a binary of it, as wat2wasm does"),
        (b"<!DOCTYPE html>", "an HTML page: the download went wrong: look at it"),
        (b"AGFzbQEAAAA=", "a module in base64: decode it"),
        (
            b"\xef\xbb\xbf\0asm\1\0\0\0",
            "a module behind 3 other bytes: take away the first 3 bytes",
        ),
        (
            b"#!/usr/bin/wasm\n\0asm\x0d\0\1\0",
            "a module behind 16 other bytes: take away the first 16 bytes",
        ),
    ],
)
def test_a_file_of_another_kind_is_called_by_its_name(data: bytes, kind: str) -> None:
    assert refusal(data) == f"magic at 0x0: magic header not detected (this is {kind})"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0e 00", "sections[1].id at 0xb: malformed section id (14)"),
        ("80 00", "sections[1].id at 0xb: malformed section id (128)"),
        ("02", "sections[1].size at 0xc: unexpected end"),
        ("02 80", "sections[1].size at 0xd: unexpected end"),
        ("02 80 80 80 80 10", "sections[1].size at 0x10: integer too large"),
        ("02 80 80 80 80 80 00", "sections[1].size at 0x11: integer representation too long"),
        (
            "02 04 00 00",
            f"{TOO_LONG} (the section claims 4 bytes, 2 are left)",
        ),
        (
            "0b ff ff ff ff 0f",
            f"{TOO_LONG} (the section claims 4294967295 bytes, 0 are left)",
        ),
        ("00 00", "sections[1].name at 0xd: unexpected end"),
        ("00 02 02 61 00 00", "sections[1].name at 0xd: length out of bounds"),
        ("00 05 ff ff ff ff 0f", "sections[1].name at 0xd: length out of bounds"),
        ("00 01 80 00 00", "sections[1].name at 0xe: unexpected end"),
        ("00 03 02 61 ff", "sections[1].name at 0xf: malformed UTF-8 encoding"),
    ],
)
def test_a_frame_that_cannot_be_is_refused_at_its_byte(text: str, expected: str) -> None:
    assert refusal(module_bytes(section_bytes(1, b"\0")) + unhex(text)) == expected


def test_what_stands_before_the_damage_is_kept_if_asked() -> None:
    data = THREE + b"\x0e\0rest"
    module = Module.from_bytes(data, strict=False)
    assert [section.name for section in module.sections] == ["type", "note", "function"]
    assert str(module.damage) == "sections[3].id at 0x20: malformed section id (14)"
    assert module.to_bytes() == data
    assert module.size == len(data)


FUTURE = section_bytes(14, b"what it holds")
NAMELESS = section_bytes(0, unhex("03  61 ff 62") + b"content")
LAST = custom_bytes("last", b"content")


@pytest.mark.parametrize(
    ("section", "word", "content", "fault"),
    [
        (FUTURE, "unknown (14)", b"what it holds", "id at 0xb: malformed section id (14)"),
        (NAMELESS, "a\\xffb", b"content", "name at 0xf: malformed UTF-8 encoding"),
        (unhex("00 02 02 61"), "", b"\x02\x61", "name at 0xd: length out of bounds"),
        (unhex("00 01 80"), "", b"\x80", "name at 0xe: unexpected end"),
        (unhex("00 00"), "", b"", "name at 0xd: unexpected end"),
    ],
)
def test_a_malformed_frame_of_the_right_size_hides_nothing_behind_it(
    section: bytes, word: str, content: bytes, fault: str
) -> None:
    data = module_bytes(section_bytes(1, b"\0"), section, LAST)
    assert refusal(data) == f"sections[1].{fault}"
    module = Module.from_bytes(data, strict=False)
    assert [each.name for each in module.sections] == ["type", word, "last"]
    assert module.sections[1].content == content
    assert [str(each.fault) for each in module.sections] == ["None", f"sections[1].{fault}", "None"]
    assert str(module.damage) == f"sections[1].{fault}"
    assert module.unread is None
    assert list(map(str, module.findings())) == [f"sections[1].{fault}"]
    assert module.to_bytes() == data


def test_every_malformed_frame_is_listed_and_knows_its_place_after_an_edit() -> None:
    module = Module.from_bytes(module_bytes(FUTURE, NAMELESS, LAST), strict=False)
    assert [str(each) for each in module.faults] == [
        "sections[0].id at 0x8: malformed section id (14)",
        "sections[1].name at 0x1b: malformed UTF-8 encoding",
    ]
    later = module.with_custom("first", b"", index=0)
    assert [str(each) for each in later.faults] == [
        "sections[1].id at 0x14: malformed section id (14)",
        "sections[2].name at 0x27: malformed UTF-8 encoding",
    ]
    assert Module.from_bytes(later.to_bytes(), strict=False).faults[1].offset == 0x27


def test_a_section_whose_name_is_malformed_is_removed_or_renamed_by_its_index() -> None:
    module = Module.from_bytes(module_bytes(NAMELESS, LAST), strict=False)
    assert module.custom_sections()[0] is module.sections[0]
    assert module.custom_sections("a\\xffb") == []
    assert module.without_section(0).verify().to_bytes() == module_bytes(LAST)
    assert module.with_name(0, "mended").verify().custom_sections("mended")[0].content == b"content"


def test_other_content_behind_a_malformed_name_leaves_the_fault_where_it_is() -> None:
    module = Module.from_bytes(module_bytes(NAMELESS, LAST), strict=False)
    edited = module.with_content(0, bytes(200))
    read = Module.from_bytes(edited.to_bytes(), strict=False)
    assert list(map(str, edited.faults)) == list(map(str, read.faults))
    assert edited.sections[0].content == read.sections[0].content == bytes(200)


def test_sections_around_one_with_an_unknown_id_keep_their_order() -> None:
    module = Module.from_bytes(module_bytes(FUTURE, section_bytes(3, b"\0")), strict=False)
    edited = module.with_moved(0, 1)
    assert [section.id for section in edited.sections] == [3, 14]
    assert edited.findings()[0].path == "sections[1].id"


@pytest.mark.parametrize("rest", [FUTURE + LAST[:-1], FUTURE * 9 + LAST, NAMELESS + b"\x80\x80"])
def test_sizes_that_do_not_lead_to_the_end_are_not_believed(rest: bytes) -> None:
    data = module_bytes(section_bytes(1, b"\0")) + rest
    module = Module.from_bytes(data, strict=False)
    assert [each.name for each in module.sections] == ["type"]
    assert module.damage is module.unread
    assert module.to_bytes() == data


@pytest.mark.parametrize("data", [b"", b"\0\0", b"not a module", PREAMBLE[:6]])
def test_a_file_that_is_no_module_keeps_its_bytes_if_asked(data: bytes) -> None:
    module = Module.from_bytes(data, strict=False)
    assert module.sections == ()
    assert module.damage is not None
    assert module.to_bytes() == data


def test_every_truncation_of_a_module_is_sections_or_a_refusal() -> None:
    whole = {8: 0, 11: 1, 27: 2, 32: 3}
    for length in range(len(THREE) + 1):
        module = Module.from_bytes(THREE[:length], strict=False)
        assert (module.damage is None) == (length in whole)
        assert len(module.sections) == sum(length >= end for end in (11, 27, 32))


def test_a_component_is_told_from_a_module_and_its_sections_are_listed() -> None:
    data = unhex("""
        00 61 73 6d  0d 00 01 00   # version 13, layer 1
        01 08 00 61 73 6d 01 00 00 00  # core module
        07 01 00                   # type
        01 08 00 61 73 6d 01 00 00 00  # another core module: any order, repeatable
        0c 01 00                   # value
        00 02 01 61                # custom "a"
    """)
    component = Module.from_bytes(data)
    assert component.is_component
    assert [(section.name, section.offset) for section in component.sections] == [
        ("core module", 8),
        ("type", 18),
        ("core module", 21),
        ("value", 31),
        ("a", 34),
    ]
    assert component.sections[1].decode() == b"\0"
    assert component.to_bytes() == data
    assert component.with_custom("a", b"x").is_component


def test_a_component_has_no_tag_section() -> None:
    data = unhex("00 61 73 6d  0d 00 01 00  0d 01 00")
    assert refusal(data) == "sections[0].id at 0x8: malformed section id (13)"
