"""Where "go to" goes: an offset, a section, a cell of a tensor, a function."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from wasmstate_gui.core.module.entry_tables import ModuleTable
from wasmstate_gui.core.tensors.tensor_table import cell_name, cell_offset
from wasmstate_gui.core.window.picture import Picture

HINT = "0x1F0, a section, w[2,3], a function's name or 'func 12'"

_CELL = re.compile(r"(?P<name>.+?)\s*\[(?P<index>[-\d,\s]*)\]")
_FUNCTION = re.compile(r"(?:func(?:tion)?\s*)(?P<index>\d+)", re.IGNORECASE)
_SECTION = re.compile(r"(?:section\s*|#)(?P<index>\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where to go: a range of the file, and what it is."""

    start: int
    end: int
    label: str
    is_function: bool = False


def find_place(text: str, picture: Picture, functions: ModuleTable | None) -> Place | str:
    """What a text means; why it means nothing, if so.

    Args:
        text: as the user wrote it.
        picture: what is shown.
        functions: the functions, ``None`` as long as they have not been read.
    """
    text = text.strip()
    if not text:
        return HINT
    return (
        _offset(text, picture)
        or _cell(text, picture)
        or _section(text, picture)
        or _function(text, functions)
        or f"there is no section, tensor or function '{text}'"
    )


def _offset(text: str, picture: Picture) -> Place | str | None:
    if not text.lower().startswith("0x"):
        return None
    try:
        offset = int(text.replace("_", ""), 16)
    except ValueError:
        return f"'{text}' is no offset: write hex digits after 0x"
    size = picture.document.source.size
    if offset >= size:
        return f"0x{offset:X} is past the end: the file has {size:,} bytes (0x{size:X})"
    return Place(offset, offset + 1, f"offset 0x{offset:X}")


def _cell(text: str, picture: Picture) -> Place | str | None:
    match = _CELL.fullmatch(text)
    name = match["name"] if match else text
    row = next((t for t in picture.tensors if t.tensor.name == name), None)
    if row is None:
        return None
    shape = row.values.shape
    if match is None:
        return Place(row.offset, row.offset + row.values.nbytes, f"{name}, {row.type_text}")
    words = [word for word in match["index"].replace(" ", "").split(",") if word]
    try:
        index = tuple(int(word) for word in words)
        flat = int(np.ravel_multi_index(index, shape)) if shape else 0
    except ValueError:
        return f"{name} has the shape {list(shape)}: [{match['index']}] is not in it"
    start = cell_offset(row, flat)
    return Place(start, start + row.values.itemsize, f"{cell_name(row, flat)}, {row.tensor.dtype}")


def _section(text: str, picture: Picture) -> Place | str | None:
    match = _SECTION.fullmatch(text)
    rows = [row for row in picture.rows if row.kind not in ("unknown", "header")]
    digits = match["index"] if match else text
    if digits.isdecimal():
        if int(digits) >= len(rows):
            return f"there are {len(rows)} sections; a function is 'func {digits}'"
        row = rows[int(digits)]
        return Place(row.start, row.end, f"section {digits}, {row.name}")
    named = next((row for row in rows if row.name == text), None)
    return None if named is None else Place(named.start, named.end, f"section {named.name}")


def _function(text: str, functions: ModuleTable | None) -> Place | str | None:
    match = _FUNCTION.fullmatch(text)
    if functions is None:
        return "the functions are being read\u2026"
    if match is not None:
        row: int | None = int(match["index"])
        if row is None or row >= functions.count:
            return f"there is no function {match['index']}: there are {functions.count:,}"
    else:
        row = functions.row_named(text)
    if row is None:
        return None
    name = functions.names.get(row)
    label = f"function {row}{f', {name}' if name else ''}"
    return Place(*functions.span(row), label, is_function=True)
