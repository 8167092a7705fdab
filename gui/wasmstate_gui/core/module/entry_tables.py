"""The long lists of a module: functions, exports, imports, data segments, texts, custom sections.

A table knows how many rows it has and where they stand; a row is decoded when it is looked at.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wasmstate.binary.entry_ranges import Part, entry_starts, subsections
from wasmstate.binary.module import Module
from wasmstate.binary.names import function_names, read_names
from wasmstate.binary.sections.code import CodeSection, Func
from wasmstate.binary.sections.data import Data, DataSection
from wasmstate.binary.sections.export import ExportSection
from wasmstate.binary.sections.import_ import ImportSection
from wasmstate.binary.spaces import Spaces
from wasmstate.binary.strings import find_strings
from wasmstate.errors import MalformedError
from wasmstate_gui.core.bytes.search import Watcher

FUNCTIONS = "Functions"
USES = "Uses"
KINDS = (FUNCTIONS, "Exports", "Imports", "Data", "Strings", "Custom", USES)
"""The tables there are."""

_OF_SECTION = {
    "function": "Functions",
    "code": "Functions",
    "export": "Exports",
    "import": "Imports",
    "data": "Data",
}
_NUMBERS = frozenset({"Index", "Offset", "Size", "Address"})
_PREVIEW = 24
_AT_A_TIME = 2000  # rows between two looks at whether a filter is still wanted


@dataclass(frozen=True)
class ModuleTable:
    """A list of a module.

    Attributes:
        kind: one of :data:`KINDS`.
        columns: their headings.
        starts: the offset in the file at which each row starts.
        ends: the offset after its last byte.
        cells: the texts of a row.
        words: what a filter looks at, in lower case.
        damage: why there are no more rows, if so.
        code: the code of a row, of functions that have some.
        names: of the rows of functions that have one.
        subject: of uses, what they use.
        function_of: the function whose code a row is in.
    """

    kind: str
    columns: tuple[str, ...] = ()
    starts: Sequence[int] = ()
    ends: Sequence[int] = ()
    cells: Callable[[int], tuple[str, ...]] = field(default=lambda _: ())
    words: Callable[[int], str] = field(default=lambda _: "")
    damage: str = ""
    code: Callable[[int], Func | None] = field(default=lambda _: None)
    names: Mapping[int, str] = field(default_factory=dict)
    subject: str = ""
    function_of: Callable[[int], int | None] = field(default=lambda _: None)

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self.starts)

    def is_number(self, column: int) -> bool:
        """Whether a column is aligned to the right."""
        return self.columns[column] in _NUMBERS

    def span(self, row: int) -> tuple[int, int]:
        """Where the bytes of a row stand."""
        return self.starts[row], self.ends[row]

    def row_at(self, offset: int) -> int | None:
        """The row that a byte belongs to. Rows are in file order."""
        row = bisect_right(self.starts, offset) - 1
        return row if row >= 0 and offset < self.ends[row] else None

    def row_named(self, name: str) -> int | None:
        """The function of a name; of several the first."""
        return next((row for row, each in self.names.items() if each == name), None)

    def matching(self, text: str, watcher: Watcher) -> NDArray[np.int64] | None:
        """The rows in which every word of a text occurs; ``None`` if nobody waits any more."""
        wanted = text.lower().split()
        found = array("q")
        for row in range(self.count):
            if row % _AT_A_TIME == 0 and watcher.is_cancelled:
                return None
            words = self.words(row)
            if all(word in words for word in wanted):
                found.append(row)
        return np.array(found, np.int64)


def module_table(kind: str, module: Module) -> ModuleTable:
    """A table of a module; takes its time with large ones. What is malformed gives no rows."""
    if module.is_component:
        return ModuleTable(kind, damage="a component has none of its own, its core modules do")
    try:
        return _MAKERS[kind](module)
    except MalformedError as error:
        return ModuleTable(kind, damage=str(error))


def table_of(section: str, kind: str) -> str | None:
    """The table that shows what is in a section of the layout; ``None`` if none does."""
    return "Custom" if kind == "custom" else _OF_SECTION.get(section)


def _functions(module: Module) -> ModuleTable:
    imports, code = module.section(ImportSection), module.section(CodeSection)
    spaces, names = Spaces(module), function_names(module)
    starts, ends = array("Q"), array("Q")
    if imports is not None:
        places = entry_starts(imports)
        taken = [i for i, each in enumerate(imports.entries) if isinstance(each.type, int)]
        starts.extend(places[i] for i in taken)
        ends.extend(places[i + 1] for i in taken)
    imported = len(starts)
    bodies = code.entries if code is not None else ()
    if code is not None:
        places = entry_starts(code)
        starts.extend(places[:-1])
        ends.extend(places[1:])
    types = spaces.functions

    def cells(row: int) -> tuple[str, ...]:
        size = ends[row] - starts[row]
        try:
            signature = str(spaces.func_type(types[row])) if row < len(types) else "?"
        except MalformedError:
            signature = "?"
        where = "imported" if row < imported else f"{size:,}"
        return str(row), names.get(row, ""), signature, f"{starts[row]:06X}", where

    return ModuleTable(
        "Functions",
        ("Index", "Name", "Type", "Offset", "Size"),
        starts,
        ends,
        cells,
        lambda row: f"{row} {names.get(row, '').lower()}",
        code=lambda row: bodies[row - imported] if row >= imported else None,
        names=names,
        function_of=lambda row: row,
    )


def _exports(module: Module) -> ModuleTable:
    section = module.section(ExportSection)
    if section is None:
        return ModuleTable("Exports", damage="the module exports nothing")
    places, entries = entry_starts(section), section.entries

    def cells(row: int) -> tuple[str, ...]:
        export = entries[row]
        return export.name, export.kind, str(export.index), f"{places[row]:06X}"

    def words(row: int) -> str:
        return f"{entries[row].name} {entries[row].kind}".lower()

    return ModuleTable(
        "Exports", ("Name", "Kind", "Index", "Offset"), places[:-1], places[1:], cells, words
    )


def _imports(module: Module) -> ModuleTable:
    section = module.section(ImportSection)
    if section is None:
        return ModuleTable("Imports", damage="the module imports nothing")
    places, entries, spaces = entry_starts(section), section.entries, Spaces(module)

    def cells(row: int) -> tuple[str, ...]:
        each = entries[row]
        try:
            type = spaces.func_type(each.type) if isinstance(each.type, int) else each.type
            text = str(type)
        except MalformedError:
            text = "?"
        return each.module, each.name, each.kind, text, f"{places[row]:06X}"

    def words(row: int) -> str:
        return f"{entries[row].module} {entries[row].name} {entries[row].kind}".lower()

    columns = ("Module", "Name", "Kind", "Type", "Offset")
    return ModuleTable("Imports", columns, places[:-1], places[1:], cells, words)


def _data(module: Module) -> ModuleTable:
    section = module.section(DataSection)
    if section is None:
        return ModuleTable("Data", damage="the module has no data segments")
    places, entries, names = entry_starts(section), section.entries, read_names(module).data

    def cells(row: int) -> tuple[str, ...]:
        each = entries[row]
        return (
            str(row),
            names.get(row, ""),
            _address(each),
            f"{places[row]:06X}",
            f"{len(each.init):,}",
            _preview(each.init),
        )

    def words(row: int) -> str:
        each = entries[row]
        text = each.init[:4096].decode("latin-1")
        return f"{row} {names.get(row, '')} {_address(each)} {text}".lower()

    columns = ("Index", "Name", "Address", "Offset", "Size", "Begins with")
    return ModuleTable("Data", columns, places[:-1], places[1:], cells, words)


def _strings(module: Module) -> ModuleTable:
    starts, ends, addresses = array("Q"), array("Q"), array("q")
    for found in find_strings(module):
        starts.append(found.offset)
        ends.append(found.offset + found.size)
        addresses.append(-1 if found.address is None else found.address)
    section = module.section(DataSection)
    if section is None or not starts:
        return ModuleTable("Strings", damage="no data segment holds a text")
    source, moved = section.frame.source, section.frame.start - section.offset

    def text(row: int) -> str:
        return source.read(starts[row] + moved, ends[row] - starts[row]).decode()

    def cells(row: int) -> tuple[str, ...]:
        address = "passive" if addresses[row] < 0 else str(addresses[row])
        return address, f"{starts[row]:06X}", f"{ends[row] - starts[row]:,}", text(row)

    return ModuleTable(
        "Strings",
        ("Address", "Offset", "Size", "Text"),
        starts,
        ends,
        cells,
        lambda row: text(row).lower(),
    )


def _address(segment: Data) -> str:
    if segment.offset is None:
        return "passive"
    value = segment.offset.evaluate()
    memory = f" in memory {segment.memidx}" if segment.memidx else ""
    return f"{value}{memory}" if isinstance(value, int) else "computed"


def _preview(data: bytes) -> str:
    return "".join(chr(b) if 0x20 <= b < 0x7F else "." for b in data[:_PREVIEW])


def _custom(module: Module) -> ModuleTable:
    rows: list[tuple[str, str, int, int, int]] = []  # names, start, end, size
    for section in module.custom_sections():
        parts: list[Part | MalformedError] = []
        try:
            parts.extend(subsections(section))
        except MalformedError as error:
            parts.append(error)
        found = [
            (section.name, "malformed", part.offset, section.end, section.end - part.offset)
            if isinstance(part, MalformedError)
            else (section.name, *part, part.end - part.start)
            for part in parts
        ]
        rows += found or [(section.name, "", section.offset, section.end, section.size)]
    if not rows:
        return ModuleTable("Custom", damage="the module has no custom sections")

    def cells(row: int) -> tuple[str, ...]:
        section, part, start, _, size = rows[row]
        return section, part, f"{start:06X}", f"{size:,}"

    return ModuleTable(
        "Custom",
        ("Section", "Subsection", "Offset", "Size"),
        [row[2] for row in rows],
        [row[3] for row in rows],
        cells,
        lambda row: f"{rows[row][0]} {rows[row][1]}".lower(),
    )


def _no_uses(_: Module) -> ModuleTable:
    return ModuleTable(USES, damage="choose a row of another list, then Find uses (Shift+F12)")


_MAKERS: dict[str, Callable[[Module], ModuleTable]] = {
    "Functions": _functions,
    "Exports": _exports,
    "Imports": _imports,
    "Data": _data,
    "Strings": _strings,
    "Custom": _custom,
    USES: _no_uses,
}
