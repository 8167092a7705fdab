"""Object files: what names a section by its number follows an edit, or the edit is refused."""

from __future__ import annotations

import pytest

from support import custom_bytes, message, module_of, section_bytes, unhex
from wasmstate.binary import Module
from wasmstate.binary.custom.linking import SectionSymbol
from wasmstate.binary.section_numbers import target_faults
from wasmstate.errors import SectionError
from wasmstate.state.damage.check import check_module

CODE = section_bytes(10, unhex("00"))
LINKING = unhex("""
    02                      # version
    08 0d  03               # three symbols
        03 00  02           # a section: the third
        00 00  00 01 66     # a function called f
        03 00  83 00        # a section: the fourth, in a padded integer
    07 09  01               # one comdat
        01 63  00  02       # called c, of two members
        05 02               # a section: the third
        01 02               # a function
""")


def object_file() -> Module:
    return module_of(
        custom_bytes("note"),
        CODE,
        custom_bytes(".debug_info", b"info"),
        custom_bytes(".debug_str", b"str"),
        custom_bytes("linking", LINKING),
        custom_bytes("reloc.CODE", unhex("01 00")),
        custom_bytes("reloc..debug_info", unhex("82 80 00 00")),
        custom_bytes("producers", b"\0"),
    )


def named(module: Module) -> list[str]:
    """The sections that others name."""
    (linking,) = module.custom_sections("linking")
    symbols, comdats = linking.decode().subsections
    numbers = [s.symbol.section for s in symbols.content if isinstance(s.symbol, SectionSymbol)]
    numbers += [c.index for c in comdats.content[0].comdat_syms if c.kind == "section"]
    for section in module.custom_sections():
        if section.name.startswith("reloc."):
            numbers.append(section.decode().section)
    return [module.sections[number].name for number in numbers]


TARGETS = [".debug_info", ".debug_str", ".debug_info", "code", ".debug_info"]


def edits() -> dict[str, Module]:
    module = object_file()
    return {
        "none": module,
        "remove": module.without_custom("note"),
        "add": module.with_custom("new", b"", index=0),
        "add between": module.with_custom("new", b"", index=3),
        "add behind": module.with_custom("new", b""),
        "replace": module.with_custom("note", b"longer").with_custom(".debug_info", b"other"),
        "move": module.with_moved(0, 3),
        "rename": module.with_name(0, "remark").with_custom("x", b"", index=0),
        "rename and drop": module.with_name(7, "remark").without_section(0),
    }


@pytest.mark.parametrize("edit", list(edits()))
def test_after_an_edit_each_number_names_the_section_that_it_named(edit: str) -> None:
    module = edits()[edit]
    assert named(module) == TARGETS
    assert Module.from_bytes(module.to_bytes()).sections[-1].end == module.size
    assert list(target_faults(module.sections)) == []


def test_a_section_that_another_names_is_not_removed() -> None:
    module = object_file()
    assert message(SectionError, lambda: module.without_custom(".debug_info")) == (
        "linking names section 2 (.debug_info), which would be gone: remove linking before"
    )
    bare = module.without_custom("linking")
    assert message(SectionError, lambda: bare.without_custom(".debug_info")) == (
        "reloc..debug_info names section 2 (.debug_info), which would be gone: remove "
        "reloc..debug_info before"
    )
    assert bare.without_custom("reloc..debug_info").without_custom(".debug_info")


def test_a_number_that_names_nothing_stops_an_edit_that_would_change_numbers() -> None:
    module = module_of(custom_bytes("note"), custom_bytes("reloc.CODE", unhex("09 00")))
    assert message(SectionError, lambda: module.without_custom("note")) == (
        "reloc.CODE names section 9 (which was not there), which would be gone: remove reloc.CODE "
        "before"
    )
    assert module.with_custom("last", b"")


def test_sections_that_cannot_be_decoded_stop_an_edit_that_would_change_numbers() -> None:
    module = module_of(custom_bytes("note"), custom_bytes("linking", b"\x01"))
    refused = message(SectionError, lambda: module.without_custom("note"))
    assert refused.startswith("linking names sections by their number and cannot be decoded: ")
    module = module_of(custom_bytes("note"), custom_bytes("reloc.CODE", b""))
    assert list(target_faults(module.sections)) == []
    assert message(SectionError, lambda: module.without_custom("note")).startswith("reloc.CODE")


def test_a_number_without_room_for_a_longer_one_stops_the_edit() -> None:
    many = [custom_bytes(f"n{i}") for i in range(126)]
    module = module_of(*many, CODE, custom_bytes("reloc.CODE", unhex("7e 00")))
    one = module.with_custom("new", b"", index=0)
    assert message(SectionError, lambda: one.with_custom("newer", b"", index=0)) == (
        "reloc.CODE has no room for the number 128 of a section"
    )


def test_dylink_stays_the_first_section() -> None:
    module = module_of(custom_bytes("dylink.0"), CODE, custom_bytes("note"))
    expected = "dylink.0 has to be the first section: a loader looks for it nowhere else"
    for edit in (
        lambda: module.with_custom("new", b"", index=0),
        lambda: module.with_moved(0, 1),
    ):
        assert message(SectionError, edit) == expected
    assert module.with_custom("new", b"", index=1).without_custom("dylink.0").sections


@pytest.mark.parametrize(
    ("number", "what"), [("09", "there is none"), ("00", "it is type"), ("02", "it is reloc.X")]
)
def test_relocations_of_what_cannot_have_any_are_found(number: str, what: str) -> None:
    module = module_of(
        section_bytes(1, b"\0"), CODE, custom_bytes("reloc.X", unhex(f"{number} 00"))
    )
    found = [str(each) for each in check_module(module) if each.path == "sections[2].section"]
    reason = f"section {int(number, 16)} cannot have relocations: {what}"
    assert [each.split(": ", 2)[2].split(";")[0] for each in found] == [reason]
