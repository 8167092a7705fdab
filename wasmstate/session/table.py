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
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from io import BufferedReader
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from numpy.typing import NDArray

from wasmstate.errors import ArgumentError, ColumnError
from wasmstate.session.columns import number_names, order_of
from wasmstate.session.names import Names
from wasmstate.session.numerals import parse_float
from wasmstate.session.table_text import Blocks, TextLines
from wasmstate.session.tables.block import Block, Part, PlacedRow, Row
from wasmstate.session.tables.certain_cells import CertainCells
from wasmstate.session.tables.columnar import ColumnTable
from wasmstate.session.tables.compressed import decompressed, name_inside, on_disk
from wasmstate.session.tables.json_lines import in_order, json_cells
from wasmstate.session.tables.row_maker import OF_TEXT, OF_VALUES, Cells, RowMaker
from wasmstate.state.signature import Param

__all__ = [
    "Block",
    "PlacedRow",
    "Row",
    "Table",
    "TableFormat",
    "read_table",
]

_BLOCK = 1 << 18
"""Bytes of a text that are read at a time."""

_COLUMNAR = {
    ".npy": ("npy", "npy_table"),
    ".npz": ("npy", "npz_table"),
    ".parquet": ("arrow", "parquet_table"),
    ".pq": ("arrow", "parquet_table"),
    ".arrow": ("arrow", "arrow_table"),
    ".feather": ("arrow", "arrow_table"),
}
"""The module and the function for a suffix; loaded when there is such a file."""

_JSON_LINES = (".jsonl", ".ndjson")
_TABBED = (".tsv", ".tab")

_SEPARATORS = {";": "';'", "\t": "a tab", "|": "'|'", ",": "','"}


@dataclass(frozen=True, slots=True)
class TableFormat:
    """How a table is written.

    Attributes:
        columns: to be taken, a name or a number for each number of a call, in their order; by the
            names of the arguments if ``None``.
        separator: between two cells of a text; a comma if ``None``, a tab in ``.tsv`` files.
        encoding: of the text; UTF-8 if ``None``.
        skip_unlabelled: whether rows without a value for the last argument are passed over.
        skip_invalid: whether rows with another number of cells, or with cells that are not what
            the arguments take, are passed over.
    """

    columns: Sequence[str] | None = None
    separator: str | None = None
    encoding: str | None = None
    skip_unlabelled: bool = False
    skip_invalid: bool = False


def read_pieces(file: BufferedReader) -> Iterator[bytes]:
    """The pieces of a file, as they come."""
    return iter(lambda: file.read1(_BLOCK), b"")


class Table:
    """The rows of a table.

    Args:
        name: of the file, for errors.
        params: of the function to be called.
        format: how the table is written.
        names: of the model's features and classes.

    Attributes:
        skipped: how many rows without a label were passed over.
        invalid: how many rows were passed over because they are invalid.
        first_invalid: why the first of them is.
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
        is_tabbed = Path(name_inside(name)).suffix.lower() in _TABBED
        self._separator = self._format.separator or ("\t" if is_tabbed else ",")
        self.skipped = 0
        self.invalid = 0
        self.first_invalid = ""

    def parse_bytes(self, pieces: Iterable[bytes], *, is_live: bool = False) -> Iterator[PlacedRow]:
        """The rows of CSV one by one. Args and raises as :meth:`parts`."""
        return Block.each_row(self.parts(pieces, is_live=is_live))

    def parts(self, pieces: Iterable[bytes], *, is_live: bool = False) -> Iterator[Part]:
        """The rows of CSV, many at a time where they are certainly what they seem to be.

        Args:
            pieces: of the file, of any size.
            is_live: whether rows come when something happens: then none waits for the next one.

        Raises:
            ArgumentError: naming the file and the line that cannot be read; a ColumnError where the
                table has not the columns that are to be taken.
        """
        blocks = Blocks(pieces)
        lines = TextLines(blocks.lines(), self._name, self._format.encoding)
        records = self._records(lines)
        place, first = next(records, ("", []))
        if not first:
            return
        second = []
        if _may_be_names(first) and not is_live:
            second = list(islice(records, 1))
        header = self._header(place, first, second)
        make = self._maker(header, first, place)
        yield from self._rows(chain([] if header else [(place, first)], second), make, first)
        certain = self._certain(make, len(first)) if lines.is_utf8 else None
        while True:
            while blocks.is_open and (record := next(records, None)):
                yield from self._rows([record], make, first)
            block = blocks.take()
            if block is None:
                break
            found = certain.read(block) if certain is not None else None
            if found is None:
                blocks.open(block)
                continue
            first_line = lines.count + 1
            lines.skip(found.lines)
            self.skipped += found.lines - len(found.columns[0])
            if len(found.columns[0]):
                yield Block(found.columns, _Places(self._name, first_line, found.kept))
        yield from self._rows(records, make, first)

    def _certain(self, make: RowMaker, count: int) -> CertainCells | None:
        separator = self._separator
        if not separator.isascii() or not make.places:
            return None
        skip = self._format.skip_unlabelled
        return CertainCells(make, count, separator, skip_unlabelled=skip)

    def _rows(
        self, records: Iterable[tuple[str, list[str]]], make: RowMaker, first: Sequence[str]
    ) -> Iterator[PlacedRow]:
        for where, given in records:
            row = self._row(make, where, partial(self._fitted, where, given, first))
            if row is not None:
                yield where, row

    def _row(self, make: RowMaker, where: str, read: Callable[[], Cells]) -> Row | None:
        """A row of cells; ``None`` if it is to be passed over."""
        try:
            cells = read()
            if self._format.skip_unlabelled and make.is_unlabelled(cells):
                self.skipped += 1
                return None
            return make.row(cells, where)
        except ArgumentError as error:
            if not self._format.skip_invalid:
                raise
            self.pass_over(error)
            return None

    def pass_over(self, error: ArgumentError) -> None:
        """Count a row as invalid."""
        self.first_invalid = self.first_invalid or str(error)
        self.invalid += 1

    def _records(self, lines: TextLines) -> Iterator[tuple[str, list[str]]]:
        """The cells of each line that has some, and its place."""
        reader = csv.reader(lines, delimiter=self._separator, strict=True)
        start = 1
        try:
            for cells in reader:
                if cells:
                    yield f"{self._name}, line {start}", cells
                start = lines.count + 1
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
        shown = self._separator.join(names[:8])
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

    def _maker(self, header: list[str] | None, first: Sequence[str], place: str) -> RowMaker:
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
            other = _other_separator(first, self._separator)
            if not other:
                raise self._helped(error) from None
            message = f"{error}; the cells seem to be separated by {_SEPARATORS[other]}"
            raise ColumnError(message, error.header, error.count).helped_by("separator") from error
        return RowMaker(self._params, order, OF_TEXT, self._names)

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
        if len(cells) > len(first) and self._separator == ",":
            text += ": a comma inside a number is read as a separator"
        raise ArgumentError(text)

    def file_parts(
        self,
        file: BufferedReader,
        pieces: Callable[[BufferedReader], Iterable[bytes]] = read_pieces,
    ) -> Iterator[Part]:
        """The rows of a file, whose name and first bytes say how it is written.

        Args:
            file: that can be read from any place.
            pieces: reads a text.

        Raises:
            ArgumentError: as :meth:`parts`; the file is damaged, or takes a package that is not
                installed.
        """
        content = decompressed(file, self._name)
        suffix = Path(name_inside(self._name)).suffix.lower()
        if suffix in _COLUMNAR:
            module, function = _COLUMNAR[suffix]
            opened: Callable[[BinaryIO, str, ExitStack], ColumnTable] = getattr(
                import_module(f"wasmstate.session.tables.{module}"), function
            )
            with ExitStack() as files:
                seekable = file if content is file else on_disk(content, files)
                table = opened(seekable, self._name, files)
                make = self._value_maker(table.header, table.count, self._name)
                row = partial(self._row, make)
                yield from table.parts(make, lambda where, cells: row(where, lambda: cells))
        elif suffix in _JSON_LINES:
            yield from self._json_parts(pieces(content))
        else:
            yield from self.parts(pieces(content))

    def _json_parts(self, pieces: Iterable[bytes]) -> Iterator[PlacedRow]:
        lines = TextLines(Blocks(pieces).lines(), self._name, self._format.encoding)
        make: RowMaker | None = None
        header: list[str] | None = None
        count = 0

        def cells(where: str, line: str) -> list[Any]:
            return in_order(where, json_cells(where, line), header, count)

        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            where = f"{self._name}, line {number}"
            if make is None:
                first = json_cells(where, line)
                header, count = list(first) if isinstance(first, dict) else None, len(first)
                make = self._value_maker(header, count, where)
            row = self._row(make, where, partial(cells, where, line))
            if row is not None:
                yield where, row

    def _value_maker(self, header: Sequence[str] | None, count: int, place: str) -> RowMaker:
        features, columns = self._names.features, self._format.columns
        try:
            order = order_of(header, count, self._params, columns, place, features)
        except ColumnError as error:
            raise self._helped(error) from None
        return RowMaker(self._params, order, OF_VALUES, self._names)


@dataclass(frozen=True, slots=True)
class _Places:
    """Gives the places of the rows of a block.

    Attributes:
        name: of the file.
        first: line of the block.
        kept: the lines of the block that are rows; ``None`` if it is each.
    """

    name: str
    first: int
    kept: NDArray[Any] | None

    def __call__(self, row: int) -> str:
        line = row if self.kept is None else int(self.kept[row])
        return f"{self.name}, line {self.first + line}"


def read_table(
    path: Path,
    params: Sequence[Param],
    format: TableFormat | None = None,
    names: Names | None = None,
) -> Iterator[PlacedRow]:
    """The rows of a file. Args as of :class:`Table`.

    Raises:
        ArgumentError: as :meth:`Table.file_parts`.
        OSError: the file cannot be read.
    """
    table = Table(path.name, params, format, names)
    with path.open("rb") as file:
        yield from Block.each_row(table.file_parts(file))


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
