"""Reading and writing of files beside the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

from wasmstate.errors import WasmstateError


class _Relay(QObject):
    done = Signal(object, object)
    progressed = Signal(object, float)


class Task:
    """Work that can be watched, and given up."""

    def __init__(self, relay: _Relay) -> None:
        self._relay = relay
        self._reported = 0.0
        self.is_cancelled = False

    def report(self, share: float) -> None:
        """Say how much is done, 0 to 1; told in steps that can be seen."""
        if share - self._reported >= _SEEN:
            self._reported = share
            self._relay.progressed.emit(self._relay, share)


_SEEN = 0.01


class _Job(QRunnable):
    def __init__(self, work: Callable[[], Any], relay: _Relay) -> None:
        super().__init__()
        self._work = work
        self._relay = relay

    def run(self) -> None:
        try:
            result: object = self._work()
        except (OSError, WasmstateError) as error:
            result = error
        self._relay.done.emit(self._relay, result)


class Jobs(QObject):
    """Does work in other threads, one piece after the other, and hands over what came of it.

    Results come by a signal to a method of this object, which lives in the GUI thread: a signal
    connected to a plain function or a lambda would run it in the other thread.
    """

    finished = Signal()
    """A piece of work is done, and what came of it was handed over, if it was still wanted."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setObjectName("jobs")  # the name of its threads
        self._pool.setMaxThreadCount(1)
        self._waiting: dict[_Relay, Callable[[Any], None]] = {}
        self._watching: dict[_Relay, Callable[[float], None]] = {}
        self._tasks: dict[_Relay, Task] = {}
        self._is_closed = False

    @property
    def is_busy(self) -> bool:
        """Whether results are outstanding."""
        return bool(self._waiting)

    def start(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """Do ``work`` in another thread, then call ``done`` here.

        Args:
            work: gives a value, or raises OSError or WasmstateError, which is then the value.
            done: takes the value.
        """
        # It has a parent: else the thread that drops the last reference would delete it.
        relay = _Relay(self)
        relay.done.connect(self._done)
        self._begin(relay, work, done)

    def start_task(
        self,
        work: Callable[[Task], Any],
        done: Callable[[Any], None],
        progressed: Callable[[float], None] | None = None,
    ) -> Task:
        """Start work that can be given up; returns the task that does so.

        Args:
            work: is given the task, to look at whether it is still wanted.
            done: takes the value, unless the task was given up by then.
            progressed: takes how much is done, 0 to 1.
        """
        relay = _Relay(self)
        task = self._tasks[relay] = Task(relay)
        relay.done.connect(self._done)
        relay.progressed.connect(self._progressed)
        if progressed is not None:
            self._watching[relay] = progressed
        self._begin(relay, lambda: work(task), done)
        return task

    def _begin(self, relay: _Relay, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        if self._is_closed:
            return
        self._waiting[relay] = done
        self._pool.start(_Job(work, relay))

    def close(self) -> None:
        """Wait for what is under way and drop its results; nothing is begun any more."""
        self._is_closed = True
        for task in self._tasks.values():
            task.is_cancelled = True
        self._waiting = {}
        self._pool.waitForDone()

    def _done(self, relay: _Relay, result: object) -> None:
        done = self._waiting.pop(relay, None)
        task = self._tasks.pop(relay, None)
        self._watching.pop(relay, None)
        relay.deleteLater()
        if done is None:
            return
        if task is None or not task.is_cancelled:
            done(result)
        self.finished.emit()

    def _progressed(self, relay: _Relay, share: float) -> None:
        if relay in self._watching and not self._tasks[relay].is_cancelled:
            self._watching[relay](share)
