"""A session: load S, call, notice that S1 has become S2, commit S2."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, get_args

from wasmstate.binary.module import Module
from wasmstate.errors import CallError, DurabilityUnknownError, StateError
from wasmstate.runtime.limits import Limits
from wasmstate.runtime.program import Program
from wasmstate.session.belonging import check_belongs
from wasmstate.session.live import Live
from wasmstate.session.predicting import warn_of_change
from wasmstate.session.rows import predict_rows, update_rows
from wasmstate.state.baking import unbake
from wasmstate.state.prev import check_keep
from wasmstate.state.record import successor
from wasmstate.state.state import State
from wasmstate.storage.commit import commit
from wasmstate.storage.replace import Durability, check_durability

Persist = Literal["every-change", "on-close", "manual"]
"""When a changed S is committed: after each call that changed it, when the session is closed, or
only by :meth:`Session.flush`."""


class Session:
    """A model that learns: a module, an instance of it, and the file that keeps its state.

    S is restored after the data segments, the start function and ``_initialize`` have written to
    memory. A call that does not return, or that leaves S outside its bounds, changes nothing: the
    instance is replaced by a new one that gets S as it was before the call, which is just what a
    restart of the device would do.

    Use it as a context manager; :meth:`open` makes one.
    """

    def __init__(
        self,
        path: Path,
        program: Program,
        state: State,
        *,
        persist: Persist = "every-change",
        durability: Durability = "full",
        keep: int | None = None,
        allow_break_links: bool = False,
    ) -> None:
        check_durability(durability)
        check_keep(keep)
        if persist not in get_args(Persist):
            known = ", ".join(get_args(Persist))
            raise ValueError(f"persist must be one of {known}, not {persist!r}")
        self.path = path
        self.persist = persist
        self.durability = durability
        self.allow_break_links = allow_break_links
        self.keep = keep
        self._program = program
        self._committed, self._updates = state, 0
        self._live = Live(program, state)
        self._closed = False

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        persist: Persist = "every-change",
        limits: Limits | None = None,
        durability: Durability = "full",
        keep: int | None = None,
        allow_break_links: bool = False,
    ) -> Self:
        """Load a module with its state and make an instance of it.

        Args:
            path: of the module; a commit replaces this file.
            persist: when a changed S is committed.
            limits: of every call.
            durability: see :func:`wasmstate.commit`.
            keep: see :func:`wasmstate.commit`.
            allow_break_links: see :func:`wasmstate.commit`.

        Raises:
            MalformedError: the file is not a well-formed module.
            StateError: it carries no state, a damaged one, or another module's.
            ValueError: there is no such ``persist``, ``durability`` or ``keep``.
            CallError: it cannot be instantiated: see :class:`~wasmstate.errors.LinkError`.
            OSError: the file cannot be read.
        """
        module = Module.open(path)
        state = State.of(module)
        check_belongs(state, module)
        # As compiled, baked or not: to restore S is to overwrite what was baked.
        program = Program(unbake(module), limits)
        # Absolute: the file stays the same one if the process changes its folder.
        return cls(
            Path(os.path.abspath(path)),
            program,
            state,
            persist=persist,
            durability=durability,
            keep=keep,
            allow_break_links=allow_break_links,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def state(self) -> State:
        """S as it is in the instance now, with the generation that it was made from."""
        if not self.is_dirty:
            return self._committed
        return self._committed.with_contents(self._live.contents, updates=self._updates)

    @property
    def generation(self) -> int:
        """The generation that is in the file, as far as this session knows."""
        return self._committed.generation

    @property
    def is_dirty(self) -> bool:
        """Whether S differs from the one in the file."""
        return self._updates > 0 or self._live.contents != self._committed.contents()

    def parameters(self, name: str) -> list[str]:
        """The names of a function's parameters: the schema's, else ``p0``, ``p1``.

        Raises:
            CallError: if no such function is exported.
        """
        return [param.name for param in self._live.params(name)]

    def predict(self, *args: Any) -> Any:
        """Call ``predict``: y = f(x; S).

        Raises:
            CallError: as :meth:`call`.

        Warns:
            PredictChangedStateWarning: if S changed.
        """
        before = self._live.contents
        value = self._call("predict", args)
        warn_of_change(self._committed.tensors, before, self._live.contents)
        return value

    def predict_many(self, *arrays: Any) -> Any:
        """Call ``predict`` for each row of arrays.

        Args:
            arrays: as for :meth:`update_many`.

        Returns:
            An array with what it gives for each row; a tuple of them if it gives several numbers.

        Raises:
            CallError: as :meth:`call`, naming the row; S is what it was before all rows.

        Warns:
            PredictChangedStateWarning: if S changed.
        """
        self._check_open()
        before = self._live.contents
        values = predict_rows(self._live, arrays)
        self._commit_change(before)
        warn_of_change(self._committed.tensors, before, self._live.contents)
        return values

    def update(self, *args: Any) -> Any:
        """Call ``update``, which turns S1 into S2. Raises as :meth:`call`."""
        return self._call("update", args)

    def update_many(self, *arrays: Any) -> None:
        """Learn from the rows of arrays, one after the other, and commit once.

        If the module exports ``update_many`` for rows (docs/format.md, "Entry points") it goes
        through them itself, as many at a time as its buffers hold: many times as fast. S is then
        held against its bounds, and the call against its limits, once for as many. When that
        fails the rows are done again one by one, so either way the result is that of calling
        ``update`` for each row.

        Args:
            arrays: one for each parameter, of its shape behind a first dimension of rows:
                ``(rows, 6)`` for ``x: f64[6]``, ``(rows,)`` for a number. Neighbouring parameters
                that are numbers may come as the columns of one array.

        Raises:
            CallError, StateBoundsError: as :meth:`call`, naming the row (from 0). The rows before
                it have been learnt from, S is as they left it.
            ArgumentError: if the arrays are not what it takes; nothing has been done. If a row
                breaks a bound of an argument, the rows before it have been learnt from.
        """
        self._check_open()
        before = self._live.contents
        try:
            for done in update_rows(self._live, arrays):
                self._updates += done
        finally:
            self._commit_change(before)

    def call(self, name: str, *args: Any) -> Any:
        """Call any exported function.

        Args:
            name: of the export.
            args: a number for each number, integers signed or unsigned; for each array of its
                signature what ``numpy.asarray`` takes, of its shape.

        Returns:
            Nothing, a number, or a tuple of numbers.

        Raises:
            TrapError, DeadlineError, LimitError: the call did not return; S is what it was.
            StateBoundsError: it returned and left S outside its bounds; S is what it was.
            ArgumentError: it does not take these arguments, or their bounds forbid these values.
            CallError: there is no such function.
            CommitError, StateConflictError: it returned, S has changed, and with
                ``persist="every-change"`` the change could not be committed; it is kept in
                memory, and the next change or :meth:`flush` tries again.
        """
        return self._call(name, args)

    def flush(self) -> None:
        """Commit S if it differs from the one in the file. Raises as :func:`wasmstate.commit`."""
        if not self.is_dirty:
            return
        state = self.state
        try:
            self._committed = commit(
                self.path,
                state,
                expected_digest=self._committed.digest,
                keep=self.keep,
                check_bounds=False,  # every call that changed S has been checked
                durability=self.durability,
                allow_break_links=self.allow_break_links,
            )
        except DurabilityUnknownError:
            # It is in place. The file is not asked: another writer may have come by since.
            record = successor(state.record, self._committed.record, self.keep)
            self._committed = State(record, state.schema)
            self._updates = 0
            raise
        self._updates = 0

    def rollback(self) -> None:
        """Go back to the state that is in the file now, whoever wrote it.

        Raises:
            CallError: if the session is closed.
            StateError: if the file carries no readable state, or another module's.
            MalformedError, OSError: if it cannot be read.
        """
        self._check_open()
        module = Module.open(self.path)
        state = State.of(module)
        check_belongs(state, module)
        if state.record.lineage.module_digest != self._committed.record.lineage.module_digest:
            raise StateError(f"{self.path}: the file is another module by now; open it anew")
        self._committed, self._updates = state, 0
        self._live = Live(self._program, state)

    def close(self) -> None:
        """Commit what is left to commit, unless ``persist`` is ``"manual"``; end the instance."""
        if self._closed:
            return
        self._closed = True
        self._live.restart()
        if self.persist != "manual":
            self.flush()

    def _call(self, name: str, args: Sequence[Any]) -> Any:
        if self._closed:
            self._check_open()
        live = self._live
        before = live.contents
        value = live.run(live.entries.get(name) or live.entry(name), args)
        if name == "update":
            self._updates += 1
        if live.contents is not before:
            self._commit_change(before)
        return value

    def _commit_change(self, before: Sequence[bytes]) -> None:
        if self.persist == "every-change" and self._live.contents is not before:
            self.flush()

    def _check_open(self) -> None:
        if self._closed:
            raise CallError("the session is closed")
