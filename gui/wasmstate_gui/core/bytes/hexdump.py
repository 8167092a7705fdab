"""The hex view's rows: which byte stands where, and what it looks like.

Lines are what is scrolled: rows of 16 bytes, and above each row in which a section starts a line
that names it. Everything is computed for the visible lines alone; the size of the file plays no
part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wasmstate.binary.source import BytesSource, Source
from wasmstate_gui.core.bytes.notes import Notes
from wasmstate_gui.core.document.byte_kinds import KINDS
from wasmstate_gui.core.document.edited_source import shown_bytes
from wasmstate_gui.core.document.layout_rows import LayoutRow

WIDTH = 16

# Grounds: the indices of the kinds of KINDS, then these.
NO_GROUND = len(KINDS)
CHANGED = NO_GROUND + 1
CURSOR = NO_GROUND + 2

# Inks.
NO_INK, INK, DIM_INK, BOLD_INK, CURSOR_INK, DERIVED_INK = range(6)

_NOTHING = np.empty(0, np.int64)


@dataclass(frozen=True)
class Lines:
    """The visible lines.

    Attributes:
        rows: index of the row of each line; -1 for a line that names a section.
        data: of each byte, zero where there is none; ``(lines, 16)``, as are the next three.
        inks: :data:`NO_INK` where there is no byte.
        grounds: index of the colour behind each byte.
        rails: index of the kind whose colour marks the start of the line, per line.
    """

    rows: NDArray[np.int64]
    data: NDArray[np.uint8]
    inks: NDArray[np.uint8]
    grounds: NDArray[np.uint8]
    rails: NDArray[np.uint8]


@dataclass(frozen=True)
class HexDump:
    """Bytes with their colours.

    Attributes:
        source: the file.
        rows: the sections.
        changed: offsets of changed bytes, ascending.
        damage: offsets of bytes at which something is wrong.
        derived: offsets of the checksums and counters that changed with them, ascending.
        typed: bytes that were typed and are not in ``source`` yet, by offset.
        notes: what stands at the right of the bytes.
    """

    source: Source = field(default_factory=lambda: BytesSource(b""))
    rows: Sequence[LayoutRow] = ()
    changed: NDArray[np.int64] = field(default_factory=lambda: _NOTHING)
    damage: tuple[int, ...] = ()
    derived: NDArray[np.int64] = field(default_factory=lambda: _NOTHING)
    typed: Mapping[int, int] = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes)

    @property
    def size(self) -> int:
        """Size of the file, in bytes."""
        return self.source.size

    def read(self, start: int, end: int) -> bytes:
        """The bytes of a range as they are shown; fewer where they cannot be read any more."""
        data = bytearray(shown_bytes(self.source, start, end - start))
        for offset, byte in self.typed.items():
            if start <= offset < start + len(data):
                data[offset - start] = byte
        return bytes(data)

    @property
    def row_count(self) -> int:
        """Rows of 16 bytes, the last one maybe shorter."""
        return -(-self.size // WIDTH)

    @property
    def line_count(self) -> int:
        """Rows, and the lines that name sections."""
        return self.row_count + len(self._named)

    @cached_property
    def _named(self) -> NDArray[np.int64]:
        """The rows in which sections start, ascending."""
        # np.unique would load numpy.ma, which takes longer than this file's first picture.
        return np.array(sorted({row.start // WIDTH for row in self.rows}), np.int64)

    @cached_property
    def _name_lines(self) -> NDArray[np.int64]:
        return self._named + np.arange(len(self._named))

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        return np.array([row.start for row in self.rows], np.int64)

    @cached_property
    def _kinds(self) -> NDArray[np.uint8]:
        return np.array([KINDS.index(row.kind) for row in self.rows], np.uint8)

    def line_of(self, offset: int) -> int:
        """The line on which a byte stands."""
        row = offset // WIDTH
        return row + int(np.searchsorted(self._named, row, "right"))

    def row_of(self, line: int) -> int | None:
        """The row that a line shows; ``None`` if it names a section or is past the end."""
        if line < 0 or line >= self.line_count:
            return None
        names = int(np.searchsorted(self._name_lines, line, "left"))
        if names < len(self._name_lines) and self._name_lines[names] == line:
            return None
        return line - names

    def names_at(self, line: int) -> list[LayoutRow]:
        """The sections that a line names, if it names any."""
        names = int(np.searchsorted(self._name_lines, line, "left"))
        if names >= len(self._name_lines) or self._name_lines[names] != line:
            return []
        row = int(self._named[names])
        return [each for each in self.rows if each.start // WIDTH == row]

    def lines(self, first: int, count: int, cursor: int | None = None) -> Lines:
        """What the lines from ``first`` on look like, the byte at ``cursor`` marked."""
        numbers = np.arange(first, min(first + count, self.line_count), dtype=np.int64)
        names = np.searchsorted(self._name_lines, numbers, "left")
        rows = numbers - names
        if len(self._name_lines):
            found = self._name_lines[np.minimum(names, len(self._name_lines) - 1)]
            rows[found == numbers] = -1
        offsets = rows[:, None] * WIDTH + np.arange(WIDTH)
        data = np.zeros(offsets.shape, np.uint8)
        shown = rows[rows >= 0]
        start = int(shown[0]) * WIDTH if len(shown) else 0
        stop = (int(shown[-1]) + 1) * WIDTH if len(shown) else 0
        piece = np.frombuffer(self.read(start, min(stop, self.size)), np.uint8)
        there = (rows[:, None] >= 0) & (offsets < start + len(piece))
        data[there] = piece
        inks = np.where(there, np.where(data == 0, DIM_INK, INK), NO_INK).astype(np.uint8)
        grounds = np.full(offsets.shape, NO_GROUND, np.uint8)
        if len(self._starts):
            section = np.maximum(np.searchsorted(self._starts, offsets, "right") - 1, 0)
            grounds[there] = self._kinds[section][there]
        rails = grounds[:, 0].copy()
        hit = there & _are_in(self.derived, offsets, start, stop)
        inks[hit] = DERIVED_INK
        hit = there & _are_in(self.changed, offsets, start, stop)
        inks[hit], grounds[hit] = BOLD_INK, CHANGED
        if cursor is not None:
            at = offsets == cursor
            inks[at & there], grounds[at & there] = CURSOR_INK, CURSOR
        return Lines(rows, data, inks, grounds, rails)


def _are_in(
    wanted: NDArray[np.int64], offsets: NDArray[np.int64], start: int, stop: int
) -> NDArray[np.bool_]:
    """Which of the offsets, all from ``start`` to ``stop``, are among the ascending ``wanted``."""
    low, high = np.searchsorted(wanted, [start, stop])
    if low == high:
        return np.zeros(offsets.shape, np.bool_)
    return np.isin(offsets, wanted[low:high])


def section_line(rows: Sequence[LayoutRow]) -> str:
    """How the hex view names the sections that start in one row."""
    if len(rows) == 1:
        row = rows[0]
        word = "" if row.kind in ("unknown", "header") else "section "
        unit = "byte" if row.size == 1 else "bytes"
        return f"{word}{row.name} \u2014 {row.size:,} {unit} at 0x{row.start:X}"
    return "  \u00b7  ".join(f"{row.name} {row.size:,} at 0x{row.start:X}" for row in rows)


def ascii_of(data: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The printable character of each byte, a full stop for the others."""
    printable = (data >= 0x20) & (data < 0x7F)
    shown: NDArray[np.uint8] = np.where(printable, data, ord(".")).astype(np.uint8)
    return shown
