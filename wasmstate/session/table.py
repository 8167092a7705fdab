"""Arguments from a table: a row for each call.

A table is CSV or a ``.npy`` matrix. A number takes a column, an array as many as it has elements.
The first line of a CSV file may name the columns: ``reward``, ``x[0]``; then their order does not
matter, and columns of other names are left out. Tables that name them otherwise, or have more, can
be read by saying which columns are meant (:mod:`wasmstate.session.columns`).
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from wasmstate.errors import ArgumentError
from wasmstate.session.columns import order_of
from wasmstate.state.signature import Param

Row = list[Any]
"""The arguments of one call: a number, or a list of them for an array."""


def read_table(
    path: Path, params: Sequence[Param], columns: Sequence[str] | None = None
) -> Iterator[Row]:
    """The rows of a file.

    Args:
        path: ends in ``.npy``, or is CSV.
        params: of the function to be called.
        columns: which to take, a name or a number for each number of a call, in their order.

    Raises:
        ArgumentError: naming the file and the line that cannot be read; a ColumnError where the
            table has not the columns that are to be taken.
        OSError: the file cannot be read.
    """
    if path.suffix == ".npy":
        yield from _read_matrix(path, params, columns)
        return
    with path.open(encoding="utf-8-sig", newline="") as lines:
        yield from parse_table(lines, path.name, params, columns)


def parse_table(
    lines: Iterable[str],
    source: str,
    params: Sequence[Param],
    columns: Sequence[str] | None = None,
) -> Iterator[Row]:
    """The rows of CSV text. Args and raises as :func:`read_table`."""
    reader = csv.reader(lines)
    maker: _RowMaker | None = None
    try:
        for cells in reader:
            where = f"{source}, line {reader.line_num}"
            if not cells:
                continue
            if maker is None:
                header = _header(cells)
                maker = _RowMaker(params, order_of(header, len(cells), params, columns, where))
                if header is not None:
                    continue
            yield maker.row(cells, where)
    except csv.Error as error:
        raise ArgumentError(f"{source}, line {reader.line_num}: {error}") from error
    except UnicodeDecodeError as error:
        raise ArgumentError(
            f"{source}, after line {reader.line_num}: no text in UTF-8, byte "
            f"{error.object[error.start]:#x}: {error.reason}"
        ) from error


def _read_matrix(
    path: Path, params: Sequence[Param], columns: Sequence[str] | None
) -> Iterator[Row]:
    try:
        matrix = np.load(path, mmap_mode=None, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ArgumentError(f"{path.name} is no npy file: {error}") from error
    if matrix.ndim == 1:
        matrix = matrix.reshape(-1, 1)
    if matrix.ndim != 2 or matrix.dtype.kind not in "biuf":
        raise ArgumentError(f"{path.name} holds {matrix.dtype}{list(matrix.shape)}, not a matrix")
    maker = _RowMaker(params, order_of(None, matrix.shape[1], params, columns, path.name))
    for i, row in enumerate(matrix):
        yield maker.row(row.tolist(), f"{path.name}, row {i}")


def _header(cells: Sequence[str]) -> list[str] | None:
    """The names in a line; ``None`` if it holds numbers."""
    return None if all(map(_is_number, cells)) else [cell.strip() for cell in cells]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


class _RowMaker:
    """Makes arguments of the cells of a line.

    Args:
        params: of the function.
        order: where each number of a call stands in a line.
    """

    def __init__(self, params: Sequence[Param], order: Sequence[int]) -> None:
        places = iter(order)
        self._plan = [
            (param, list(islice(places, math.prod(param.shape))), _reader(param))
            for param in params
        ]
        self._width = max(order, default=-1) + 1

    def row(self, cells: Sequence[Any], where: str) -> Row:
        """One line. Raises ArgumentError, naming the place."""
        if len(cells) < self._width:
            raise ArgumentError(f"{where}: {len(cells)} cells, there must be more")
        row: Row = []
        for param, places, read in self._plan:
            try:
                numbers = [read(cells[at]) for at in places]
            except (ValueError, OverflowError) as error:
                cell = next(cells[at] for at in places if not _can(read, cells[at]))
                wrong = f"{where}: {param.name} cannot be {cell!r} ({param.type})"
                raise ArgumentError(wrong) from error
            if not param.is_array:
                row.append(numbers[0])
            elif len(param.shape) == 1:
                row.append(numbers)
            else:
                row.append(np.array(numbers, object).reshape(param.shape).tolist())
        return row


def _reader(param: Param) -> Callable[[Any], float]:
    return _integer if param.dtype[0] in "iu" else float


def _can(read: Callable[[Any], float], cell: Any) -> bool:
    try:
        read(cell)
    except (ValueError, OverflowError):
        return False
    return True


def _integer(cell: Any) -> int:
    """An integer, also if it is written ``1.0``, as some programs write all columns."""
    try:
        number = int(cell)
    except ValueError:
        cell = float(cell)  # of text; nan and inf are none
        number = int(cell)
    if not isinstance(cell, str) and number != cell:
        raise ValueError(cell)
    return number
