"""Arguments from a table: a row for each call.

A table is CSV or a ``.npy`` matrix. A number takes a column, an array as many as it has elements.
The first line of a CSV file may name the columns: ``reward``, ``x[0]``; then their order does not
matter, and columns of other names are left out. Tables that name them otherwise, or have more, can
be read by saying which columns are meant (:mod:`wasmstate.session.columns`).

A line that has more or fewer cells than the first one is refused, never read in part: the most
common cause is a comma within a number, as the decimal sign or between thousands.
"""

from __future__ import annotations

import csv
import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from wasmstate.errors import ArgumentError, ColumnError
from wasmstate.session.columns import number_names, order_of
from wasmstate.session.names import Names
from wasmstate.session.numerals import parse_float, parse_integer
from wasmstate.session.table_text import PIECE, kind_of, lines_of
from wasmstate.state.signature import Param

Row = list[Any]
"""The arguments of one call: a number, or a list of them for an array."""

PlacedRow = tuple[str, Row]
"""A row and its place: ``clicks.csv, line 3``."""

_SEPARATORS = {";": "';'", "\t": "a tab", "|": "'|'", ",": "','"}


@dataclass(frozen=True, slots=True)
class TableFormat:
    """How a table is written.

    Attributes:
        columns: to be taken, a name or a number for each number of a call, in their order; by the
            names of the arguments if ``None``.
        separator: between two cells.
        encoding: of the text; UTF-8 if ``None``.
        skip_unlabelled: whether rows without a value for the last argument are passed over.
    """

    columns: Sequence[str] | None = None
    separator: str = ","
    encoding: str | None = None
    skip_unlabelled: bool = False


class Table:
    """The rows of a table.

    Args:
        name: of the file, for errors.
        params: of the function to be called.
        format: how the table is written.
        names: of the model's features and classes.

    Attributes:
        skipped: how many rows without a label were passed over.
    """

    def __init__(
        self,
        name: str,
        params: Sequence[Param],
        format: TableFormat | None = None,
        names: Names | None = None,
    ) -> None:
        self._name = name
        self._names = Names({}) if names is None else names
        self._params = params
        self._format = format or TableFormat()
        self.skipped = 0

    def parse_bytes(self, pieces: Iterable[bytes], *, is_live: bool = False) -> Iterator[PlacedRow]:
        """The rows of CSV.

        Args:
            pieces: of the file, none beyond a line feed.
            is_live: whether rows come when something happens: then none waits for the next one.

        Raises:
            ArgumentError: naming the file and the line that cannot be read; a ColumnError where the
                table has not the columns that are to be taken.
        """
        return self.parse(lines_of(pieces, self._name, self._format.encoding), is_live=is_live)

    def parse(self, lines: Iterable[str], *, is_live: bool = False) -> Iterator[PlacedRow]:
        """The rows of lines of text. Args and raises as :meth:`parse_bytes`."""
        records = self._records(lines)
        place, first = next(records, ("", []))
        if not first:
            return
        second = []
        if _may_be_names(first) and not is_live:
            second = list(islice(records, 1))
        header = self._header(place, first, second)
        make = self._maker(header, first, place)
        for where, given in chain([] if header else [(place, first)], second, records):
            cells = self._fitted(where, given, first)
            if self._format.skip_unlabelled and make.is_unlabelled(cells):
                self.skipped += 1
                continue
            yield where, make.row(cells, where)

    def _records(self, lines: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
        """The cells of each line that has some, and its place."""
        reader = csv.reader(lines, delimiter=self._format.separator, strict=True)
        start = 1
        try:
            for cells in reader:
                if cells:
                    yield f"{self._name}, line {start}", cells
                start = reader.line_num + 1
        except csv.Error as error:
            raise ArgumentError(f"{self._name}, line {start}: {error}") from error

    def _header(
        self, place: str, first: Sequence[str], second: Sequence[tuple[str, Sequence[str]]]
    ) -> list[str] | None:
        """The names in the first line; ``None`` if it holds values.

        Names that are no numbers are names. pandas calls the columns of an array 0, 1, 2: these
        are names if each cell below them is written with a decimal point.
        """
        names = [cell.strip() for cell in first]
        if not _may_be_names(first):
            labels = self._names.classes.labels if self._names.classes is not None else ()
            texts = {str(label) for label in labels}
            is_values = all(not cell or cell in texts or _is_number(cell) for cell in names)
            return None if is_values and any(map(_is_number, names)) else names
        if not names[0]:  # pandas' column of row numbers, which has no name
            return names
        shown = self._format.separator.join(names[:8])
        below = second[0][1] if second else ()
        if below and not any(cell.strip().lstrip("+-").isdigit() for cell in below):
            self._warn(f"{place}: {shown} are taken for the names of the columns, not for values")
            return names
        if len(names) > 2:
            self._warn(f"{place}: {shown} are taken for values; if they are names, delete the line")
        return None

    @staticmethod
    def _warn(text: str) -> None:
        warnings.warn(text, UserWarning, stacklevel=2)

    def _maker(self, header: list[str] | None, first: Sequence[str], place: str) -> _RowMaker:
        count = len(first)
        if (
            header is None
            and not first[-1].strip()
            and count == len(number_names(self._params)) + 1
        ):
            count -= 1
        try:
            order = order_of(
                header, count, self._params, self._format.columns, place, self._names.features
            )
        except ColumnError as error:
            other = _other_separator(first, self._format.separator)
            if not other:
                raise self._helped(error) from None
            message = f"{error}; the cells seem to be separated by {_SEPARATORS[other]}"
            raise ColumnError(message, error.header, error.count).helped_by("separator") from error
        return _RowMaker(self._params, order, _OF_TEXT, self._names)

    def _helped(self, error: ColumnError) -> ColumnError:
        return error if self._format.columns is not None else error.helped_by("columns")

    def _fitted(self, where: str, cells: list[str], first: Sequence[str]) -> list[str]:
        """The cells of a line, as many as in the first one; an empty last one counts for none.

        Raises:
            ArgumentError: with both numbers of cells.
        """
        if len(cells) == len(first) or (len(cells) == len(first) + 1 and not cells[-1].strip()):
            return cells
        if len(cells) == len(first) - 1 and not first[-1].strip():
            return [*cells, ""]
        count = f"{len(cells)} cell{'s' * (len(cells) != 1)}"
        text = f"{where}: {count}, the first line has {len(first)}"
        if len(cells) > len(first) and self._format.separator == ",":
            text += ": a comma inside a number is read as a separator"
        raise ArgumentError(text)

    def read_matrix(self, file: BinaryIO) -> Iterator[PlacedRow]:
        """The rows of an npy file. Raises as :meth:`parse_bytes`."""
        try:
            start = file.read(8)
            file.seek(0)
            if not start.startswith(b"\x93NUMPY"):
                raise ArgumentError(
                    f"{self._name} is not an npy file: {kind_of(start) or 'another one begins so'}"
                )
            matrix: np.ndarray[Any, Any] = np.lib.format.read_array(file, allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise ArgumentError(f"{self._name} is not an npy file: {error}") from error
        if matrix.ndim == 1:
            matrix = matrix.reshape(-1, 1)
        if matrix.ndim != 2 or matrix.dtype.kind not in "biuf":
            shape = list(matrix.shape)
            raise ArgumentError(f"{self._name} holds {matrix.dtype}{shape}, not a matrix")
        columns = matrix.shape[1]
        try:
            order = order_of(None, columns, self._params, self._format.columns, self._name)
        except ColumnError as error:
            raise self._helped(error) from None
        make = _RowMaker(self._params, order, _OF_NUMBERS, self._names)
        for i, row in enumerate(matrix):
            where = f"{self._name}, row {i}"
            yield where, make.row(row.tolist(), where)


def read_table(
    path: Path,
    params: Sequence[Param],
    format: TableFormat | None = None,
    names: Names | None = None,
) -> Iterator[PlacedRow]:
    """The rows of a file that is CSV, or ends in ``.npy``. Args as of :class:`Table`.

    Raises:
        ArgumentError: as :meth:`Table.parse_bytes`.
        OSError: the file cannot be read.
    """
    table = Table(path.name, params, format, names)
    with path.open("rb") as file:
        if path.suffix == ".npy":
            yield from table.read_matrix(file)
        else:
            yield from table.parse_bytes(iter(lambda: file.readline(PIECE), b""))


def _is_number(cell: str) -> bool:
    try:
        parse_float(cell)
    except ArgumentError:
        return False
    return True


def _may_be_names(cells: Sequence[str]) -> bool:
    """Whether the cells are 0, 1, 2, maybe behind one that is empty."""
    names = [cell.strip() for cell in cells]
    numbers = names[1:] if not names[0] else names
    return len(names) > 1 and numbers == [str(i) for i in range(len(numbers))]


def _other_separator(cells: Sequence[str], separator: str) -> str:
    """What seems to stand between the cells of a line that was split at ``separator``."""
    text = separator.join(cells)
    counts = {each: text.count(each) for each in _SEPARATORS if each != separator}
    most = max(counts, key=counts.__getitem__)
    return most if counts[most] >= len(cells) else ""


class _RowMaker:
    """Makes arguments of the cells of a line.

    Args:
        params: of the function.
        order: where each number of a call stands in a line.
        readers: of integers and of floats.
        names: of the model's classes, whose labels are read as what they are.
    """

    def __init__(
        self,
        params: Sequence[Param],
        order: Sequence[int],
        readers: tuple[_Reader, _Reader],
        names: Names,
    ) -> None:
        places = iter(order)
        label = names.class_position(params)
        self._plan: list[tuple[Param, list[int], _Reader]] = []
        for i, param in enumerate(params):
            read = readers[param.dtype[0] not in "iu"]
            if names.classes is not None and i == label:
                read = names.classes.read
            self._plan.append((param, list(islice(places, math.prod(param.shape))), read))

    def is_unlabelled(self, cells: Sequence[str]) -> bool:
        """Whether the last argument has no value."""
        return bool(self._plan) and not any(cells[at].strip() for at in self._plan[-1][1])

    def row(self, cells: Sequence[Any], where: str) -> Row:
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

    def _wrong(
        self, cells: Sequence[Any], where: str, param: Param, error: ArgumentError
    ) -> ArgumentError:
        _, places, read = next(each for each in self._plan if each[0] is param)
        bad = next(i for i, at in enumerate(places) if not _can(read, cells[at]))
        index = f"[{','.join(map(str, np.unravel_index(bad, param.shape)))}]" * param.is_array
        wrong = ArgumentError(f"{where}: {param.name}{index} ({param.dtype}): {error}")
        is_label = param is self._plan[-1][0] and len(self._plan) > 1
        is_empty = isinstance(cells[places[bad]], str) and not cells[places[bad]].strip()
        return wrong.helped_by("skip_unlabelled") if is_label and is_empty else wrong


def _can(read: _Reader, cell: Any) -> bool:
    try:
        read(cell)
    except ArgumentError:
        return False
    return True


def _checked_integer(value: float) -> int:
    if not math.isfinite(value) or int(value) != value:
        raise ArgumentError(f"{value!r} is not an integer")
    return int(value)


_Reader = Callable[[Any], Any]
_OF_TEXT: tuple[_Reader, _Reader] = (parse_integer, parse_float)
_OF_NUMBERS: tuple[_Reader, _Reader] = (_checked_integer, float)
"""What makes an integer and a float of a cell."""
