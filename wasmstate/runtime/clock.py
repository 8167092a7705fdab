"""The clock that ends calls: it moves the engine's epoch on while calls are under way."""

from __future__ import annotations

import math
import threading
import time
from typing import Protocol

TICK = 0.01
"""Seconds from one epoch to the next: how exact a deadline is."""

IDLE = 1.0
"""Seconds without a call after which the thread rests."""

NO_DEADLINE = 1 << 62
"""Ticks that never pass."""


class _Engine(Protocol):
    def increment_epoch(self) -> None: ...


class Clock:
    """Ticks for one engine, in a daemon thread that rests while nothing is called.

    Waking a thread for each call would cost more than a small model's call, so it goes on ticking
    for a while after the last one.
    """

    def __init__(self, engine: _Engine, idle: float = IDLE) -> None:
        self._engine = engine
        self._idle = idle
        self._needed = threading.Event()
        self._lock = threading.Lock()
        self._calls = 0
        self._last_call = 0.0
        self._thread: threading.Thread | None = None

    def ticks(self, seconds: float | None) -> int:
        """How many ticks a deadline is away, rounded up."""
        if seconds is None or seconds / TICK >= NO_DEADLINE:
            return NO_DEADLINE
        return math.ceil(seconds / TICK) + 1

    def __enter__(self) -> None:
        with self._lock:
            self._calls += 1
            # It is not alive in a child that was forked: threads stay behind.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
            if not self._needed.is_set():
                self._needed.set()

    def __exit__(self, *exc: object) -> None:
        with self._lock:
            self._last_call = time.monotonic()
            self._calls -= 1

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            self._needed.wait()
            pause.wait(TICK)
            self._engine.increment_epoch()
            with self._lock:
                if self._is_idle():
                    self._needed.clear()

    def _is_idle(self) -> bool:
        return not self._calls and time.monotonic() - self._last_call > self._idle
