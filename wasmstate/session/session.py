"""A session: load S, call, notice that S1 has become S2, commit S2."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self

from numpy.typing import NDArray

from wasmstate.binary.module import Module
from wasmstate.binary.module_like import check_path
from wasmstate.errors import CallError, NotCommittedError, StateError, TrapError
from wasmstate.escapes import visible
from wasmstate.runtime.grants import Grants
from wasmstate.runtime.host_functions import Imports
from wasmstate.runtime.limits import Limits
from wasmstate.runtime.program import Program
from wasmstate.runtime.wasi import Wasi
from wasmstate.session.after_fork import call_after_fork
from wasmstate.session.array_rows import predict_rows, row_params, update_columns, update_rows
from wasmstate.session.commits import Commits
from wasmstate.session.committer import Keeper, Snapshot
from wasmstate.session.guarded_call import Live
from wasmstate.session.keyword_arguments import arguments_of, in_order
from wasmstate.session.late_commit import late_commit
from wasmstate.session.names import Names
from wasmstate.session.policy import Policy
from wasmstate.session.predict_warning import warn_of_change
from wasmstate.session.recording import Recorder
from wasmstate.session.rescue import write_copy
from wasmstate.session.trap_reason import explained
from wasmstate.state.beside import is_state_file
from wasmstate.state.change.bake import unbake
from wasmstate.state.change.personalize import DEVICE_KEY, device_id, with_own_numbers
from wasmstate.state.code_match import check_belongs
from wasmstate.state.older import check_keep
from wasmstate.state.signature import Param
from wasmstate.state.state import State
from wasmstate.storage.pair import finish_upgrade, open_pair
from wasmstate.storage.replace import Durability, check_durability

if TYPE_CHECKING:
    from wasmstate.session.why import Why
    from wasmstate.session.write_outside import WriteOutside


class Session:
    """A model that learns: a module, an instance of it, and the file that keeps its state.

    S is restored after the data segments, the start function and ``_initialize`` have written to
    memory. A call that does not return, or that leaves S outside its bounds, changes nothing: the
    instance is replaced by a new one that gets S as it was before the call, which is just what a
    restart of the device would do.

    Several threads may use it: their calls follow one another.

    Use it as a context manager; :meth:`open` makes one.
    """

    def __init__(
        self,
        path: Path,
        module: Module,
        program: Program,
        state: State,
        *,
        read: Callable[[], Module] | None = None,
        persist: str = "every-change",
        durability: Durability = "full",
        keep: int | None = None,
        allow_break_links: bool = False,
        record: str | os.PathLike[str] | None = None,
        record_limit: int | None = None,
        device: str | int | None = None,
    ) -> None:
        check_durability(durability)
        if keep is not None:
            check_keep(keep)
        self._policy = Policy.parse(persist)
        self._path = path
        self._persist = persist
        self._tensors = state.tensors
        self._program = program
        self._module = module
        self._keeper = Keeper(
            path,
            read or partial(Module.open, path),
            state,
            durability=durability,
            keep=keep,
            allow_break_links=allow_break_links,
        )
        self._updates = 0
        self._device = None if device is None else device_id(device)
        self._live = Live(program, state)
        self._names = Names(state.metadata)
        self._closed = False
        self._is_copy = False  # of a session of the process that forked this one
        call_after_fork(Session._after_fork, self)
        # Of all that goes from S to S and into the file; again by the same thread, because a
        # handler of a signal may call or close while a call is under way.
        self._lock = threading.RLock()
        self._recorder: Recorder | None = None
        if record is not None:
            self._recorder = Recorder(Path(os.fsdecode(record)), state, record_limit)
        if self._recorder is not None and durability != "none":
            self._keeper.before_commit.append(self._recorder.before_commit)
        self._commits = Commits(self._keeper, self._policy)
        if self._commits.writer is not None:
            # Of a session that nobody has any more: the thread writes what there is, and ends.
            weakref.finalize(self, self._commits.writer.end, write=True).atexit = False
        self._personalize(state)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        state: str | os.PathLike[str] | None = None,
        persist: str = "every-change",
        limits: Limits | None = None,
        durability: Durability = "full",
        keep: int | None = None,
        allow_break_links: bool = False,
        record: str | os.PathLike[str] | None = None,
        record_limit: int | None = None,
        device: str | int | None = None,
        wasi: Wasi = "none",
        imports: Imports | None = None,
        allow: Collection[str] = (),
        single_thread: bool = False,
    ) -> Self:
        """Load a module with its state and make an instance of it.

        Args:
            path: of the module; a commit replaces this file.
            state: of a state file beside it, which a commit replaces instead: the module is only
                read, and what it carries of states does not count. :func:`wasmstate.split` makes
                the two.
            persist: when a changed S is committed: ``every-change``, before the call returns;
                ``every:100`` (changes) or ``every:0.5s`` (after the first change), by a thread in
                the background; ``budget:20MB/day``, so often that commits write no more;
                ``on-close``; ``manual``, by :meth:`flush` only. All but the last
                commit what is left when the session is closed.
            limits: of every call.
            durability: see :func:`wasmstate.commit`.
            keep: see :func:`wasmstate.commit`.
            allow_break_links: see :func:`wasmstate.commit`.
            record: a new file, to which everything that changes S is written: see docs/running.md.
            record_limit: in bytes; the record is then made of numbered segments, each of which
                begins with S, and the oldest leave: see :func:`wasmstate.open_log`.
            device: the id of this device, mixed into the random numbers of S unless S is its
                already, and kept with the next commit: see :func:`wasmstate.personalize`.
            wasi: ``stub`` grants a module that imports WASI an empty system, in which the clock
                stands still: see docs/running.md, "Imports".
            imports: functions that are granted, by the module and the name of the import:
                ``{"env": {"log": print}}``; a number for a global. They take and give numbers. What
                one raises ends the call: S is what it was, what the function has done stays.
            allow: imported functions, ``env.abort`` or all of ``env``, that end the call with a
                :class:`TrapError` when the module calls them.
            single_thread: whether a memory that is shared between threads is taken as one that is
                not: the module runs in one thread, and a wait for another one traps.

        Raises:
            MalformedError: the file is not a well-formed module.
            StateError: it carries no state, a damaged one, or another module's; ``state`` is tied
                to other code.
            SectionError: the code beside ``state`` is baked.
            NotCommittedError: ``record`` cannot be written, or is there already; ``record_limit``
                has no room for S.
            ArgumentError: ``device`` cannot be an id.
            ValueError: invalid ``persist``, ``durability``, ``keep`` or ``wasi``; both ``record``
                and ``imports``; ``record_limit`` without ``record``.
            TypeError: ``imports`` or ``allow`` is something else.
            CallError: it cannot be instantiated: see :class:`~wasmstate.errors.LinkError`.
            OSError: the file cannot be read.
        """
        check_path(path)
        if record_limit is not None and record is None:
            raise ValueError("record_limit is of a record: give record, too")
        if imports and record is not None:
            raise ValueError("a session with imports cannot be recorded: a replay has no host")
        # Absolute: the files stay the same ones if the process changes its folder.
        file = Path(os.path.abspath(path))
        read = partial(Module.open, file)
        if state is not None:
            check_path(state, "state")
            code, file = file, Path(os.path.abspath(state))
            finish_upgrade(code, file)
            read = partial(open_pair, code, file)
        grants = Grants.of(wasi, imports, allow, single_thread)
        module = read()
        if is_state_file(module):
            raise StateError("this is a state file, without code: open the code, and this as state")
        loaded = State.of(module)
        check_belongs(loaded, module)
        # As compiled, baked or not: to restore S is to overwrite what was baked.
        program = Program(unbake(module), limits, grants)
        return cls(
            file,
            module,
            program,
            loaded,
            read=read,
            persist=persist,
            durability=durability,
            keep=keep,
            allow_break_links=allow_break_links,
            record=record,
            record_limit=record_limit,
            device=device,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        was_told = isinstance(error, NotCommittedError) and self.is_dirty
        self.close()
        if was_told and not self.is_dirty and self._policy.at_close:
            raise late_commit(self._path, self.generation, error) from error

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse to be copied or pickled: two sessions would write one S.

        Raises:
            TypeError: always.
        """
        raise TypeError(
            f"a session cannot be copied or pickled; its file is the model: open {self._path} there"
        )

    def __repr__(self) -> str:
        what = "closed" if self._closed else f"generation {self.generation}"
        waiting = f", {self.uncommitted} uncommitted" if self.uncommitted else ""
        return f"<session on {visible(str(self._path))}: {what}{waiting}, {self._persist}>"

    @property
    def path(self) -> Path:
        """The absolute path of the file that a commit replaces."""
        return self._path

    @property
    def persist(self) -> str:
        """When a changed S is committed, as :meth:`open` was told."""
        return self._persist

    @property
    def state(self) -> State:
        """S as it is in the instance now, with the generation that it was made from."""
        return self._keeper.state(self._now())

    @property
    def contents(self) -> Sequence[bytes]:
        """The present bytes of S, without the rest of ``state``; equal to ``state.contents()``.

        They are the same object until a call changes S, and never change themselves.
        """
        with self._lock:
            return self._live.contents

    def value(self, name: str) -> NDArray[Any]:
        """One tensor of S as it is now: what ``state[name]`` gives, without the rest.

        Args:
            name: of the tensor.

        Returns:
            A read-only array of the tensor's shape and element type, ``()`` for a number; later
            calls do not show in it.

        Raises:
            SchemaError: if there is none of that name.
        """
        with self._lock:
            tensor = self._keeper.last[0].tensor(name)
            return tensor.read(self._live.contents[tensor.region])

    @property
    def generation(self) -> int:
        """The generation that is in the file, as far as this session knows."""
        return self._keeper.last[0].generation

    @property
    def is_dirty(self) -> bool:
        """Whether S differs from the one in the file."""
        return not self._keeper.holds(self._now())

    @property
    def uncommitted(self) -> int:
        """How many calls of ``update()`` are in S and not in the file, as far as is known."""
        return self._commits.uncommitted(self._now())

    @property
    def commits(self) -> int:
        """How many commits this session has made."""
        return self._keeper.commits

    @property
    def bytes_written(self) -> int:
        """What these commits wrote to the file system; the disk gets less if blocks are shared."""
        return self._keeper.bytes_written

    def params(self, name: str) -> tuple[Param, ...]:
        """What a caller has to give, by the schema's signature, else by the type (``p0``, ``p1``).

        Parameters that have a default are not among them; they may be given by name.

        Raises:
            CallError: if no such function is exported.
        """
        return self._live.params(name)

    @property
    def names(self) -> Names:
        """Names of the features and the classes, from the metadata."""
        return self._names

    def class_index(self, label: Any) -> int:
        """The index of a class: of a label that the metadata keep, else the number itself.

        Raises:
            ArgumentError: there is no class of that label.
        """
        classes = self._names.classes
        return int(label) if classes is None else classes.index("the class", label)

    @property
    def takes_rows(self) -> bool:
        """Whether the module goes through the rows of :meth:`update_many` itself."""
        signature = self._live.signature("update_many")
        return signature is not None and signature.rows > 0

    def predict(self, *args: Any, **named: Any) -> Any:
        """Call ``predict``: y = f(x; S).

        Where the metadata keep names of features, a dict, a Series or a frame of one row is matched
        by them; where they keep labels of classes, a class is given by its label (docs/models.md).

        Raises:
            CallError: as :meth:`call`.

        Warns:
            PredictChangedStateWarning: if S changed.
        """
        with self._lock:
            before = self._live.contents
            value = self._call("predict", args, named)
            after = self._live.contents
        warn_of_change(self._tensors, before, after)
        return value

    def predict_many(self, *arrays: Any, **named: Any) -> Any:
        """Call ``predict`` for each row of arrays.

        Args:
            arrays: as for :meth:`update_many`.
            named: likewise.

        Returns:
            An array with what it gives for each row; a tuple of them if it gives several numbers.

        Raises:
            CallError: as :meth:`call`, naming the row; S is what it was before all rows.

        Warns:
            PredictChangedStateWarning: if S changed.
        """
        with self._lock:
            self._check_open()
            before = self._live.contents
            if named:
                arrays = tuple(in_order("predict", self.params("predict"), arrays, named))
            if self._names.known:
                arrays = tuple(self._names.columns("predict", self.params("predict"), arrays))
            values = predict_rows(self._live, arrays)
            after = self._live.contents
            if after is not before:
                if self._recorder is not None:
                    self._recorder.state(after)
                self._changed()
        warn_of_change(self._tensors, before, after)
        return self._named(values)

    def update(self, *args: Any, **named: Any) -> Any:
        """Call ``update``, which turns S1 into S2. Arguments and errors as of :meth:`call`."""
        return self._call("update", args, named)

    def update_many(self, *arrays: Any, **named: Any) -> None:
        """Learn from the rows of arrays, one after the other, and commit once.

        If the module exports ``update_many`` for rows (docs/format.md, "Entry points") it goes
        through them itself, as many at a time as its buffers hold: many times as fast. S is then
        held against its bounds, and the call against its limits, once for as many. When that
        fails the rows are done again one by one, so either way the result is that of calling
        ``update`` for each row.

        Args:
            arrays: one for each parameter, of its shape behind a first dimension of rows:
                ``(rows, 6)`` for ``x: f64[6]``, ``(rows,)`` for a number. Neighbouring parameters
                that are numbers may come as the columns of one array. Where the metadata keep the
                names of features, a frame is matched by its columns.
            named: arrays by the names of the parameters: ``update_many(x=rows, y=targets)``.

        Raises:
            CallError, StateBoundsError: as :meth:`call`, naming the row (from 0). The rows before
                it have been learned, S is as they left it.
            ArgumentError: if the arrays are not what it takes, or a value breaks a bound of its
                argument: the error names the row, and no row was learned.
        """
        with self._lock:
            self._check_open()
            before, first = self._live.contents, self._updates
            in_background = self._policy.in_background
            if named or self._names.known:
                name, params = row_params(self._live)
                if named:
                    arrays = tuple(in_order(name, params, arrays, named))
                arrays = tuple(self._names.columns(name, params, arrays))
            if self._recorder is not None:
                arrays = tuple(update_columns(self._live, arrays))
            try:
                for done in update_rows(self._live, arrays):
                    self._updates += done
                    if in_background and self._recorder is None:
                        self._changed(done)
            finally:
                learned = self._updates - first
                try:
                    if self._recorder is not None:
                        self._recorder.rows(arrays, learned, self._live.contents)
                finally:  # the change counts, recorded or not; no commit comes before its entry
                    if in_background and self._recorder is not None and learned:
                        self._changed(learned)
                    elif not in_background and self._live.contents is not before:
                        self._changed()
        self._commits.tell()

    def call(self, name: str, /, *args: Any, **named: Any) -> Any:
        """Call any exported function.

        Args:
            name: of the export.
            args: a number for each number, integers signed or unsigned; for each array of its
                signature what ``numpy.asarray`` takes, of its shape.
            named: arguments by the names of the parameters: ``update(arm=3, reward=1.0)``.

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
        return self._call(name, args, named)

    def call_with(self, state: State, name: str, /, *args: Any, **named: Any) -> Any:
        """Call a function on another state of the same code; S and the file stay what they are.

        Args:
            state: takes the place of S in an instance of its own.
            name: of the export.
            args: as for :meth:`call`.
            named: as for :meth:`call`.

        Raises:
            StateError: the state belongs to other code.
            CallError, StateBoundsError: as :meth:`call`.
        """
        if state.record.lineage.module_digest != self.state.record.lineage.module_digest:
            raise StateError("the state belongs to another module than the one of this session")
        live = Live(self._program, state)
        given = arguments_of(live, self._names, name, args, named)
        value = live.run(live.entry(name), given)
        return self._named(value) if name == "predict" else value

    def why(self, cell: str, name: str, /, *args: Any, **named: Any) -> Why:
        """Do a call on a copy, and say what it writes to a cell of S, and from where.

        The code of the copy notes each write: the instruction, its operands, the functions that
        are on the stack and their arguments. S and the file stay what they are; functions that
        the session was opened with as ``imports`` are called.

        Args:
            cell: a cell, ``w[3]``, or a tensor.
            name: of the function.
            args: as for :meth:`call`.
            named: as for :meth:`call`.

        Raises:
            SchemaError: there is no such cell.
            CallError: the call cannot be begun; one that ends with an error says so in the answer.
        """
        with self._lock:
            self._check_open()
            given = arguments_of(self._live, self._names, name, args, named)
            from wasmstate.session.why import why  # noqa: PLC0415 (asked by people, not devices)

            return why(unbake(self._module), self._program, self.state, cell, name, given)

    def write_outside(self, name: str, /, *args: Any, **named: Any) -> WriteOutside:
        """Do a call on a copy, and say what it writes to memory outside of every tensor.

        The stack is left out. S and the file stay what they are, as in :meth:`why`.

        Args:
            name: of the function.
            args: as for :meth:`call`.
            named: as for :meth:`call`.

        Raises:
            SchemaError: S is all of memory, or the module has none.
            CallError: the call cannot be begun; one that ends with an error says so in the answer.
        """
        with self._lock:
            self._check_open()
            given = arguments_of(self._live, self._names, name, args, named)
            from wasmstate.session.write_outside import write_outside  # noqa: PLC0415

            return write_outside(unbake(self._module), self._program, self.state, name, given)

    def save_copy(self, path: str | os.PathLike[str]) -> None:
        """Write the module with S to a new file: S is safe when its own file is lost.

        The copy is the generation after the newest that this session knows, without older ones.
        The file of the session stays what it is, and so does the session.

        Args:
            path: of the copy; there must be no such file.

        Raises:
            NotCommittedError: if there is such a file, the file system refuses, or the module
                cannot be read any more.
            DurabilityUnknownError: as :func:`wasmstate.commit`.
        """
        with self._lock:
            self._check_copy()
            write_copy(Path(path), self._module, self._keeper.last[0].record, self.state)

    def flush(self) -> None:
        """Commit S if it differs from the one in the file.

        When it returns, S as it was at the call is in the file, whoever wrote it there. A commit
        in the background that failed is made good by this one, or its error raised.

        Raises:
            CommitError, StateConflictError, StateError, SectionError, MalformedError: as
                :func:`wasmstate.commit`; S stays in memory.
        """
        with self._lock:  # or an older S could come behind a newer one
            self._check_copy()
            self._commits.flush(self._now())
        self._commits.tell()

    def before_commit(self, prepare: Callable[[int], None]) -> None:
        """Have something done before each commit, in turn with what was asked for before.

        Args:
            prepare: called with the count of updates that the commit will hold, by the thread that
                commits. What it raises does not keep S from being committed, and is raised then.
        """
        self._keeper.before_commit.append(prepare)

    def annotate(self, metadata: Mapping[str, Any]) -> None:
        """Set keys of the metadata with each commit from now on; alone they are no change of S.

        Raises:
            SchemaError: a value is not JSON; by the commit if the schema gets larger than 1 MiB.
        """
        self.state.with_metadata(metadata)
        self._keeper.metadata = {**self._keeper.metadata, **metadata}

    def snapshot(self) -> Session:
        """A session on S as it is now, which does not follow this one and is never written."""
        return Session(self._path, self._module, self._program, self.state, persist="manual")

    def restore(self, state: State) -> None:
        """Make S what it is in another state, of this session or of its file; a change as any.

        Raises:
            CallError: if the session is closed.
            StateError: if the state belongs to other code.
            CommitError, StateConflictError: as :meth:`call`.
        """
        if state.record.lineage.module_digest != self.state.record.lineage.module_digest:
            raise StateError("the state belongs to another module than the one of this session")
        with self._lock:
            self._check_open()
            contents = state.contents()
            if contents == self._live.contents:
                return
            self._live.contents = contents
            self._live.restart()
            if self._recorder is not None:
                self._recorder.state(contents)
            self._changed()

    def rollback(self) -> None:
        """Go back to the state that is in the file now, whoever wrote it.

        Raises:
            CallError: if the session is closed.
            StateError: if the file carries no readable state, or another module's.
            MalformedError, OSError: if it cannot be read.
        """
        with self._lock:
            self._check_open()
            state = self._commits.reread()
            self._updates, self._tensors = 0, state.tensors
            self._live = Live(self._program, state)
            self._names = Names(state.metadata)
            if self._recorder is not None:
                self._recorder.state(self._live.contents)
            self._personalize(state)

    def close(self) -> None:
        """Commit what is left to commit, unless ``persist`` is ``"manual"``; end the instance."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._live.restart()
            try:
                self._commits.close(self.flush)
            finally:
                if self._recorder is not None:
                    self._recorder.close()

    def _call(self, name: str, args: Sequence[Any], named: Mapping[str, Any]) -> Any:
        with self._lock:
            if self._closed:
                self._check_open(name)
            live, writer = self._live, self._commits.writer
            before = live.contents
            if named or self._names.known or name in live.with_defaults:
                args = arguments_of(live, self._names, name, args, named)
            try:
                value = live.run(live.entries.get(name) or live.entry(name), args)
            except TrapError as error:
                said = explained(error, self._path, self.state, live.all_params(name), args)
                if said is error:  # its own cause would be lost
                    raise
                raise said from error
            if name == "update":
                self._updates += 1
            try:
                if self._recorder is not None and (name == "update" or live.contents is not before):
                    self._recorder.call(name, live.all_params(name), args, live.contents)
            finally:  # the change counts, recorded or not
                if live.contents is not before and self._commits.is_asked:
                    self._changed()
        if writer is not None and writer.error is not None and name != "predict":
            writer.tell()
        return self._named(value) if name == "predict" else value

    def _personalize(self, state: State) -> None:
        """Mix the id of the device into the random numbers of S, unless it is."""
        if self._device is None or state.metadata.get(DEVICE_KEY) == self._device:
            return
        self.annotate({DEVICE_KEY: self._device})
        self.restore(with_own_numbers(state, self._device))

    def _named(self, value: Any) -> Any:
        """What ``predict`` gave, as the metadata call it."""
        if self._names.classes is None:
            return value
        try:
            params: Sequence[Param] | None = self._live.params("update")
        except CallError:
            params = None  # a model that does not learn
        return self._names.result(value, params)

    def _changed(self, changes: int = 1) -> None:
        if self._commits.is_due((self._live.contents, self._updates), changes):
            self.flush()

    def _now(self) -> Snapshot:
        with self._lock:
            return self._live.contents, self._updates

    def _check_open(self, function: str = "") -> None:
        if self._is_copy and function == "predict":
            return
        self._check_copy()
        if self._closed:
            raise CallError("the session is closed")

    def _check_copy(self) -> None:
        if self._is_copy:
            raise CallError(
                "this session belongs to the process that opened it, and this one was forked from "
                "it: only predict() works here; open the file again"
            )

    def _after_fork(self) -> None:
        """In a child process: S, the file and the log are the parent's."""
        self._is_copy = self._closed = True
        self._lock = threading.RLock()  # whoever held it is not here
        if self._recorder is not None:
            self._recorder.leave()
            self._recorder = None
