"""What a session knows of the file, and the one way from values to the next generation in it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from wasmstate.binary.module import Module
from wasmstate.errors import (
    DurabilityUnknownError,
    MalformedError,
    NotCommittedError,
    StateCorruptError,
    StateError,
    WasmstateError,
)
from wasmstate.state.beside import is_state_file
from wasmstate.state.code_match import check_belongs
from wasmstate.state.digest import module_digest
from wasmstate.state.record import Record, successor
from wasmstate.state.state import State, record_of
from wasmstate.storage.commit import commit
from wasmstate.storage.replace import Durability

Snapshot = tuple[list[bytes], int]
"""S at some moment, as values: no thread that has it can reach the instance.

The contents of the regions of S, never changed, and how many calls of ``update()`` there were since
the session was opened or rolled back. A plain tuple, because one is made for each change.
"""


class _Stamp(NamedTuple):
    """What changes when somebody writes to a file, or puts another into its place."""

    device: int
    inode: int
    size: int
    mtime_ns: int


class Keeper:
    """Commits snapshots to one file, from any thread, one at a time.

    Args:
        path: of the file.
        read: reads the module with its state again, of a pair of files both.
        state: that it holds.
        durability, keep, allow_break_links: see :func:`wasmstate.commit`.

    Attributes:
        last: the state in the file as far as is known, and the ``updates`` of its snapshot; one
            tuple, so that who reads it without a lock gets two that belong together.
        before_commit: called in turn before each commit, with the count of updates that it will
            hold: what has to outlast a power cut before the file may.
        metadata: what each commit adds to the metadata of the state.
        commits, bytes_written: of this session: how many there were, and what they wrote to the
            file system. Where it shares unchanged blocks, the disk gets less.
    """

    def __init__(
        self,
        path: Path,
        read: Callable[[], Module],
        state: State,
        *,
        durability: Durability,
        keep: int | None,
        allow_break_links: bool,
    ) -> None:
        self.last = (state, 0)
        self.before_commit: list[Callable[[int], None]] = []
        self.metadata: dict[str, Any] = {}
        self.commits = self.bytes_written = 0
        self._path = path
        self._read = read
        self._durability = durability
        self._keep = keep
        self._allow_break_links = allow_break_links
        self._lock = threading.Lock()
        self._stamp = self._stamp_now()  # of the file as this session knows it

    def holds(self, snapshot: Snapshot) -> bool:
        """Whether this is what the file holds."""
        state, updates = self.last
        contents, now = snapshot
        return now == updates and contents == state.contents()

    def state(self, snapshot: Snapshot) -> State:
        """The snapshot as a state, made from the generation that is in the file."""
        state, updates = self.last
        if self.holds(snapshot):
            return state
        contents, now = snapshot
        return state.with_contents(contents, updates=now - updates)

    def commit(self, take: Callable[[], Snapshot | None]) -> bool:
        """Commit what ``take`` gives when it is this one's turn, unless the file holds it.

        Returns:
            Whether there was something to commit.

        Raises:
            CommitError, StateConflictError, StateError, SectionError, MalformedError: as
                :func:`wasmstate.commit`.
        """
        with self._lock:
            snapshot = take()
            if snapshot is None or self.holds(snapshot):
                return False
            try:
                for prepare in self.before_commit:
                    prepare(self.state(snapshot).update_count)
            finally:  # the change counts, recorded or not
                self._commit(snapshot)
            return True

    def _commit(self, snapshot: Snapshot) -> None:
        before, _ = self.last
        state = self.state(snapshot).with_metadata(self.metadata)
        self._check_code()
        try:
            committed = commit(
                self._path,
                state,
                expected_digest=before.digest,
                keep=self._keep,
                check_bounds=False,  # every call that changed S has been checked
                durability=self._durability,
                allow_break_links=self._allow_break_links,
            )
        except DurabilityUnknownError:
            # It is in place. The file is not asked: another writer may have come by since.
            record = successor(state.record, before.record, self._keep)
            self.last = (State(record, state.schema), snapshot[1])
            raise
        except (MalformedError, StateCorruptError) as error:
            raise NotCommittedError(
                f"{self._path}: not committed, the file was damaged since it was opened "
                f"({error}); S is still in this session"
            ) from error
        except WasmstateError:
            raise
        except BaseException:  # KeyboardInterrupt, or what a signal handler raised
            record = successor(state.record, before.record, self._keep)
            if self._is_in_file(record):
                self.last = (State(record, state.schema), snapshot[1])
            raise
        self.last = (committed, snapshot[1])
        self._stamp = self._stamp_now()
        self.commits += 1
        self.bytes_written += self.size

    @property
    def size(self) -> int:
        """The size of the file as it was last seen, in bytes: what a commit writes."""
        return 0 if self._stamp is None else self._stamp.size

    @property
    def age(self) -> float:
        """Seconds since the file was written, as it was last seen."""
        return 0.0 if self._stamp is None else max(0.0, time.time() - self._stamp.mtime_ns / 1e9)

    def _check_code(self) -> None:
        """Compare the code with that of S, if anybody else has written to the file.

        A commit copies the bytes before the state without reading them. Their digest takes a look
        at the whole file, so size, times and inode have to be others first.

        Raises:
            NotCommittedError: if the code is another one.
        """
        now = self._stamp_now()
        if now is None or now == self._stamp:
            return
        try:
            module = Module.open(self._path)
            ours = self.last[0].record.lineage.module_digest
            is_ours = is_state_file(module) or module_digest(module) == ours
        except (WasmstateError, OSError):
            return  # the commit finds out, with the lock
        if not is_ours and record_of(module).lineage.module_digest == ours:
            raise NotCommittedError(
                f"{self._path}: not committed, somebody else has changed the code of the file "
                "since it was opened; S is still in this session"
            )
        self._stamp = now

    def _stamp_now(self) -> _Stamp | None:
        try:
            info = os.stat(self._path)
        except OSError:
            return None
        return _Stamp(info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns)

    def _is_in_file(self, record: Record) -> bool:
        try:
            return record_of(Module.open(self._path)).encode() == record.encode()
        except (WasmstateError, OSError):
            return False

    def reread(self, forget: Callable[[], object]) -> State:
        """Take the state that is in the file now, whoever wrote it.

        Args:
            forget: drops what waits to be committed; called while nothing is.

        Raises:
            StateError: if the file carries no readable state, or another module's.
            MalformedError, OSError: if it cannot be read.
        """
        with self._lock:
            module = self._read()
            state = State.of(module)
            check_belongs(state, module)
            known, _ = self.last
            if state.record.lineage.module_digest != known.record.lineage.module_digest:
                raise StateError(f"{self._path}: the file is another module by now; open it again")
            forget()
            self.last = (state, 0)
            return state

    def after_fork(self) -> None:
        """In a child process: whoever held the lock is not here."""
        self._lock = threading.Lock()
