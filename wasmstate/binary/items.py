"""What a module has, imported or its own: functions, tables, memories, globals, tags.

Source: WebAssembly Core 3.0, Syntax, "Indices" and "External Types".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from wasmstate.binary.module import Module
from wasmstate.binary.sections.base import Section
from wasmstate.binary.sections.code import CodeSection
from wasmstate.binary.sections.function import FunctionSection
from wasmstate.binary.sections.global_ import GlobalSection
from wasmstate.binary.sections.import_ import Import
from wasmstate.binary.sections.table import TableSection
from wasmstate.binary.sections.tag import TagSection
from wasmstate.binary.spaces import Spaces
from wasmstate.binary.types import FuncType, GlobalType, TableType, TagType

KINDS = ("func", "table", "memory", "global", "tag")


class Items:
    """What a module has, by kind and index."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.spaces = Spaces(module)
        self._imports: dict[str, list[Import]] = {kind: [] for kind in KINDS}
        for each in self.spaces.imports:
            self._imports[each.kind.removeprefix("exact ")].append(each)

    def section(self, section_class: type[Section]) -> Section | None:
        """The section of a class, or ``None``."""
        return self.module.section(section_class)

    def entries(self, section_class: type[Any]) -> Sequence[Any]:
        """The entries of a section, none if it is not there."""
        section = self.module.section(section_class)
        return section.entries if section else ()

    def imported(self, kind: str) -> int:
        """How many of a kind are imported."""
        return len(self._imports[kind])

    def defined(self, kind: str) -> int:
        """How many of a kind are not."""
        if kind == "memory":
            return len(self.spaces.memories) - self.imported(kind)
        classes = {
            "func": FunctionSection,
            "table": TableSection,
            "global": GlobalSection,
            "tag": TagSection,
        }
        return len(self.entries(classes[kind]))

    def count(self, kind: str) -> int:
        """How many there are of a kind."""
        return self.imported(kind) + self.defined(kind)

    def same_import(self, kind: str, module: str, name: str) -> int | None:
        """The index of an import by its two names."""
        for index, each in enumerate(self._imports[kind]):
            if (each.module, each.name) == (module, name):
                return index
        return None

    def type(self, kind: str, index: int) -> Any:
        """The type of an item."""
        if kind == "func":
            return self.spaces.function_type(index)
        if kind == "memory":
            return self.spaces.memories[index]
        if kind == "global":
            return self.spaces.globals[index].type
        if index < self.imported(kind):
            return self.import_type(self._imports[kind][index])
        entry = self.entries(TableSection if kind == "table" else TagSection)
        found = entry[index - self.imported(kind)]
        return found.type if kind == "table" else self.spaces.func_type(found.typeidx)

    def import_type(self, wanted: Import) -> Any:
        """The type that an import asks for; of a function and a tag the function type."""
        if isinstance(wanted.type, int):
            return self.spaces.func_type(wanted.type)
        if isinstance(wanted.type, TagType):
            return self.spaces.func_type(wanted.type.typeidx)
        return wanted.type

    def uses(self, globals: set[int]) -> bool:
        """Whether code reads or writes one of these globals."""
        return any(
            name.startswith("global.") and immediates[0] in globals
            for name, immediates in self._instructions()
        )

    def uses_tables(self) -> bool:
        """Whether code names a table."""
        return any(
            name.startswith("table.") or name.endswith("call_indirect")
            for name, _ in self._instructions()
        )

    def _instructions(self) -> Iterator[tuple[str, tuple[Any, ...]]]:
        for func in self.entries(CodeSection):
            for _, _, instr in func.instructions():
                yield instr.mnemonic, instr.immediates


def describe(type_: Any) -> str:
    """A type, in words for an error."""
    match type_:
        case FuncType():
            return str(type_)
        case GlobalType(valtype, mut):
            return f"a {'mutable' if mut else 'constant'} {valtype}"
        case TableType(reftype, limits):
            return f"a table of {reftype} with at least {limits.min} elements"
    limits = type_.limits
    size = f"{limits.min} to {'any number of' if limits.max is None else limits.max} pages"
    width = "64" if limits.is_64_bit else "32"
    return f"a {'shared ' if limits.is_shared else ''}memory of {size}, {width}-bit addresses"
