"""Rows of arguments from a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from wasmstate.cli.assignments import parse_number
from wasmstate.errors import CallError


def read_rows(path: Path, params: Sequence[str]) -> list[list[int | float]]:
    """The rows of a CSV file as arguments.

    Args:
        path: of the file; a first line that names all parameters says in which columns they are.
        params: the names of the parameters, in order.

    Raises:
        CallError: naming the line that cannot be read.
        OSError: if the file cannot be read.
    """
    rows: list[list[int | float]] = []
    order: Sequence[int] = range(len(params))
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            for cells in reader:
                if not cells:
                    continue
                if reader.line_num == 1 and not _is_numeric(cells):
                    order = _columns(path, cells, params)
                    continue
                rows.append(_row(path, reader.line_num, cells, order))
    except (csv.Error, UnicodeDecodeError) as error:
        raise CallError(f"{path}: cannot be read as CSV: {error}") from error
    return rows


def _is_numeric(cells: list[str]) -> bool:
    try:
        [parse_number(cell.strip()) for cell in cells]
    except ValueError:
        return False
    return True


def _columns(path: Path, head: list[str], params: Sequence[str]) -> Sequence[int]:
    names = [name.strip() for name in head]
    missing = [param for param in params if param not in names]
    if not missing:
        return [names.index(param) for param in params]
    if len(names) == len(params) and len(missing) == len(params):
        return range(len(params))
    raise CallError(f"{path}, line 1: no column {', '.join(missing)}; there are {', '.join(names)}")


def _row(path: Path, line: int, cells: list[str], order: Sequence[int]) -> list[int | float]:
    if len(cells) <= max(order, default=-1) or (
        isinstance(order, range) and len(cells) != len(order)
    ):
        raise CallError(f"{path}, line {line}: {len(order)} numbers are needed, {len(cells)} given")
    try:
        return [parse_number(cells[i].strip()) for i in order]
    except ValueError as error:
        raise CallError(f"{path}, line {line}: {error}") from error
