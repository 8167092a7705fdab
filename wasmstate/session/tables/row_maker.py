"""Arguments from the cells of a table: of one line, or of many lines as arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import ArgumentError
from wasmstate.session.names import Names
from wasmstate.session.numerals import parse_float, parse_integer
from wasmstate.session.tables.block import Row
from wasmstate.state.signature import Param

Reader = Callable[[Any], Any]
"""Makes a number of a cell. Raises ArgumentError."""

Pick = Callable[[list[int]], NDArray[Any] | None]
"""Gives the numbers in some columns of a table, of shape ``(rows, columns)``, if they are some."""

Cells = Sequence[Any] | Mapping[int, Any]
"""The cells of a line, by their positions."""

_EXACT = 2.0**63
"""Below it a float that is whole is the integer ``int()`` makes of it, and fits i64."""


def _number(value: Any) -> Any:
    if value is None:
        raise ArgumentError("the value is empty")
    if not isinstance(value, (int, float, Decimal)):
        raise ArgumentError(f"{value!r} is not a number")
    return value


def _integer(value: Any) -> int:
    number = _number(value)
    if not math.isfinite(number) or int(number) != number:
        raise ArgumentError(f"{value!r} is not an integer")
    return int(number)


def _float(value: Any) -> float:
    try:
        return float(_number(value))
    except OverflowError as error:
        raise ArgumentError(f"{value!r:.40} is too large for f64") from error


OF_TEXT: tuple[Reader, Reader] = (parse_integer, parse_float)
OF_VALUES: tuple[Reader, Reader] = (_integer, _float)
"""What makes an integer and a float of a cell."""


class RowMaker:
    """Makes arguments of cells.

    Args:
        params: of the function.
        order: where each number of a call stands in a line.
        readers: of integers and of floats.
        names: of the model's classes, whose labels are read as what they are.

    Attributes:
        places: of the cells that are taken, without those that repeat, in ascending order.
        integers: those of them that must be integers.
        last: the places of the last argument.
    """

    def __init__(
        self,
        params: Sequence[Param],
        order: Sequence[int],
        readers: tuple[Reader, Reader],
        names: Names,
    ) -> None:
        places = iter(order)
        label = names.class_position(params)
        self._plan: list[tuple[Param, list[int], Reader]] = []
        self._labels: dict[int, list[Any]] = {}
        for i, param in enumerate(params):
            read = readers[not _is_integer(param)]
            if names.classes is not None and i == label:
                read = names.classes.read
                self._labels[i] = names.classes.labels
            self._plan.append((param, list(islice(places, math.prod(param.shape))), read))
        self.places = sorted(set(order))
        self.integers = sorted(
            {at for param, places, _ in self._plan if _is_integer(param) for at in places}
        )
        self.last = self._plan[-1][1] if self._plan else []

    def is_unlabelled(self, cells: Cells) -> bool:
        """Whether the last argument has no value."""
        return bool(self.last) and all(_is_empty(cells[at]) for at in self.last)

    def row(self, cells: Cells, where: str) -> Row:
        """One line. Raises ArgumentError, naming the place."""
        row: Row = []
        for param, places, read in self._plan:
            try:
                numbers = [read(cells[at]) for at in places]
            except ArgumentError as error:
                raise self._wrong(cells, where, param, error) from error
            if not param.is_array:
                row.append(numbers[0])
            elif len(param.shape) == 1:
                row.append(numbers)
            else:
                row.append(np.array(numbers, object).reshape(param.shape).tolist())
        return row

    def columns(self, pick: Pick) -> list[NDArray[Any]] | None:
        """Many lines: the same numbers as :meth:`row` makes, line by line.

        Returns:
            An array for each parameter, f64 or i64; ``None`` where that is not certain: a number
            is no integer and must be, or does not fit i64, or a class has no integer as its label.
        """
        columns = []
        for i, (param, places, _) in enumerate(self._plan):
            numbers = pick(places)
            if numbers is None:
                return None
            if _is_integer(param):
                whole = _whole(numbers)
                if whole is None or not self._are_labels(i, whole):
                    return None
                numbers = whole
            else:
                numbers = numbers.astype(np.float64, copy=False)
            columns.append(numbers.reshape(len(numbers), *param.shape))
        return columns

    def _are_labels(self, index: int, numbers: NDArray[Any]) -> bool:
        labels = self._labels.get(index)
        if labels is None:
            return True
        return all(type(label) is int for label in labels) and bool(np.isin(numbers, labels).all())

    def _wrong(self, cells: Cells, where: str, param: Param, error: ArgumentError) -> ArgumentError:
        _, places, read = next(each for each in self._plan if each[0] is param)
        bad = next(i for i, at in enumerate(places) if not _can(read, cells[at]))
        index = f"[{','.join(map(str, np.unravel_index(bad, param.shape)))}]" * param.is_array
        wrong = ArgumentError(f"{where}: {param.name}{index} ({param.dtype}): {error}")
        is_label = param is self._plan[-1][0] and len(self._plan) > 1
        if is_label and _is_empty(cells[places[bad]]):
            return wrong.helped_by("skip_unlabelled")
        return wrong


def _is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _is_integer(param: Param) -> bool:
    return param.dtype[0] in "iu"


def _whole(numbers: NDArray[Any]) -> NDArray[np.int64] | None:
    """The numbers as i64; ``None`` if one does not fit or is not whole."""
    if numbers.dtype.kind == "f":
        # A NaN compares as false.
        is_whole = (np.abs(numbers) < _EXACT) & (numbers == np.floor(numbers))
    else:
        is_whole = numbers <= np.iinfo(np.int64).max
    return numbers.astype(np.int64) if is_whole.all() else None


def _can(read: Reader, cell: Any) -> bool:
    try:
        read(cell)
    except ArgumentError:
        return False
    return True
