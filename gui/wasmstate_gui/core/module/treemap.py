"""A treemap: what takes how much of a file, as rectangles.

The squarified layout: pieces are put side by side along the shorter edge of what is left, as long
as the narrowest of their rectangles becomes less narrow by it.

Source: Bruls, Huizing, van Wijk, "Squarified Treemaps", 2000.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of the file.

    Attributes:
        name: what it is called.
        kind: the colour class of its section.
        start: offset of its first byte.
        end: offset after its last byte; for a group of parts that are not in a row, equal to start.
        size: in bytes.
        children: its parts, the largest first.
    """

    name: str
    kind: str
    start: int
    end: int
    size: int
    children: tuple[Tile, ...] = ()


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle, in pixels."""

    x: float
    y: float
    width: float
    height: float

    def inner(self, edge: float, top: float) -> Area:
        """What is left of it inside an edge, below a heading."""
        return Area(
            self.x + edge,
            self.y + top,
            max(0.0, self.width - 2 * edge),
            max(0.0, self.height - top - edge),
        )


def squarified(sizes: Sequence[float], area: Area) -> list[Area]:
    """Share out an area by sizes, which are in descending order and more than 0."""
    found: list[Area] = []
    scale = area.width * area.height / sum(sizes) if sizes else 0
    shares = [size * scale for size in sizes]
    while shares and area.width > 0 and area.height > 0:
        edge = min(area.width, area.height)
        count = 1
        while count < len(shares) and _worst(shares[: count + 1], edge) <= _worst(
            shares[:count], edge
        ):
            count += 1
        row, shares = shares[:count], shares[count:]
        depth, at = sum(row) / edge, 0.0
        for share in row:
            if area.width >= area.height:
                found.append(Area(area.x, area.y + at, depth, share / depth))
            else:
                found.append(Area(area.x + at, area.y, share / depth, depth))
            at += share / depth
        if area.width >= area.height:
            area = Area(area.x + depth, area.y, area.width - depth, area.height)
        else:
            area = Area(area.x, area.y + depth, area.width, area.height - depth)
    return found + [Area(area.x, area.y, 0, 0)] * len(shares)


def _worst(row: Sequence[float], edge: float) -> float:
    """The ratio of the edges of the narrowest rectangle in a row."""
    whole = sum(row)
    return max(edge**2 * row[0] / whole**2, whole**2 / (edge**2 * row[-1]))
