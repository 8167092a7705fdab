"""Calls of one function, row after row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

import click
import numpy as np

from wasmstate.cli.stopping import Stopped, Stopping
from wasmstate.cli.watching import Watching
from wasmstate.errors import ArgumentError, CallError, StateBoundsError, WasmstateError
from wasmstate.session.columns import parse_columns
from wasmstate.session.policy import Policy
from wasmstate.session.session import Session
from wasmstate.session.table import Row, parse_table, read_table
from wasmstate.state.compare.condition import DRIFT, Condition, step_size
from wasmstate.state.signature import Param

_CHUNK = 4096
_LONGEST_LINE = 16 << 20


class _Columns(click.ParamType[list[str]]):
    name = "columns"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[str]:
        try:
            return parse_columns(str(value))
        except ArgumentError as error:
            self.fail(str(error), param, ctx)


columns_option = click.option(
    "--columns",
    type=_Columns(),
    metavar="NAMES",
    help="The columns for the arguments, in their order: names, numbers from 0, ranges such as "
    "1:9. If not given, those that are called as the arguments are.",
)


class _Lines:
    """Lines of text, counted as they are read; one that never ends is not waited for."""

    def __init__(self, file: IO[str], name: str, stop: Stopping) -> None:
        self._file = file
        self._name = name
        self._stop = stop
        self.count = self.size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        with self._stop.waiting():
            line = self._file.readline(_LONGEST_LINE)
        if not line:
            raise StopIteration
        self.count += 1
        if len(line) == _LONGEST_LINE:
            raise ArgumentError(
                f"{self._name}, line {self.count}: it has {_LONGEST_LINE:,} characters or more: "
                "this is no table"
            )
        self.size += len(line)
        return line


class Rows:
    """The rows of a file, or of standard input.

    Args:
        source: a CSV or ``.npy`` file, ``-`` for CSV from standard input.
        params: of the function.
        stop: ends the waiting for input.
        columns: which to take, if the table names them otherwise.

    Attributes:
        size: of the whole in bytes; 0 if it cannot be known.
    """

    def __init__(
        self,
        source: Path,
        params: Sequence[Param],
        stop: Stopping,
        columns: Sequence[str] | None = None,
    ) -> None:
        self._source = source
        self._params = params
        self._stop = stop
        self._columns = columns
        self._done = 0
        self.size = 0 if str(source) == "-" else source.stat().st_size

    def __iter__(self) -> Iterator[tuple[str, Row]]:
        """Each row, and where it stands."""
        if self._source.suffix == ".npy":
            for i, row in enumerate(read_table(self._source, self._params, self._columns)):
                self._done = i
                yield f"{self._source.name}, row {i}", row
            return
        is_pipe = str(self._source) == "-"
        name = "standard input" if is_pipe else self._source.name
        with click.open_file(str(self._source), encoding="utf-8-sig") as file:
            lines = _Lines(file, name, self._stop)
            for row in parse_table(lines, name, self._params, self._columns):
                self._done = lines.size
                yield f"{name}, line {lines.count}", row

    @property
    def done(self) -> int:
        """How much of ``size`` has been read."""
        return min(self._done, self.size)


class Feeder:
    """Calls one function of a session for rows, until there are no more.

    Args:
        session: to be called.
        function: its name.
        stop: what may end it early.
        until: what ends it when it is true of S after a call.
        watching: for drift, if the function is ``update``.
        show: is given what each call gives.
        progress: is called now and then.

    Attributes:
        calls: that have been made.
        where: the place of the row that a condition on S came true at.
    """

    def __init__(
        self,
        session: Session,
        function: str,
        stop: Stopping,
        *,
        until: Condition | None,
        watching: Watching | None,
        show: Callable[[Any], object],
        progress: Callable[[], object],
    ) -> None:
        self._session = session
        self._function = function
        self._stop = stop
        self._until = until
        self._watching = watching
        self._show = show
        self._progress = progress
        self.calls = 0
        self.where = ""
        self._held: Exception | None = None

    def feed(self, rows: Iterable[tuple[str, Row]]) -> None:
        """Call it for each row. Raises as :meth:`Session.call`, naming the row."""
        before = self._session.state if self._until else None
        for where, row in rows:
            if self._stop.signal is not None:
                raise Stopped
            with _at(where):
                value = self._call(where, row)
            self._show(value)
            self._progress()
            if self._until is not None and before is not None:
                after = self._session.state
                size = step_size(before, after)
                y = value if isinstance(value, (int, float)) else None
                if self._until.holds(after, dS=size, y=y, step=self.calls, **self._drift()):
                    self.where = where
                    return
                before = after

    def _call(self, where: str, row: Row) -> Any:
        if self._watching is not None:
            self._watching.predict(row)
        value = self._session.call(self._function, *row)
        self.calls += 1
        if self._watching is not None:
            self._watching.learned(where)
        return value

    def _drift(self) -> dict[str, float]:
        """What a condition may know of drift."""
        watching = self._watching
        return {} if watching is None else {DRIFT: watching.drift is not None}

    def feed_many(self, rows: Iterable[tuple[str, Row]]) -> None:
        """The same by ``update_many``, many rows at a time."""
        source = iter(rows)
        while chunk := self._take(source):
            places, values = zip(*chunk, strict=True)
            before = self._session.state.update_count
            try:
                self._session.update_many(*(np.array(each) for each in zip(*values, strict=True)))
            except (CallError, StateBoundsError) as error:
                done = self._session.state.update_count - before
                self.calls += done
                reason = str(error).partition(": ")[2]
                raise type(error)(f"{places[done]}: {reason}") from error
            self.calls += len(chunk)
            self._progress()

    def _take(self, source: Iterator[tuple[str, Row]]) -> list[tuple[str, Row]]:
        """The next rows; those before a line that cannot be read first, then its error."""
        if self._stop.signal is not None:
            raise Stopped
        if self._held is not None:
            raise self._held
        chunk: list[tuple[str, Row]] = []
        try:
            for each in islice(source, _CHUNK):
                chunk.append(each)
        except (WasmstateError, Stopped) as error:
            if not chunk:
                raise
            self._held = error
        return chunk


@contextmanager
def _at(where: str) -> Iterator[None]:
    """Errors of a call name the row that it was for."""
    try:
        yield
    except (CallError, StateBoundsError) as error:
        text = f"{where}: {error}" if where else str(error)
        raise type(error)(text).helped_by(*error.remedies) from error


def can_take_many(session: Session, function: str, policy: Policy) -> bool:
    """Whether ``update_many`` does the same: each change is not committed, and nothing is given."""
    return function == "update" and not policy.is_every_change and session.takes_rows
