"""Reading and writing of files beside the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

from wasmstate.errors import WasmstateError


class _Relay(QObject):
    done = Signal(object, object)


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

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._waiting: dict[_Relay, Callable[[Any], None]] = {}

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
        self._waiting[relay] = done
        self._pool.start(_Job(work, relay))

    def close(self) -> None:
        """Wait for what is under way and drop its results."""
        self._waiting = {}
        self._pool.waitForDone()

    def _done(self, relay: _Relay, result: object) -> None:
        done = self._waiting.pop(relay, None)
        relay.deleteLater()
        if done is not None:
            done(result)
