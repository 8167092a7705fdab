"""The clock that ends calls: it moves the engine's epoch on while calls are under way."""

from __future__ import annotations

import math
import os
import threading
import time
import weakref
from typing import Protocol

TICK = 0.01
"""Seconds from one epoch to the next: how exact a deadline is."""

IDLE = 1.0
"""Seconds without a call after which the thread rests."""

NO_DEADLINE = 1 << 62
"""Ticks that never pass."""

MOVING = -1
"""Instead of an epoch, while the engine goes from one to the next."""


class _Engine(Protocol):
    def increment_epoch(self) -> None: ...


class Clock:
    """Ticks for one engine, in a daemon thread that rests while nothing is called.

    Waking a thread for each call would cost more than a small model's call, so it goes on ticking
    for a while after the last one. Nor is a lock taken for each call: a call changes one list,
    which the interpreter does as one step, and the thread looks at the list once more after it has
    said that it rests. A call appends to :attr:`calls`, wakes the clock if it rests, and at its
    end sets :attr:`was_called` and pops from :attr:`calls`.

    Attributes:
        calls: something for each call that is under way.
        was_called: whether a call has ended since the thread last looked.
        rests: whether :meth:`wake` is needed.
        epoch: a number that is another one after each tick, :data:`MOVING` during it. A deadline
            that was set in this epoch need not be set again.
    """

    def __init__(self, engine: _Engine, idle: float = IDLE) -> None:
        self.epoch = self._count = 0
        self._engine = engine
        self._idle = idle
        self._last_call = 0.0
        self.calls: list[None] = []
        self._reset()
        _CLOCKS.add(self)

    def _reset(self) -> None:
        self.calls.clear()
        self.was_called = False
        self.rests = True
        self._needed = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def ticks(self, seconds: float | None) -> int:
        """How many ticks a deadline is away, rounded up."""
        if seconds is None or seconds / TICK >= NO_DEADLINE:
            return NO_DEADLINE
        return math.ceil(seconds / TICK) + 1

    def wake(self) -> None:
        """Begin to tick again."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
            self.rests = False
            self._needed.set()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            self._needed.wait()
            pause.wait(TICK)
            self._count += 1
            self.epoch = MOVING
            self._engine.increment_epoch()
            self.epoch = self._count
            if self._is_idle():
                with self._lock:
                    self._needed.clear()
                    self.rests = True
                    if self.calls:  # one that began before it could see that
                        self.rests = False
                        self._needed.set()

    def _is_idle(self) -> bool:
        if self.was_called or self.calls:
            self.was_called = False
            self._last_call = time.monotonic()
        return not self.calls and time.monotonic() - self._last_call >= self._idle


_CLOCKS: weakref.WeakSet[Clock] = weakref.WeakSet()


def _after_fork() -> None:
    # Threads stay behind, and so do the calls that they were in.
    for clock in list(_CLOCKS):
        clock._reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
