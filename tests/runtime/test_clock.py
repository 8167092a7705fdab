"""The clock ticks while calls are under way, and rests when nobody needs it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wasmstate.runtime.clock import NO_DEADLINE, TICK, Clock

LONG = 10.0  # seconds: what a slow machine may take
QUIET = 20 * TICK


@contextmanager
def call(clock: Clock) -> Iterator[None]:
    clock.calls.append(None)
    if clock.rests:
        clock.wake()
    yield
    clock.was_called = True
    clock.calls.pop()


class Engine:
    """Hands out its ticks, one for each ``acquire``."""

    def __init__(self) -> None:
        self.ticks = threading.Semaphore(0)

    def increment_epoch(self) -> None:
        self.ticks.release()

    def ticks_on(self) -> bool:
        return all(self.ticks.acquire(timeout=LONG) for _ in range(3))

    def comes_to_rest(self) -> bool:
        return any(not self.ticks.acquire(timeout=QUIET) for _ in range(1000))


def test_it_ticks_during_a_call_rests_after_it_and_wakes_for_the_next() -> None:
    engine = Engine()
    clock = Clock(engine, idle=0.0)
    assert not engine.ticks.acquire(blocking=False)
    for _ in range(3):
        with call(clock):
            assert engine.ticks_on()
        assert engine.comes_to_rest()


def test_it_goes_on_until_the_last_of_several_calls_is_over() -> None:
    engine = Engine()
    clock = Clock(engine, idle=0.0)
    with call(clock):
        with call(clock):
            assert engine.ticks_on()
        assert engine.ticks_on()
    assert engine.comes_to_rest()


def test_it_goes_on_for_a_while_after_a_call() -> None:
    engine = Engine()
    clock = Clock(engine, idle=LONG)
    with call(clock):
        assert engine.ticks_on()
    assert engine.ticks_on()
    del clock


def test_many_threads_may_call_at_once() -> None:
    engine = Engine()
    clock = Clock(engine, idle=0.0)

    def calls() -> None:
        for _ in range(2000):
            with call(clock):
                pass

    threads = [threading.Thread(target=calls) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert engine.comes_to_rest()
    with call(clock):
        assert engine.ticks_on()


def test_a_deadline_is_rounded_up_to_ticks() -> None:
    clock = Clock(Engine())
    assert clock.ticks(None) == NO_DEADLINE
    assert clock.ticks(float("inf")) == NO_DEADLINE
    assert clock.ticks(0.0) == 1
    assert clock.ticks(TICK) == 2
    assert clock.ticks(0.101) == 12


def test_a_forked_child_has_a_clock_of_its_own() -> None:
    script = Path(__file__).with_name("forked_call.py")
    result = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=60, check=True
    )
    assert result.stdout == "f() was ended: it ran longer than 0.1 s\n" * 2
