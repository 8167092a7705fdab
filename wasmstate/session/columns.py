"""Which column of a table is which number of a call.

A call takes numbers in the order of its parameters, an array as many as it has elements. Columns
are found by the names in the first line of a table, or named one by one: by what the first line
calls them, by number, or as a range of numbers (``1:9`` is 1 to 8, as a slice is).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

import numpy as np

from wasmstate.errors import ArgumentError, ColumnError
from wasmstate.escapes import listed
from wasmstate.session.feature_names import FeatureNames
from wasmstate.state.signature import Param

_RANGE = re.compile(r"(\d{1,9}):(\d{1,9})")
_MOST = 1 << 20  # columns that a range may stand for


def number_names(params: Sequence[Param], features: FeatureNames | None = None) -> list[str]:
    """What each number of a call is called: ``reward``, ``x[0]``, or as the features are."""
    names: list[str] = []
    for param in params:
        if features is not None and features.are_of(param):
            names.extend(features.names)
            continue
        if not param.is_array:
            names.append(param.name)
        for index in np.ndindex(*param.shape) if param.is_array else ():
            names.append(f"{param.name}[{','.join(map(str, index))}]")
    return names


def parse_columns(text: str) -> list[str]:
    """Columns from a line such as ``wind,"rain, mm",4:7``; ranges are written out.

    Raises:
        ArgumentError: the line cannot be read.
    """
    try:
        cells = next(csv.reader([text], strict=True, skipinitialspace=True), [])
    except csv.Error as error:
        raise ArgumentError(f"columns {text!r}: {error}") from error
    columns: list[str] = []
    for cell in map(str.strip, cells):
        if not cell:
            raise ArgumentError(f"columns {text!r}: a name is missing")
        found = _RANGE.fullmatch(cell)
        if found is None:
            columns.append(cell)
            continue
        start, stop = map(int, found.groups())
        if not start < stop <= start + _MOST:
            raise ArgumentError(f"columns {text!r}: {cell} is no range of columns")
        columns.extend(map(str, range(start, stop)))
    return columns


def order_of(
    header: Sequence[str] | None,
    count: int,
    params: Sequence[Param],
    columns: Sequence[str] | None,
    where: str,
    features: FeatureNames | None = None,
) -> list[int]:
    """Where in a line each number of a call stands.

    Args:
        header: the names in the first line, if there are any.
        count: of the columns in the first line.
        params: of the function.
        columns: what is to be taken, if that was said.
        where: the place of the first line, for errors.
        features: their names, if the model keeps them: then a header has these, or the numbers'
            names ``x[0]``.

    Raises:
        ColumnError: there is no such column, or there are not as many as a call takes.
    """
    try:
        names = number_names(params)
        if features is not None and header is not None and not set(names) <= set(header):
            names = number_names(params, features)
        return _order(header, count, names, columns)
    except _Unfit as error:
        raise ColumnError(f"{where}: {error}", tuple(header or ()), count) from error


class _Unfit(Exception):  # noqa: N818 (not one that leaves this file)
    """Why columns do not fit, as yet without the place."""


def _order(
    header: Sequence[str] | None, count: int, names: Sequence[str], columns: Sequence[str] | None
) -> list[int]:
    if columns is not None:
        if len(columns) != len(names):
            raise _Unfit(f"{_counted(len(columns))} named, {_needed(names)}")
        return [_place(column, header, count) for column in columns]
    if header is None:
        if count != len(names):
            raise _Unfit(f"{count} columns, {_needed(names)}")
        return list(range(count))
    missing = [name for name in names if name not in header]
    if missing:
        there = f"{_there_are(header)}: say which ones to take"
        raise _Unfit(f"there is no column {listed(missing)}; {there}")
    return [_place(name, header, count) for name in names]


def _place(column: str, header: Sequence[str] | None, count: int) -> int:
    if header is not None and column in header:
        if header.count(column) > 1:
            raise _Unfit(f"{header.count(column)} columns are called {column}")
        return header.index(column)
    if column.isascii() and column.isdigit() and len(column) < 10:
        if int(column) < count:
            return int(column)
        raise _Unfit(f"there is no column {column}; the last one is {count - 1}")
    there = "the columns have no names" if header is None else _there_are(header)
    raise _Unfit(f"there is no column {column}; {there}")


def _counted(count: int) -> str:
    return "1 column is" if count == 1 else f"{count} columns are"


def _needed(names: Sequence[str]) -> str:
    return f"there must be {len(names)}: {listed(names)}"


def _there_are(header: Sequence[str]) -> str:
    return f"there are {listed(header)}"
