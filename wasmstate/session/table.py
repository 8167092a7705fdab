"""Arguments from a table: a row for each call.

A table is CSV or a ``.npy`` matrix. A number takes a column, an array as many as it has elements.
The first line of a CSV file may name the columns: ``reward``, ``x[0]``; then their order does not
matter, and columns of other names are left out. Tables that name them otherwise, or have more, can
be read by saying which columns are meant (:mod:`wasmstate.session.columns`).
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
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
    numbers = _numbers(params)
    order: list[int] | None = None
    try:
        for cells in reader:
            where = f"{source}, line {reader.line_num}"
            if not cells:
                continue
            if order is None:
                header = _header(cells)
                order = order_of(header, len(cells), params, columns, where)
                if header is not None:
                    continue
            if len(cells) <= max(order, default=0):
                raise ArgumentError(f"{where}: {len(cells)} cells, there must be more")
            row = [
                _number(param, cells[at], where) for param, at in zip(numbers, order, strict=True)
            ]
            yield _grouped(row, params)
    except csv.Error as error:
        raise ArgumentError(f"{source}, line {reader.line_num}: {error}") from error
    except UnicodeDecodeError as error:
        raise ArgumentError(f"{source} is no text in UTF-8: {error.reason}") from error


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
    order = order_of(None, matrix.shape[1], params, columns, path.name)
    numbers = _numbers(params)
    for i, row in enumerate(matrix):
        where = f"{path.name}, row {i}"
        yield _grouped(
            [
                _number(param, row[at].item(), where)
                for param, at in zip(numbers, order, strict=True)
            ],
            params,
        )


def _numbers(params: Sequence[Param]) -> list[Param]:
    """The parameter that each number of a call belongs to."""
    return [param for param in params for _ in range(math.prod(param.shape))]


def _header(cells: Sequence[str]) -> list[str] | None:
    """The names in a line; ``None`` if it holds numbers."""
    return None if all(map(_is_number, cells)) else [cell.strip() for cell in cells]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _number(param: Param, cell: Any, where: str) -> float:
    wrong = f"{where}: {param.name} cannot be {cell!r} ({param.type})"
    try:
        number = _integer(cell) if param.dtype[0] in "iu" else float(cell)
    except (ValueError, OverflowError) as error:
        raise ArgumentError(wrong) from error
    if isinstance(cell, float) and number != cell and not math.isnan(cell):
        raise ArgumentError(wrong)
    return number


def _integer(cell: Any) -> int:
    """An integer, also if it is written ``1.0``, as some programs write all columns."""
    try:
        return int(cell)
    except ValueError:
        if float(cell).is_integer():
            return int(float(cell))
        raise


def _grouped(numbers: Sequence[float], params: Sequence[Param]) -> Row:
    row: Row = []
    at = 0
    for param in params:
        if param.is_array:
            stop = at + math.prod(param.shape)
            row.append(np.array(numbers[at:stop], object).reshape(param.shape).tolist())
            at = stop
        else:
            row.append(numbers[at])
            at += 1
    return row
