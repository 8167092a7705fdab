"""Edited copies of a module: every section that was not edited keeps its bytes."""

from __future__ import annotations

import pytest

from support import custom_bytes, message, module_bytes, module_of, section_bytes, unhex
from wasmstate.binary import Module
from wasmstate.binary.sections.memory import MemorySection
from wasmstate.binary.types import Limits, MemType
from wasmstate.errors import SectionError

TYPE = section_bytes(1, b"\0", width=5)
MEMORY = section_bytes(5, unhex("01  01 81 00 02"), width=3)  # min is padded
NOTE = custom_bytes("note", b"hello")
LAST = custom_bytes("last", b"!", width=2)


@pytest.fixture
def module() -> Module:
    return module_of(TYPE, NOTE, MEMORY, LAST)


def written(name: str, content: bytes) -> bytes:
    """A custom section as this library writes it: its size in five bytes."""
    return custom_bytes(name, content, width=5)


def test_the_content_of_a_custom_section_is_replaced_where_it_stands(module: Module) -> None:
    edited = module.with_custom("note", b"longer than hello")
    assert edited.to_bytes() == module_bytes(
        TYPE, written("note", b"longer than hello"), MEMORY, LAST
    )
    assert [section.index for section in edited.sections] == [0, 1, 2, 3]
    assert Module.from_bytes(edited.to_bytes()).sections[3].offset == edited.sections[3].offset


def test_a_new_custom_section_goes_to_the_end(module: Module) -> None:
    edited = module.with_custom("new", b"x")
    assert edited.to_bytes() == module_bytes(TYPE, NOTE, MEMORY, LAST, written("new", b"x"))


def test_a_commit_of_an_equal_sized_content_changes_no_other_byte(module: Module) -> None:
    first = module.with_custom("state", b"1" * 200).to_bytes()
    second = Module.from_bytes(first).with_custom("state", b"2" * 200).to_bytes()
    assert second == first.replace(b"1" * 200, b"2" * 200)


@pytest.mark.parametrize("index", range(5))
def test_a_new_custom_section_goes_to_the_index_given(module: Module, index: int) -> None:
    parts = [TYPE, NOTE, MEMORY, LAST]
    parts.insert(index, written("note", b"another"))
    edited = module.with_custom("note", b"another", index=index)
    assert edited.to_bytes() == module_bytes(*parts)
    reread = Module.from_bytes(edited.to_bytes())
    for kept, found in zip(edited.sections, reread.sections, strict=True):
        assert (kept.index, kept.offset, kept.content_offset, kept.end, kept.name) == (
            found.index,
            found.offset,
            found.content_offset,
            found.end,
            found.name,
        )


@pytest.mark.parametrize("index", [-1, 5])
def test_an_index_beyond_the_end_is_refused(module: Module, index: int) -> None:
    found = message(SectionError, lambda: module.with_custom("x", b"", index=index))
    assert found == (f"no place {index}: the module has 4 sections, a new one can go to 0 to 4")


def test_which_of_several_sections_to_replace_cannot_be_guessed(module: Module) -> None:
    twice = module.with_custom("note", b"", index=4)
    found = message(SectionError, lambda: twice.with_custom("note", b"x"))
    assert found == ("2 custom sections are named 'note' (sections 1, 4): give the index of one")


def test_of_several_custom_sections_of_one_name_one_is_chosen_by_index(module: Module) -> None:
    twice = module.with_custom("note", b"old", index=4)
    edited = twice.with_content(4, b"new").with_name(1, "first")
    assert [(s.name, s.content) for s in edited.custom_sections()] == [
        ("first", b"hello"),
        ("last", b"!"),
        ("note", b"new"),
    ]


def test_a_custom_section_with_other_content_keeps_its_name_and_the_width_of_its_size() -> None:
    module = module_of(section_bytes(0, unhex("83 00  61 62 63") + b"old", width=3))
    edited = module.with_content(0, b"other")
    assert edited.to_bytes() == module_bytes(
        section_bytes(0, unhex("83 00  61 62 63") + b"other", width=3)
    )


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (0, "section 0 is no custom section: it is type"),
        (9, "no section 9: the module has 4 sections"),
    ],
)
def test_only_a_custom_section_is_renamed_or_filled(
    module: Module, index: int, expected: str
) -> None:
    assert message(SectionError, lambda: module.with_content(index, b"")) == expected
    assert message(SectionError, lambda: module.with_name(index, "x")) == expected


def test_a_name_that_is_not_utf8_is_refused(module: Module) -> None:
    found = message(SectionError, lambda: module.with_custom("\udcff", b""))
    assert found == "cannot encode the name '\\udcff': surrogates not allowed"


def test_all_sections_of_a_name_are_removed(module: Module) -> None:
    twice = module.with_custom("note", b"", index=4)
    assert twice.without_custom("note").to_bytes() == module_bytes(TYPE, MEMORY, LAST)
    # "type" is the specification's word for a section, not a custom section's name
    for name in ("nothing", "type"):
        found = message(SectionError, lambda name=name: module.without_custom(name))  # type: ignore[misc]
        assert found == f"no custom section is named {name!r}"


def test_the_original_never_changes(module: Module) -> None:
    before = module.to_bytes()
    module.with_custom("note", b"x").without_custom("last")
    assert module.to_bytes() == before == module_bytes(TYPE, NOTE, MEMORY, LAST)


def test_a_section_with_other_entries_takes_the_place_of_the_old_one(module: Module) -> None:
    memory = module.section(MemorySection)
    assert memory is not None
    assert memory.entries == [MemType(Limits(1, 1, 2))]
    edited = module.with_entries({MemorySection: [MemType(Limits(0, 9))]})
    assert edited.to_bytes() == module_bytes(TYPE, NOTE, unhex("05 83 80 00  01 00 09"), LAST)
    assert edited.sections[3].offset == module.sections[3].offset - 2


def test_errors_in_a_moved_section_have_the_new_offset() -> None:
    module = module_of(section_bytes(5, unhex("01  10 00")))
    moved = module.with_custom("x", b"", index=0)
    section = moved.section(MemorySection)
    assert section is not None
    # 8 bytes of preamble, 8 of the custom section, id, size, count
    assert section.path == "sections[1]"
    with pytest.raises(Exception, match=r"^sections\[1\]\.entries\[0\]\.limits\.flag at 0x13: "):
        section.decode()


def test_sections_are_found_by_class_and_by_name(module: Module) -> None:
    assert module.section(MemorySection) is module.sections[2]
    assert module_of(TYPE).section(MemorySection) is None
    assert module.custom_sections() == [module.sections[1], module.sections[3]]
    assert module.custom_sections("note") == [module.sections[1]]
    assert module.custom_sections("memory") == []


def test_pieces_of_an_unchanged_module_are_one(module: Module) -> None:
    (piece,) = module.pieces()
    assert (piece.start, piece.end) == (0, module.size)


def test_pieces_are_joined_up_to_an_edit_and_behind_it(module: Module) -> None:
    pieces = module.with_custom("note", b"x").pieces()
    source = pieces[0].source
    assert [(p.source is source, p.start, p.end) for p in pieces] == [
        (True, 0, module.sections[0].end),
        (False, 0, 1 + 5 + 5 + 1),
        (True, module.sections[2].offset, module.size),
    ]


def test_pieces_of_which_one_was_removed_are_not_joined_over_the_hole(module: Module) -> None:
    pieces = module.without_custom("note").pieces()
    assert [(p.start, p.end) for p in pieces] == [
        (0, module.sections[0].end),
        (module.sections[2].offset, module.size),
    ]


def test_an_edit_of_a_damaged_module_keeps_the_rest_behind_it() -> None:
    rest = b"\x0erest"
    module = Module.from_bytes(module_bytes(NOTE) + rest, strict=False)
    edited = module.with_custom("note", b"x")
    assert edited.to_bytes() == module_bytes(written("note", b"x")) + rest
    assert edited.unread is module.unread
