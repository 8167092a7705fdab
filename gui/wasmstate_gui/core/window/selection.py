"""One selection for tree, map, bytes and cells: a range of the file, and what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wasmstate.binary.source import Source
from wasmstate_gui.core.document.edited_source import shown_bytes
from wasmstate_gui.core.document.layout_rows import LayoutRow, flat, row_at
from wasmstate_gui.core.tensors.tensor_table import TensorRow, cell_at, cell_hint


@dataclass(frozen=True, slots=True)
class Selection:
    """What is selected.

    Attributes:
        start, end: the range of bytes.
        cursor: the byte that was pointed at, if one was.
        row: the row of the layout that holds it.
        cell: index of the tensor's element, if it is one.
        text: what the status bar says.
        is_range: whether somebody chose where it begins and ends.
    """

    start: int
    end: int
    cursor: int | None
    row: LayoutRow | None
    cell: int | None
    text: str
    is_range: bool = False


def at_byte(
    offset: int, source: Source, rows: Sequence[LayoutRow], tensors: Sequence[TensorRow]
) -> Selection:
    """A byte, and with it the element, the part or the section that it belongs to."""
    row = row_at(rows, offset)
    found = cell_at(tensors, offset)
    byte = f"0x{offset:X} \u00b7 byte {shown_bytes(source, offset, 1).hex().upper()}"
    if found is not None:
        tensor, cell = found
        start = tensor.offset + cell * tensor.values.itemsize
        text = f"{cell_hint(tensor, cell)} \u00b7 {byte}"
        return Selection(start, start + tensor.values.itemsize, offset, row, cell, text)
    text = byte if row is None else f"{row.name} \u00b7 {byte}"
    return Selection(offset, offset + 1, offset, row, None, text)


def of_range(
    anchor: int,
    cursor: int,
    rows: Sequence[LayoutRow],
    tensors: Sequence[TensorRow],
    what: str = "",
) -> Selection:
    """Bytes from one to another, both included; ``what`` names them if they have a name."""
    start, end = min(anchor, cursor), max(anchor, cursor) + 1
    found = cell_at(tensors, start)
    name = f"{what} \u00b7 " if what else ""
    unit = "byte" if end - start == 1 else "bytes"
    text = f"{name}{end - start:,} {unit} selected \u00b7 0x{start:X} to 0x{end - 1:X}"
    cell = found[1] if found else None
    return Selection(start, end, cursor, row_at(rows, cursor), cell, text, is_range=True)


def of_row(row: LayoutRow) -> Selection:
    """A row of the layout."""
    text = f"{row.name} \u00b7 0x{row.start:X} to 0x{row.end - 1:X} \u00b7 {row.sizes}"
    return Selection(row.start, row.end, None, row, None, text)


def first_selection(
    rows: Sequence[LayoutRow], tensors: Sequence[TensorRow] = ()
) -> Selection | None:
    """What is selected when a file is opened.

    The schema's first tensor; if there is none, the state section, what is damaged, or the start.
    """
    names = [tensor.tensor.name for tensor in tensors[:1]]
    chosen = [row for row in flat(rows) if row.tensor in names]
    states = [row for row in rows if row.kind == "state"]
    damaged = [row for row in rows if row.damaged]
    found = chosen or states or damaged or list(rows)
    return of_row(found[0]) if found else None


def again(
    old: Selection, source: Source, rows: Sequence[LayoutRow], tensors: Sequence[TensorRow]
) -> Selection | None:
    """The same selection in a file whose bytes have changed: parts of the state move with it."""
    row = _same_part(old.row, rows) if old.row is not None else None
    by = 0 if row is None or old.row is None else row.start - old.row.start
    if old.is_range and old.end + by <= source.size:
        return of_range(old.start + by, old.end - 1 + by, rows, tensors) if by else old
    if old.cursor is not None:
        return (
            at_byte(min(old.cursor + by, source.size - 1), source, rows, tensors)
            if source.size
            else None
        )
    return first_selection(rows, tensors) if row is None else of_row(row)


def _same_part(old: LayoutRow, rows: Sequence[LayoutRow]) -> LayoutRow | None:
    """The row where it was; a part of the state also where the state is now."""
    same = [row for row in flat(rows) if (row.name, row.kind) == (old.name, old.kind)]
    for row in same:
        if row.start == old.start or (row.kind == "state" and row.size == old.size):
            return row
    return None
