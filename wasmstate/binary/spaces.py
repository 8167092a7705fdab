"""Index spaces: what an index of a function, memory or global stands for.

Source: WebAssembly Core 3.0, Syntax, "Indices": what is imported comes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from wasmstate.binary.code.instructions import Expr
from wasmstate.binary.entry_ranges import entry_starts
from wasmstate.binary.module import Module
from wasmstate.binary.sections.base import ListSection
from wasmstate.binary.sections.data import Data, DataSection
from wasmstate.binary.sections.export import Export, ExportSection
from wasmstate.binary.sections.function import FunctionSection
from wasmstate.binary.sections.global_ import GlobalSection
from wasmstate.binary.sections.import_ import Import, ImportSection
from wasmstate.binary.sections.memory import MemorySection
from wasmstate.binary.sections.start import StartSection
from wasmstate.binary.sections.type import TypeSection
from wasmstate.binary.types import FuncType, GlobalType, MemType
from wasmstate.errors import MalformedError


@dataclass(frozen=True)
class GlobalEntry:
    """A global: its type, and its initial value where the module says it."""

    type: GlobalType
    init: Expr | None
    value: int | bytes | None


class Spaces:
    """The index spaces of a core module, decoded when they are first asked for.

    Each property raises :class:`~wasmstate.errors.MalformedError` if a section that it needs
    cannot be decoded, or if an index leads nowhere.
    """

    def __init__(self, module: Module) -> None:
        self.module = module

    @cached_property
    def imports(self) -> list[Import]:
        """In file order."""
        section = self.module.section(ImportSection)
        return list(section.entries) if section else []

    @cached_property
    def exports(self) -> dict[str, Export]:
        """By name."""
        section = self.module.section(ExportSection)
        return {export.name: export for export in section.entries} if section else {}

    @cached_property
    def memories(self) -> list[MemType]:
        """Imported memories first."""
        section = self.module.section(MemorySection)
        imported = [each.type for each in self.imports if isinstance(each.type, MemType)]
        return imported + list(section.entries if section else ())

    @cached_property
    def globals(self) -> list[GlobalEntry]:
        """Imported globals first."""
        entries = [
            GlobalEntry(each.type, None, None)
            for each in self.imports
            if isinstance(each.type, GlobalType)
        ]
        section = self.module.section(GlobalSection)
        values: list[int | bytes | None] = [None] * len(entries)
        for entry in section.entries if section else ():
            value = entry.init.evaluate(values)
            entries.append(GlobalEntry(entry.type, entry.init, value))
            # A later initial value may only refer to a global that cannot change.
            values.append(None if entry.type.mut else value)
        return entries

    @cached_property
    def functions(self) -> list[int]:
        """The index of each function's type, imported functions first."""
        section = self.module.section(FunctionSection)
        imported = [each.type for each in self.imports if isinstance(each.type, int)]
        return imported + list(section.entries if section else ())

    @cached_property
    def data(self) -> list[Data]:
        """The data segments."""
        section = self.module.section(DataSection)
        return list(section.entries) if section else []

    @cached_property
    def _subtypes(self) -> list[FuncType | None]:
        section = self.module.section(TypeSection)
        subtypes = section.subtypes() if section else []
        return [s.comptype if isinstance(s.comptype, FuncType) else None for s in subtypes]

    def func_type(self, typeidx: int) -> FuncType:
        """The function type of an index of the type space."""
        if typeidx < len(self._subtypes):
            found = self._subtypes[typeidx]
            if found is not None:
                return found
        section = self.module.section(TypeSection)
        raise MalformedError(
            section.path if section else "module",
            section.offset if section else 0,
            f"type {typeidx} is not a function type",
        )

    def exported_functions(self) -> dict[str, FuncType]:
        """The type of each exported function, by the name of the export."""
        found = {}
        for export in self.exports.values():
            if export.kind == "func" and export.index < len(self.functions):
                found[export.name] = self.function_type(export.index)
        return found

    def function_type(self, funcidx: int) -> FuncType:
        """The type of a function; what is wrong with its index is said at the function's entry."""
        try:
            return self.func_type(self.functions[funcidx])
        except MalformedError as error:
            imported = [i for i, each in enumerate(self.imports) if isinstance(each.type, int)]
            index = funcidx - len(imported)
            section: ListSection[Any] | None = self.module.section(FunctionSection)
            if index < 0:
                section, index = self.module.section(ImportSection), imported[funcidx]
            assert section is not None
            at = entry_starts(section)[index]
            raise MalformedError(f"{section.path}.entries[{index}]", at, error.reason) from None

    @property
    def runs_code_at_start(self) -> bool:
        """Whether code runs before the first call: a start function, or ``_initialize``."""
        return (
            self.module.section(StartSection) is not None
            or "_initialize" in self.exported_functions()
        )
