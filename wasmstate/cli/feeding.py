"""Calls of one function, row after row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from wasmstate.cli.stopping import Stopped, Stopping
from wasmstate.cli.watching import Watching
from wasmstate.errors import ArgumentError, CallError, StateBoundsError, WasmstateError
from wasmstate.session.policy import Policy
from wasmstate.session.session import Session
from wasmstate.session.table import Block, PlacedRow, Row
from wasmstate.state.compare.condition import DRIFT, Condition, step_size

_CHUNK = 4096


class Feeder:
    """Calls one function of a session for rows, until there are no more.

    Args:
        session: to be called.
        call: makes the call for the values of a row.
        stop: what may end it early.
        until: what ends it when it is true of S after a call.
        watching: for drift, if the function is ``update``.
        show: is given what each call gives.
        progress: is called now and then.
        skip: is given the error of each row whose values the function does not take, which is
            then passed over; such a row ends the run if it is ``None``.

    Attributes:
        calls: that have been made.
        where: the place of the row that a condition on S came true at.
    """

    def __init__(
        self,
        session: Session,
        stop: Stopping,
        *,
        call: Callable[..., Any],
        until: Condition | None,
        watching: Watching | None,
        show: Callable[[Any], object],
        progress: Callable[[], object],
        skip: Callable[[ArgumentError], object] | None = None,
    ) -> None:
        self._session = session
        self._make_call = call
        self._stop = stop
        self._until = until
        self._watching = watching
        self._show = show
        self._progress = progress
        self._skip = skip
        self.calls = 0
        self.where = ""

    def feed(self, rows: Iterable[PlacedRow]) -> None:
        """Call it for each row. Raises as :meth:`Session.call`, naming the row."""
        before = self._session.state if self._until else None
        for where, row in rows:
            if self._stop.signal is not None:
                raise Stopped
            try:
                with _at(where):
                    value = self._call(where, row)
            except ArgumentError as error:
                if self._skip is None:
                    raise
                self._skip(error)
                continue
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
        value = self._make_call(*row)
        self.calls += 1
        if self._watching is not None:
            self._watching.learned(where)
        return value

    def _drift(self) -> dict[str, float]:
        """What a condition may know of drift."""
        watching = self._watching
        return {} if watching is None else {DRIFT: watching.drift is not None}

    def feed_many(self, parts: Iterable[Block | PlacedRow]) -> None:
        """The same by ``update_many``, many rows at a time."""
        for block in _blocks(parts):
            if self._stop.signal is not None:
                raise Stopped
            if self._skip is None:
                self._learn(block)
            else:
                self._learn_valid(block, self._skip)
            self._progress()

    def _learn(self, block: Block) -> None:
        before = self._session.state.update_count
        try:
            self._update_many(block)
        except (CallError, StateBoundsError) as error:
            done = self._session.state.update_count - before
            self.calls += done
            reason = str(error).partition(": ")[2]
            raise type(error)(f"{block.place(done)}: {reason}") from error
        self.calls += len(block)

    def _learn_valid(self, block: Block, skip: Callable[[ArgumentError], object]) -> None:
        """Learn from the rows whose values it takes, found by halving: one refuses its block."""
        before = self.calls
        try:
            self._learn(block)
        except ArgumentError as error:
            rest = block[self.calls - before :]
            if len(rest) == 1:
                skip(error)
                return
            half = len(rest) // 2
            self._learn_valid(rest[:half], skip)
            self._learn_valid(rest[half:], skip)

    def _update_many(self, block: Block) -> None:
        """Learn from rows; those of a table count one by one, also before one that is refused."""
        try:
            self._session.update_many(*block.columns)
        except ArgumentError as error:
            if error.row:
                self._update_many(block[: error.row])
            raise type(error)(str(error).removesuffix("; no row was learned")) from error


def _blocks(parts: Iterable[Block | PlacedRow]) -> Iterator[Block]:
    """All rows in blocks; those before a line that cannot be read come first, then its error."""
    chunk: list[PlacedRow] = []
    source = iter(parts)
    while True:
        error, part = None, None
        try:
            part = next(source, None)
        except (WasmstateError, Stopped) as failure:
            error = failure
        if isinstance(part, tuple):
            chunk.append(part)
        if chunk and (not isinstance(part, tuple) or len(chunk) == _CHUNK):
            yield Block.of(chunk)
            chunk = []
        if error is not None:
            raise error
        if part is None:
            return
        if isinstance(part, Block):
            yield part


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
