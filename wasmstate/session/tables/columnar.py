"""Tables that are kept column by column: matrices, npz archives, Parquet and Arrow files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.session.tables.block import Block, Part, Row
from wasmstate.session.tables.row_maker import Cells, RowMaker

Column = NDArray[Any]
"""The cells of a column: numbers, or objects where one of them is no number."""

Batch = tuple[int, dict[int, Column]]
"""How many rows, and their columns by position."""

PART = 1 << 18
"""Bytes of a table that are read at a time."""


@dataclass(frozen=True, slots=True)
class ColumnTable:
    """A table of columns.

    Attributes:
        header: the names of the columns, an array's with an index; ``None`` if they have none.
        count: of the columns.
        place: of a row, without its number: ``rows.npy, row``.
        batches: gives the rows in parts, with those columns at least whose positions are wanted.
    """

    header: Sequence[str] | None
    count: int
    place: str
    batches: Callable[[Sequence[int]], Iterator[Batch]]

    def parts(self, make: RowMaker, row: Callable[[str, Cells], Row | None]) -> Iterator[Part]:
        """The rows, as arrays where all numbers are what the arguments take.

        Args:
            make: makes the arguments.
            row: makes those of one row, from its place and its cells; ``None`` if it is to be
                passed over.

        Raises:
            ArgumentError: as ``row``.
        """
        start = 0
        for size, columns in self.batches(make.places):
            place = _Numbered(self.place, start)
            arrays = make.columns(partial(_side_by_side, columns))
            if arrays:
                yield Block(arrays, place)
            else:
                lists = {at: column.tolist() for at, column in columns.items()}
                for i in range(size):
                    made = row(place(i), {at: values[i] for at, values in lists.items()})
                    if made is not None:
                        yield place(i), made
            start += size


@dataclass(frozen=True, slots=True)
class _Numbered:
    """Gives the places of rows that are counted from the start of a file."""

    place: str
    start: int

    def __call__(self, row: int) -> str:
        return f"{self.place} {self.start + row}"


def _side_by_side(columns: dict[int, Column], places: Sequence[int]) -> NDArray[Any] | None:
    """Numbers of some columns, row after row; ``None`` if no type has the digits of all."""
    found = [columns[at] for at in places]
    types = {column.dtype for column in found}
    if any(dtype.kind not in "biuf" for dtype in types):
        return None
    if len(types) > 1 and any(dtype.kind in "iu" and dtype.itemsize == 8 for dtype in types):
        return None
    return np.stack(found, axis=1)
