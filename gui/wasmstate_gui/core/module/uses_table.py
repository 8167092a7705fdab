"""The uses of what is chosen in a list of the module, as a list of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wasmstate import find_uses
from wasmstate.binary.module import Module
from wasmstate.errors import MalformedError
from wasmstate_gui.core.module.entry_tables import FUNCTIONS, USES, ModuleTable

_KINDS: dict[str, Any] = {"func": "function", "global": "global"}


@dataclass(frozen=True, slots=True)
class Subject:
    """What the uses are of: kind and index as ``find_uses`` takes them, and what it is called."""

    kind: Any
    index: int
    title: str


def subject_of(table: ModuleTable, row: int) -> Subject | None:
    """What a row of a list stands for; ``None`` if nothing can use it."""
    cells = dict(zip(table.columns, table.cells(row), strict=True))
    if table.kind == FUNCTIONS:
        return Subject("function", row, f"function {row}  {cells['Name']}".rstrip())
    if table.kind == "Exports" and cells["Kind"] in _KINDS:
        kind = _KINDS[cells["Kind"]]
        return Subject(kind, int(cells["Index"]), f"{kind} {cells['Index']}  {cells['Name']}")
    if table.kind in ("Strings", "Data") and cells["Address"].isdecimal():
        address = int(cells["Address"])
        return Subject("address", address, f"address {address}")
    return None


def uses_table(module: Module, subject: Subject, functions: ModuleTable) -> ModuleTable:
    """The uses, in file order; takes its time with large modules.

    Args:
        module: to be searched.
        subject: what is looked for.
        functions: the list of functions, for their names.
    """
    try:
        found = list(find_uses(module, subject.kind, subject.index))
    except MalformedError as error:
        return ModuleTable(USES, damage=str(error))
    if not found:
        return ModuleTable(USES, damage=f"nothing uses {subject.title}")

    def cells(row: int) -> tuple[str, ...]:
        use = found[row]
        name = "" if use.function is None else functions.names.get(use.function, "")
        index = "" if use.function is None else str(use.function)
        return f"{use.offset:06X}", index, name, use.text

    return ModuleTable(
        USES,
        ("Offset", "Index", "Function", "Use"),
        [use.offset for use in found],
        [use.offset + 1 for use in found],
        cells,
        lambda row: " ".join(cells(row)).lower(),
        subject=subject.title,
        function_of=lambda row: found[row].function,
    )
