"""Tables on the command line: the options that say how one is written, and its rows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial, wraps
from io import BufferedReader
from pathlib import Path
from typing import Any, cast

import click

from wasmstate.cli.common import echo, plural
from wasmstate.cli.stopping import Stopping
from wasmstate.errors import ArgumentError
from wasmstate.session.columns import parse_columns
from wasmstate.session.names import Names
from wasmstate.session.table import Block, PlacedRow, Table, TableFormat
from wasmstate.session.table_text import check_encoding
from wasmstate.state.signature import Param

_PIECE = 1 << 18  # bytes of a table

_Part = Block | PlacedRow


class _Columns(click.ParamType[list[str]]):
    name = "columns"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[str]:
        try:
            return parse_columns(str(value))
        except ArgumentError as error:
            self.fail(str(error), param, ctx)


class _Separator(click.ParamType[str]):
    name = "separator"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        text = "\t" if value in ("tab", "\\t") else str(value)
        if len(text) != 1 or text in '"\r\n .' or text.isalnum():
            self.fail(f"{value!r}: give one character such as ';' or '|', or tab", param, ctx)
        return text


class _Encoding(click.ParamType[str]):
    name = "encoding"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        try:
            check_encoding(str(value))
        except ArgumentError as error:
            self.fail(str(error), param, ctx)
        return str(value)


def table_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options of a command that reads a table; it is called with a TableFormat as ``table``."""

    @click.option(
        "--columns",
        type=_Columns(),
        metavar="NAMES",
        help="The columns for the arguments, in their order: names, numbers from 0, ranges such "
        "as 1:9. If not given, those that are called as the arguments are.",
    )
    @click.option(
        "--separator",
        type=_Separator(),
        metavar="CHARACTER",
        help="Between two cells of a row: ';', '|', tab; a comma if not given, a tab in .tsv.",
    )
    @click.option(
        "--encoding",
        type=_Encoding(),
        metavar="NAME",
        help="Of the table's text: latin-1, cp1252, utf-16; UTF-8 if not given.",
    )
    @click.option(
        "--skip-unlabelled",
        is_flag=True,
        help="Pass over rows without a value for the last argument, and say how many.",
    )
    @click.option(
        "--skip-invalid",
        is_flag=True,
        help="Pass over rows that are not what the arguments take, and say how many.",
    )
    @wraps(command)
    def with_table(
        *,
        columns: Sequence[str] | None,
        separator: str | None,
        encoding: str | None,
        skip_unlabelled: bool,
        skip_invalid: bool,
        **others: Any,
    ) -> None:
        table = TableFormat(columns, separator, encoding, skip_unlabelled, skip_invalid)
        command(table=table, **others)

    return with_table


class Rows:
    """The rows of a file, or of standard input.

    Args:
        source: a table, ``-`` for CSV from standard input.
        params: of the function.
        stop: ends the waiting for input.
        format: how the table is written.
        names: of the model's features and classes.

    Attributes:
        size: of the whole in bytes; 0 if it is unknown.
        done: how many of them have been read.
    """

    def __init__(
        self,
        source: Path,
        params: Sequence[Param],
        stop: Stopping,
        format: TableFormat,
        names: Names,
    ) -> None:
        self._source = source
        self._stop = stop
        self._is_standard = str(source) == "-"
        self._name = "standard input" if self._is_standard else source.name
        self._new_table = partial(Table, self._name, params, format, names)
        self._table = self._new_table()
        self.size = 0 if self._is_standard else source.stat().st_size
        self.done = 0

    def __iter__(self) -> Iterator[PlacedRow]:
        """Each row, and where it stands."""
        return Block.each_row(self.parts())

    def parts(self) -> Iterator[_Part]:
        """The same, many at a time where the file allows it."""
        self.done = 0
        table = self._table = self._new_table()
        if self._is_standard:
            yield from table.parts(
                self._pieces(cast("BufferedReader", sys.stdin.buffer)), is_live=True
            )
        else:
            with self._stop.waiting():  # a named pipe opens when somebody writes to it
                file = self._source.open("rb")
            with file:
                if self._source.is_file():
                    yield from self._watched(file, table.file_parts(file, self._pieces))
                else:
                    yield from table.parts(self._pieces(file), is_live=True)

    def pass_over(self, error: ArgumentError) -> None:
        """Count a row as invalid."""
        self._table.pass_over(error)

    def tell_skipped(self) -> None:
        """Say how many rows were passed over."""
        table, name = self._table, self._name
        if table.skipped:
            echo(f"{name}: {plural(table.skipped, 'row')} without a label skipped", err=True)
        if table.invalid:
            invalid = plural(table.invalid, "invalid row")
            echo(f"{name}: {invalid} skipped, the first: {table.first_invalid}", err=True)

    def _pieces(self, file: BufferedReader) -> Iterator[bytes]:
        while True:
            with self._stop.waiting():
                piece = file.read1(_PIECE)  # what is there
            if not piece:
                return
            yield piece

    def _watched(self, file: BufferedReader, parts: Iterator[_Part]) -> Iterator[_Part]:
        for part in parts:
            self.done = min(file.tell(), self.size)
            yield part
