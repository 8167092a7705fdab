"""Commits in the background, for those who cannot wait for the disk at each change.

The thread gets values and never sees the instance. It takes the newest snapshot when it begins a
commit, so while one is under way all changes gather for the next: the session never waits, and a
disk that is slower than the changes gets as many commits as it can do. After each commit the thread
pauses for so long that all of them together take about a tenth of a processor's time. What a kill
can cost is therefore the changes that make a commit due, and those that are made while one is under
way and in the pause behind it.

The session that is asked to write at each change sets :attr:`Writer.latest`, which the interpreter
does as one step, and wakes the thread only if it rests. Nothing polls: the thread sleeps in a
condition variable, with a time limit only while a commit is due at a time.

It is a daemon: an interpreter that ends does not wait for a thread that waits for work. What it
has not written by then is written by :func:`_at_exit`. A child process that was forked has no such
thread, and what was changed before the fork is the parent's to commit.
"""

from __future__ import annotations

import atexit
import contextvars
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import ExitStack

from wasmstate.errors import WasmstateError
from wasmstate.session.after_fork import call_after_fork
from wasmstate.session.committer import Keeper, Snapshot

_PAUSE = 9  # times the processor's time that the commit took


class Writer:
    """A thread that commits for one session; it starts when it is first needed.

    Args:
        keeper: does it.
        wait: gives how many seconds to wait for further changes before a commit; ``None`` if a
            commit is due at once.

    Attributes:
        latest: what there is to commit.
        error: of the last commit, if it failed and nobody has been told yet.
        rests: whether :meth:`wake` is needed to have ``latest`` committed.
    """

    def __init__(self, keeper: Keeper, wait: Callable[[], float] | None = None) -> None:
        self.latest: Snapshot | None = None
        self.error: WasmstateError | None = None
        self.rests = True
        self._keeper = keeper
        self._wait = wait
        self._reset()
        _WRITERS.add(self)
        call_after_fork(Writer.after_fork, self)

    def _reset(self) -> None:
        self.rests = True
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._context = contextvars.copy_context()
        self._is_ended = False
        self._writes_at_end = False

    def wake(self) -> None:
        """Have ``latest`` committed: now, or in so many seconds."""
        with self._changed:
            self.rests = False
            self._context = contextvars.copy_context()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._run, name="wasmstate writer", daemon=True
                )
                self._thread.start()
            self._changed.notify_all()

    def end(self, *, write: bool) -> None:
        """Let the thread come to its end, and first write what there is or not; do not wait."""
        with self._changed:
            self._is_ended, self._writes_at_end = True, write
            self._changed.notify_all()

    def stop(self) -> None:
        """End the thread, and wait for the commit that is under way. It can be woken again."""
        self.end(write=False)
        if self._thread is not None:
            self._thread.join()
        self._reset()

    def finish(self) -> None:
        """Stop, and commit what there is. Raises as :meth:`Keeper.commit`."""
        self.stop()
        self._keeper.commit(lambda: self.latest)

    def forget(self) -> None:
        """Drop what there is to commit or to tell."""
        self.latest, self.error = None, None

    def tell(self) -> None:
        """Raise the error that nobody has been told, if there is one."""
        error, self.error = self.error, None
        if error is not None:
            raise error

    def after_fork(self) -> None:
        """In a child process: the thread is not here, and what it had to do is not this one's."""
        self._keeper.after_fork()
        self.forget()
        self._reset()

    def _run(self) -> None:
        free = 0.0  # the end of the pause
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_ended or not self.rests)
                pause = max(0.0 if self._wait is None else self._wait(), free - time.monotonic())
                self._changed.wait_for(lambda: self._is_ended, pause)
                is_ended = self._is_ended
                context = self._context
                # Before the newest snapshot is looked at: a change that comes later wakes again.
                self.rests = True
            if not is_ended or self._writes_at_end:
                started = time.thread_time()
                context.run(self._commit)
                free = time.monotonic() + _PAUSE * (time.thread_time() - started)
            if is_ended:
                return

    def _commit(self) -> None:
        try:
            self._keeper.commit(lambda: self.latest)
        except WasmstateError as error:
            self.error = error
            if self._wait is not None:
                self.rests = False  # due again when the time is over


_WRITERS: weakref.WeakSet[Writer] = weakref.WeakSet()


def _at_exit() -> None:
    with ExitStack() as every_one:  # also when one of them fails
        for writer in list(_WRITERS):
            every_one.callback(writer.finish)


atexit.register(_at_exit)
