"""Rows of arrays as the arguments of many calls.

A module that exports ``update_many`` goes through the rows itself, as many at a time as its buffers
hold. For any other, ``update`` is called row by row. Either way the arguments of all rows are
checked before the first is learned. A row whose call fails leaves S as it was, those before it are
kept, and the error names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import (
    ArgumentError,
    CallError,
    SchemaError,
    StateBoundsError,
    WasmstateError,
)
from wasmstate.escapes import listed
from wasmstate.runtime.values import whole_numbers
from wasmstate.session.feature_names import names_of, table_of
from wasmstate.session.guarded_call import Live
from wasmstate.state.bounds import parse_bound
from wasmstate.state.signature import Param
from wasmstate.state.tensor import DTYPES, Tensor, check_container, check_unmasked

Columns = Sequence[NDArray[Any]]
"""For each parameter its values, one a row."""


def update_rows(live: Live, arrays: Sequence[Any]) -> Iterator[int]:
    """Learn from rows; yields the number of further rows learned, part by part.

    Raises:
        ArgumentError: if the arrays are not what the function takes, or a value breaks a bound; no
            row was learned.
        CallError, StateBoundsError: naming the row that failed.
    """
    columns = update_columns(live, arrays)
    signature = live.signature("update_many")
    if signature is not None and signature.rows:
        _check_rows("update_many", signature.of_one_row(), columns)
        return _in_the_module(live, columns, signature.rows)
    _check_rows("update", live.params("update"), columns)
    return _row_by_row(live, columns)


def update_columns(live: Live, arrays: Sequence[Any]) -> Columns:
    """The rows that :func:`update_rows` learns from. Raises ArgumentError."""
    return columns_of(*row_params(live), arrays)


def row_params(live: Live) -> tuple[str, Sequence[Param]]:
    """The function that learns rows, and what one row of it consists of. Raises CallError."""
    signature = live.signature("update_many")
    if signature is not None and signature.rows:
        return "update_many", signature.of_one_row()
    return "update", live.params("update")


def predict_rows(live: Live, arrays: Sequence[Any]) -> Any:
    """Predict for rows.

    Returns:
        An array of what ``predict`` gives; a tuple of them if it gives several numbers, nothing if
        it gives none.

    Raises:
        ArgumentError, CallError, StateBoundsError: naming the row; S is what it was before.
    """
    columns = columns_of("predict", live.params("predict"), arrays)
    entry = live.entry("predict")
    results: list[Any] = []

    def every_row(_: Sequence[Any]) -> None:
        for args in _arguments(columns):
            results.append(entry(args))

    try:
        live.run(every_row)
    except (CallError, StateBoundsError) as error:
        live.restart()  # an earlier row may have changed S, though it must not
        raise _at_row(len(results), error) from error
    dtypes = [DTYPES[type_] for type_ in live.results("predict")]
    if len(dtypes) < 2:
        return np.array(results, dtypes[0]) if dtypes else None
    parts = zip(*results, strict=True) if results else [()] * len(dtypes)
    return tuple(np.array(part, dtype) for part, dtype in zip(parts, dtypes, strict=True))


def columns_of(name: str, params: Sequence[Param], arrays: Sequence[Any]) -> Columns:
    """The values of each parameter, checked and of its type.

    Args:
        name: of the function, for errors.
        params: that it takes for one row.
        arrays: an array for each parameter, of its shape behind a first dimension of rows; or one
            of shape ``(rows, n)`` for n parameters that are numbers, whose order does not matter if
            its columns are called as they are.

    Raises:
        ArgumentError: naming the array and what is wrong.
    """
    given = [_array(name, i, _by_name(name, i, params, each)) for i, each in enumerate(arrays)]
    left = list(params)
    columns: list[NDArray[Any]] = []
    for i, array in enumerate(given):
        rows = len(given[0])
        if len(array) != rows:
            raise ArgumentError(f"{name}: array {i} has {len(array)} rows, the first has {rows}")
        is_table = array.ndim == 2 and left and not left[0].is_array
        parts = list(array.T) if is_table else [array]
        if len(parts) > len(left):
            raise _wrong_number(name, params, given)
        for part in parts:
            columns.append(_column(name, left.pop(0), part))
    if left or not given:
        raise _wrong_number(name, params, given)
    return columns


def _by_name(name: str, index: int, params: Sequence[Param], table: Any) -> Any:
    """A table whose columns are called as parameters that are numbers, in the order of these."""
    given = names_of(table)
    numbers = [param.name for param in params if not param.is_array]
    if given is None or set(given).isdisjoint(numbers):
        return table
    what = f"{name}, array {index}"
    found = [each for each in numbers if each in given]
    others = [str(each) for each in given if each not in numbers]
    if others:
        raise ArgumentError(
            f"{what}: its columns {listed(found)} are called as arguments, {listed(others)} is "
            "not: call all so, or none"
        )
    first = numbers.index(found[0])
    if numbers[first : first + len(found)] != found or len(given) != len(found):
        raise ArgumentError(f"{what}: {listed(given)} are no neighbours among the arguments")
    return table_of(what, table, found)


def _array(name: str, index: int, value: Any) -> NDArray[Any]:
    try:
        check_unmasked(f"{name}: array {index}", value)
        array = np.asarray(value)
        if not array.ndim:
            check_container(f"{name}: array {index}", value)
    except SchemaError as error:
        raise ArgumentError(str(error)) from error
    except (ValueError, TypeError, OverflowError) as error:
        raise ArgumentError(f"{name}: array {index}: {error}") from error
    if not array.ndim:
        raise ArgumentError(f"{name}: array {index} has no rows: it is {value!r}")
    return array


def _wrong_number(name: str, params: Sequence[Param], given: Columns) -> ArgumentError:
    takes = ", ".join(f"{param.name}: {param.type}" for param in params)
    shapes = ", ".join(str(list(array.shape)) for array in given) or "none"
    return ArgumentError(f"{name} takes rows of ({takes}), the arrays have the shapes {shapes}")


def _column(name: str, param: Param, array: NDArray[Any]) -> NDArray[Any]:
    what = f"{name}, argument {param.name}"
    shape = (len(array), *param.shape)
    if param.dtype not in DTYPES:
        raise ArgumentError(f"{what} is of type {param.type}, which cannot be given from outside")
    if param.dtype.startswith(("i", "u")):
        array = whole_numbers(array)
    if not len(array) and array.shape == shape:  # of whatever type: an empty list has none
        return np.empty(shape, DTYPES[param.dtype])
    try:
        content = Tensor(what, param.dtype, shape, 0, 0).encode(array)
    except (SchemaError, StateBoundsError) as error:
        raise ArgumentError(str(error)) from error
    return np.frombuffer(content, DTYPES[param.dtype]).reshape(shape)


def _arguments(columns: Columns) -> Iterator[tuple[Any, ...]]:
    """The arguments row by row, as what is quickest to pack without a bit lost."""
    quick = (
        list(each) if each.dtype == DTYPES["f32"] or each.ndim > 2 else each.tolist()
        for each in columns
    )
    return zip(*quick, strict=True)


def _row_by_row(live: Live, columns: Columns, first: int = 0) -> Iterator[int]:
    for row, args in enumerate(_arguments(columns), first):
        try:
            live.run(live.entries.get("update") or live.entry("update"), args)
        except (CallError, StateBoundsError) as error:
            raise _at_row(row, error) from error
        yield 1


def _check_rows(name: str, params: Sequence[Param], columns: Columns) -> None:
    """Check the values of all rows before the first is learned: a batch counts whole or not at all.

    Raises:
        ArgumentError: with the row.
    """
    total = len(columns[0])
    good, reason = _first_bad_row(params, columns, total)
    if reason:
        error = ArgumentError(f"row {good}: {name}, argument {reason}; no row was learned")
        error.row = good
        raise error


def _in_the_module(live: Live, columns: Columns, capacity: int) -> Iterator[int]:
    total = len(columns[0])
    start = 0
    while start < total:
        stop = min(start + capacity, total)
        try:
            _run_rows(live, columns, start, stop)
        except (CallError, StateBoundsError) as error:
            if stop == start + 1:
                raise _at_row(start, error) from error
            # S is what it was before these rows. One at a time, to find the one that fails.
            capacity = 1
            continue
        yield stop - start
        start = stop


def _run_rows(live: Live, columns: Columns, start: int, stop: int) -> None:
    entry = live.rows_entry("update_many")
    live.run(entry, (stop - start, *(each[start:stop].tobytes() for each in columns)))


def _first_bad_row(params: Sequence[Param], columns: Columns, total: int) -> tuple[int, str]:
    """How many rows have no value that breaks a bound, and what is wrong with the next."""
    good, reason = total, ""
    for param, column in zip(params, columns, strict=True):
        for bound in param.bounds:
            check = parse_bound(bound)
            if bound != "psd" and (not good or check(column[:good]) is None):
                continue
            for row in range(good):
                wrong = check(column[row])
                if wrong is not None:
                    good, reason = row, f"{param.name}{wrong}"
                    break
    return good, reason


def _at_row(row: int, error: WasmstateError) -> WasmstateError:
    return type(error)(f"row {row}: {error}")
