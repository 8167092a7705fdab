"""The map strip: the whole file on one line, each section wide enough to be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wasmstate_gui.core.document.layout_rows import LayoutRow

MIN_WIDTH = 3
"""Pixels that the smallest section gets."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A section on the strip, from ``left`` on, ``width`` pixels wide."""

    row: LayoutRow
    left: float
    width: float


def strip_pieces(rows: Sequence[LayoutRow], width: int) -> list[Piece]:
    """Share out the width by size, with :data:`MIN_WIDTH` for each section at least."""
    if not rows or width <= 0:
        return []
    total = sum(row.end - row.start for row in rows) or 1
    least = min(float(MIN_WIDTH), width / len(rows))
    small = {i for i, row in enumerate(rows) if (row.end - row.start) * width / total < least}
    left_over = width - least * len(small)
    big = sum(row.end - row.start for i, row in enumerate(rows) if i not in small) or 1
    pieces, left = [], 0.0
    for i, row in enumerate(rows):
        wide = least if i in small else max(least, (row.end - row.start) * left_over / big)
        pieces.append(Piece(row, left, wide))
        left += wide
    scale = width / left
    return [Piece(p.row, p.left * scale, p.width * scale) for p in pieces]


def to_x(pieces: Sequence[Piece], offset: float) -> float:
    """Where on the strip a byte is."""
    for piece in pieces:
        if offset < piece.row.end:
            share = (offset - piece.row.start) / max(1, piece.row.end - piece.row.start)
            return piece.left + max(0.0, share) * piece.width
    return pieces[-1].left + pieces[-1].width if pieces else 0.0


def to_pixels(pieces: Sequence[Piece], offsets: NDArray[np.int64]) -> list[int]:
    """The pixels of the strip that have any of these bytes, whose offsets are ascending."""
    if not pieces:
        return []
    ends = [(piece.row.start, piece.row.end) for piece in pieces]
    places = [(piece.left, piece.left + piece.width) for piece in pieces]
    x = np.interp(offsets + 0.5, np.ravel(ends), np.ravel(places))
    found: list[int] = np.unique(np.rint(x).astype(np.int64)).tolist()
    return found


def to_offset(pieces: Sequence[Piece], x: float) -> int:
    """Which byte is at a place of the strip."""
    for piece in pieces:
        if x < piece.left + piece.width:
            share = max(0.0, (x - piece.left) / piece.width)
            return piece.row.start + int(share * (piece.row.end - piece.row.start))
    return max(0, pieces[-1].row.end - 1) if pieces else 0


def next_start(rows: Sequence[LayoutRow], offset: int, direction: int) -> int:
    """Where the section after (1) or before (-1) the one of a byte starts."""
    here = max((i for i, row in enumerate(rows) if row.start <= offset), default=0)
    return rows[min(max(here + direction, 0), len(rows) - 1)].start
