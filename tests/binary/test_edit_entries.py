"""Entries changed, sections moved and removed: in order, and with counts that agree."""

from __future__ import annotations

import pytest
import wasmtime

from support import REAL_BINARIES, message, module_of, real_bytes, section_bytes
from wasmstate.binary import Module, Section
from wasmstate.binary.code.instructions import Expr, Instr
from wasmstate.binary.sections.code import CodeSection
from wasmstate.binary.sections.custom import CustomSection
from wasmstate.binary.sections.data import Data, DataSection
from wasmstate.binary.sections.data_count import DataCountSection
from wasmstate.binary.sections.export import Export, ExportSection
from wasmstate.binary.sections.function import FunctionSection
from wasmstate.binary.sections.global_ import Global, GlobalSection
from wasmstate.binary.sections.import_ import Import, ImportSection
from wasmstate.binary.sections.memory import MemorySection
from wasmstate.binary.sections.start import StartSection
from wasmstate.binary.sections.type import RecType, SubType, TypeSection
from wasmstate.binary.types import FuncType, GlobalType, Limits, MemType
from wasmstate.errors import SectionError

WAT = """(module
    (import "env" "f" (func (param i32)))
    (memory (export "memory") 1)
    (func (export "g") (result i32) (i32.const 7))
    (data (i32.const 0) "hello")
    (data "passive"))"""
ONE = Expr((Instr("i32.const", (1,)),))


@pytest.fixture
def module() -> Module:
    module = Module.from_bytes(wasmtime.wat2wasm(WAT))
    data_count = section_bytes(12, b"\2")
    code = module.section(CodeSection)
    assert code is not None
    data = module.to_bytes()
    return Module.from_bytes(data[: code.offset] + data_count + data[code.offset :]).verify()


def is_valid(module: Module) -> bool:
    """Whether wasmtime takes it; raises if not."""
    module.verify()
    wasmtime.Module.validate(wasmtime.Engine(), module.to_bytes())
    return True


def names(module: Module) -> list[str]:
    return [section.name for section in module.sections if not isinstance(section, CustomSection)]


def test_entries_of_each_kind_can_be_changed(module: Module) -> None:
    types = module.section(TypeSection)
    exports = module.section(ExportSection)
    imports = module.section(ImportSection)
    assert types is not None
    assert exports is not None
    assert imports is not None
    edited = module.with_entries(
        {
            TypeSection: [*types.entries, RecType((SubType(FuncType((), ("f64",))),))],
            ImportSection: [*imports.entries, Import("env", "g", "func", 0)],
            MemorySection: [MemType(Limits(1, 2, 3))],
            GlobalSection: [Global(GlobalType("i32", mut=True), ONE)],
            ExportSection: [*exports.entries, Export("counter", "global", 0)],
            DataSection: [
                Data(0, None, ONE, b"x"),
                Data(1, None, None, b"y"),
                Data(1, None, None, b""),
            ],
        }
    )
    assert names(edited) == [
        *("type", "import", "function", "memory", "global", "export"),
        *("data count", "code", "data"),
    ]
    counts = edited.section(DataCountSection)
    assert counts is not None
    assert counts.count == 3
    assert is_valid(edited)


def test_a_section_that_is_added_stands_in_its_place_and_others_keep_their_bytes(
    module: Module,
) -> None:
    edited = module.with_entries({GlobalSection: [Global(GlobalType("i32", mut=False), ONE)]})
    assert [s.name for s in edited.sections].index("global") == 4
    kept = [s for s in edited.sections if not isinstance(s, GlobalSection)]
    assert [s.frame.read() for s in kept] == [s.frame.read() for s in module.sections]
    assert edited.with_entries({GlobalSection: []}).to_bytes() == module.to_bytes()
    assert module.with_entries({GlobalSection: []}).to_bytes() == module.to_bytes()


def test_the_first_section_goes_behind_custom_sections_that_lead() -> None:
    module = module_of().with_custom("dylink.0", b"")
    edited = module.with_entries({MemorySection: [MemType(Limits(0, 1))]})
    assert [section.name for section in edited.sections] == ["dylink.0", "memory"]
    edited = edited.with_entries({TypeSection: [RecType((SubType(FuncType((), ())),))]})
    assert [section.name for section in edited.sections] == ["dylink.0", "type", "memory"]


def test_functions_and_code_change_together(module: Module) -> None:
    functions, code = module.section(FunctionSection), module.section(CodeSection)
    assert functions is not None
    assert code is not None
    expected = "function and code section would have inconsistent lengths (2, 1): change both"
    twice: dict[type[Section], list[int]] = {FunctionSection: [*functions.entries] * 2}
    assert message(SectionError, lambda: module.with_entries(twice)) == expected
    assert is_valid(module.with_entries({**twice, CodeSection: [*code.entries] * 2}))


def test_what_has_no_entries_cannot_be_changed_so(module: Module) -> None:
    found = message(SectionError, lambda: module.with_entries({StartSection: [1]}))
    assert found == "StartSection has no entries to change"


def test_an_entry_that_does_not_fit_is_refused(module: Module) -> None:
    found = message(SectionError, lambda: module.with_entries({FunctionSection: [1 << 32]}))
    assert found == "cannot encode 4294967296: it does not fit u32"


def test_custom_sections_move_freely(module: Module) -> None:
    edited = module.with_custom("note", b"x")
    moved = edited.with_moved(len(edited.sections) - 1, 0)
    assert moved.sections[0].name == "note"
    assert names(moved) == names(module)
    assert is_valid(moved)


def test_standard_sections_keep_their_order(module: Module) -> None:
    assert message(SectionError, lambda: module.with_moved(0, 2)) == (
        "the type section cannot stand at 2: only custom sections are free to"
    )
    assert message(SectionError, lambda: module.with_moved(0, 99)) == (
        f"no section 99: the module has {len(module.sections)} sections"
    )


def test_a_section_is_removed_by_its_index(module: Module) -> None:
    data = [s.index for s in module.sections if isinstance(s, DataSection)]
    edited = module.without_section(data[0])
    counts = edited.section(DataCountSection)
    assert counts is not None
    assert counts.count == 0
    assert is_valid(edited)
    code = [s.index for s in module.sections if isinstance(s, CodeSection)]
    assert message(SectionError, lambda: module.without_section(code[0])) == (
        "function and code section would have inconsistent lengths (1, 0): change both"
    )
    assert message(SectionError, lambda: module.without_section(-1)).startswith("no section -1")
    name = [s.index for s in module.sections if isinstance(s, ExportSection)]
    assert names(module.without_section(name[0])).count("export") == 0


@pytest.mark.parametrize("package", REAL_BINARIES)
def test_an_export_added_to_a_real_binary_is_accepted_by_a_runtime(package: str) -> None:
    module = Module.from_bytes(real_bytes(package))
    exports = module.section(ExportSection)
    assert exports is not None
    edited = module.with_entries(
        {ExportSection: [*exports.entries, Export("wasmstate:sp", "global", 0)]}
    )
    assert is_valid(edited)
