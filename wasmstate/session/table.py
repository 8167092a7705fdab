"""Arguments from a table: a row for each call.

A table is CSV or a ``.npy`` matrix. A number takes a column, an array as many as it has elements.
The first line of a CSV file may name the columns: ``reward``, ``x[0]``; then their order does not
matter, and columns of other names are left out.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wasmstate.errors import ArgumentError
from wasmstate.state.signature import Param

Row = list[Any]
"""The arguments of one call: a number, or a list of them for an array."""


def read_table(path: Path, params: Sequence[Param]) -> Iterator[Row]:
    """The rows of a file.

    Args:
        path: ends in ``.npy``, or is CSV.
        params: of the function to be called.

    Raises:
        ArgumentError: naming the file and the line that cannot be read.
        OSError: the file cannot be read.
    """
    if path.suffix == ".npy":
        yield from _read_matrix(path, params)
        return
    with path.open(encoding="utf-8-sig", newline="") as lines:
        yield from parse_table(lines, path.name, params)


def parse_table(lines: Iterable[str], source: str, params: Sequence[Param]) -> Iterator[Row]:
    """The rows of CSV text. Args and raises as :func:`read_table`."""
    reader = csv.reader(lines)
    columns = [(param, i) for param in params for i in range(_width(param))]
    order: list[int] | None = None
    try:
        for cells in reader:
            where = f"{source}, line {reader.line_num}"
            if not cells:
                continue
            if order is None:
                order = _header(cells, params, where)
                if order is not None:
                    continue
                order = list(range(len(columns)))
                _check_width(len(cells), params, where)
            if len(cells) <= max(order, default=0):
                raise ArgumentError(f"{where}: {len(cells)} cells, there must be more")
            numbers = [
                _number(param, cells[at], where)
                for (param, _), at in zip(columns, order, strict=True)
            ]
            yield _grouped(numbers, params)
    except csv.Error as error:
        raise ArgumentError(f"{source}, line {reader.line_num}: {error}") from error
    except UnicodeDecodeError as error:
        raise ArgumentError(f"{source} is no text in UTF-8: {error.reason}") from error


def _read_matrix(path: Path, params: Sequence[Param]) -> Iterator[Row]:
    try:
        matrix = np.load(path, mmap_mode=None, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ArgumentError(f"{path.name} is no npy file: {error}") from error
    if matrix.ndim == 1:
        matrix = matrix.reshape(-1, 1)
    if matrix.ndim != 2 or matrix.dtype.kind not in "biuf":
        raise ArgumentError(f"{path.name} holds {matrix.dtype}{list(matrix.shape)}, not a matrix")
    _check_width(matrix.shape[1], params, path.name)
    for i, row in enumerate(matrix):
        where = f"{path.name}, row {i}"
        yield _grouped(
            [
                _number(param, row[at].item(), where)
                for at, param in enumerate(p for p in params for _ in range(_width(p)))
            ],
            params,
        )


def _width(param: Param) -> int:
    return math.prod(param.shape)


def _names(params: Sequence[Param]) -> list[str]:
    """The names of the columns."""
    names = []
    for param in params:
        if not param.is_array:
            names.append(param.name)
        for index in np.ndindex(*param.shape) if param.is_array else ():
            names.append(f"{param.name}[{','.join(map(str, index))}]")
    return names


def _header(cells: Sequence[str], params: Sequence[Param], where: str) -> list[int] | None:
    """Where each column stands by the names in the first line; ``None`` if it holds numbers."""
    if all(_is_number(cell) for cell in cells):
        return None
    stripped = [cell.strip() for cell in cells]
    names = _names(params)
    missing = [name for name in names if name not in stripped]
    if missing:
        shown = ", ".join(missing[:5])
        raise ArgumentError(f"{where}: there is no column {shown}; there are {', '.join(stripped)}")
    return [stripped.index(name) for name in names]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _check_width(width: int, params: Sequence[Param], where: str) -> None:
    names = _names(params)
    if width != len(names):
        raise ArgumentError(
            f"{where}: {width} columns, there must be {len(names)}: {', '.join(names[:8])}"
        )


def _number(param: Param, cell: Any, where: str) -> float:
    wrong = f"{where}: {param.name} cannot be {cell!r} ({param.type})"
    try:
        number = int(cell) if param.dtype[0] in "iu" else float(cell)
    except (ValueError, OverflowError) as error:
        raise ArgumentError(wrong) from error
    if isinstance(cell, float) and number != cell and not math.isnan(cell):
        raise ArgumentError(wrong)
    return number


def _grouped(numbers: Sequence[float], params: Sequence[Param]) -> Row:
    row: Row = []
    at = 0
    for param in params:
        if param.is_array:
            part = np.array(numbers[at : at + _width(param)], object).reshape(param.shape)
            row.append(part.tolist())
        else:
            row.append(numbers[at])
        at += _width(param)
    return row
