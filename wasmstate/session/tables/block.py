"""Rows of a table: one by one, or many of them as arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Row = list[Any]
"""The arguments of one call: a number, or a list of them for an array."""

PlacedRow = tuple[str, Row]
"""A row and its place: ``clicks.csv, line 3``."""


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that follow one another.

    Attributes:
        columns: an array for each parameter, behind a first dimension of rows.
        place: gives the place of a row, from 0.
    """

    columns: Sequence[NDArray[Any]]
    place: Callable[[int], str]

    @classmethod
    def of(cls, rows: Sequence[PlacedRow]) -> Block:
        """Rows as arrays, without a digit lost."""
        places, values = zip(*rows, strict=True)
        return cls([_column(each) for each in zip(*values, strict=True)], places.__getitem__)

    def __len__(self) -> int:
        return len(self.columns[0])

    def __getitem__(self, rows: slice) -> Block:
        start, stop, _ = rows.indices(len(self))
        columns = [column[start:stop] for column in self.columns]
        return Block(columns, lambda row: self.place(start + row))

    def rows(self) -> Iterator[PlacedRow]:
        """The rows one by one."""
        rows = zip(*(column.tolist() for column in self.columns), strict=True)
        for i, row in enumerate(rows):
            yield self.place(i), list(row)

    @staticmethod
    def each_row(parts: Iterable[Block | PlacedRow]) -> Iterator[PlacedRow]:
        """The rows of blocks, and those that came alone."""
        for part in parts:
            if isinstance(part, Block):
                yield from part.rows()
            else:
                yield part


Part = Block | PlacedRow


def _column(values: tuple[Any, ...]) -> NDArray[Any]:
    array = np.array(values)
    is_mixed = array.dtype.kind == "f" and array.ndim == 1 and type(values[0]) is int
    return np.array(values, object) if is_mixed else array  # integers on both sides of 2**63
