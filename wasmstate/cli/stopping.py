"""Signals end a run between two calls, never in the middle of a commit.

SIGHUP comes when the terminal or the connection to it has gone.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

_SIGNALS = [
    signal.Signals[name]
    for name in ("SIGTERM", "SIGINT", "SIGHUP")
    if name in signal.Signals.__members__
]


class Stopped(Exception):  # noqa: N818 (like KeyboardInterrupt, it is not an error)
    """A signal came while there was nothing to do but to wait for input."""


class Stopping:
    """While this context lasts, a signal is noted; the second one has its usual effect.

    Attributes:
        signal: that came, else ``None``.
    """

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}
        self._is_waiting = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for each in _SIGNALS:
                if signal.getsignal(each) is not signal.SIG_IGN:  # as nohup does
                    self._before[each] = signal.signal(each, self._note)
        return self

    def __exit__(self, *error: object) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signal = signal.Signals(number)
        for each, handler in self._before.items():
            signal.signal(each, handler)
        if self._is_waiting:
            raise Stopped

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """A block that waits for input, and that a signal ends at once.

        Raises:
            Stopped: if a signal has come, or comes.
        """
        self._is_waiting = True
        try:
            if self.signal is not None:
                raise Stopped
            yield
        finally:
            self._is_waiting = False
