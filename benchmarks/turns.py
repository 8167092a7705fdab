"""How long the window's thread is away from its events while calls run, and while bytes are edited.

Time is the CPU's that the thread has: with other work on the machine, others say nothing of it.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import wasmtime
from opening import resident
from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QTimer

from wasmstate import Module, attach
from wasmstate_gui.window.main_window import MainWindow

WINDOWS = 3

# update(r): every f32 of S becomes another one; with a negative r it never returns.
_WORK = """
(module
  (memory (export "memory") {pages})
  (func (export "update") (param $r f64) (local $i i32)
    (local.set $i (i32.const 65536))
    (loop $again
      (br_if $again (f64.lt (local.get $r) (f64.const 0)))
      (f32.store (local.get $i) (f32.add
        (f32.mul (f32.load (local.get $i)) (f32.const 0.999))
        (f32.convert_i32_u (i32.and (local.get $i) (i32.const 1023)))))
      (local.set $i (i32.add (local.get $i) (i32.const {stride})))
      (br_if $again (i32.lt_u (local.get $i) (i32.const {end}))))))
"""


def model(path: Path, size: int, stride: int = 4) -> Path:
    """A file with a state of so many bytes, of which a step changes a float every ``stride``."""
    text = _WORK.format(pages=(size >> 16) + 2, end=65536 + size, stride=stride)
    module = Module.from_bytes(bytes(wasmtime.wat2wasm(text)))
    path.write_bytes(attach(module, [f"w:f32[{size // 1024},256]@65536"]).to_bytes())
    return path


class Watched:
    """A window, and how long its thread was away from its events."""

    def __init__(self, path: Path) -> None:
        self.window = MainWindow()
        self.window.show()
        self._loop = QEventLoop()
        self.window.idle.connect(self._loop.quit)
        self.window.open(path)
        self._loop.exec()
        self.gaps: list[float] = []
        self._at = 0.0
        self._timer = QTimer(interval=1)
        self._timer.timeout.connect(self._tick)

    def step(self, times: int) -> float:
        """Call update() so often; gives the seconds until all of it is shown."""
        started = time.perf_counter()
        self.window.panels.step.step_times("update", times)
        self._loop.exec()
        return time.perf_counter() - started

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Note the seconds of its own time that each turn of the events takes."""
        self.gaps, self._at = [], time.thread_time()
        self._timer.start()
        yield
        self._timer.stop()

    def _tick(self) -> None:
        now = time.thread_time()
        self.gaps.append(now - self._at)
        self._at = now

    def wait(self, milliseconds: int) -> None:
        """Let it live."""
        QTimer.singleShot(milliseconds, self._loop.quit)
        self._loop.exec()

    def wait_until_idle(self) -> None:
        """Let it finish what is under way."""
        self._loop.exec()

    def close(self) -> None:
        """End it, with all it held: a program has one window for the garbage collector to walk."""
        self.window.controller.stop()
        self.window.close_jobs()
        self.window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        del self.window
        gc.collect()


def live(path: Path, steps: int) -> tuple[float, float, float]:
    """Of calls of update(): seconds, those of the longest turn, both medians; bytes of memory."""
    found = []
    for _ in range(WINDOWS):
        watched = Watched(path)
        watched.step(1)
        before = resident()
        with watched.watched():
            seconds = watched.step(steps)
        found.append((seconds, max(watched.gaps), resident() - before))
        watched.close()
    every, turns, held = zip(*found, strict=True)
    # What a window before gave back is taken first: the first one's memory counts.
    return statistics.median(every), statistics.median(turns), max(held)


def long_model(path: Path) -> Path:
    """A file of 67 MB: 40,000 functions, 60,000 data segments, and a state."""
    count, segments = 40_000, 60_000
    body = b"\0" + b"\x41\x01\x1a" * 400 + b"\x0b"
    parts = [
        (1, b"\x01\x60\0\0"),
        (3, _leb(count) + bytes(count)),
        (5, b"\x01\0\x10"),
        (7, b"\x02\x06memory\x02\0\x06update\0\0"),
        (10, _leb(count) + (_leb(len(body)) + body) * count),
        (11, _leb(segments) + (b"\0\x41\0\x0b" + _leb(300) + bytes(300)) * segments),
    ]
    sections = (bytes([id]) + _leb(len(content)) + content for id, content in parts)
    module = Module.from_bytes(b"\0asm\x01\0\0\0" + b"".join(sections))
    path.write_bytes(attach(module, ["n:i64@1024"]).to_bytes())
    return path


def _leb(value: int) -> bytes:
    digits = []
    while value >= 0x80:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])


def raw_edit(path: Path) -> float:
    """Median seconds of the longest turn while a byte is overwritten as it is."""
    watched = Watched(path)
    controller = watched.window.controller
    if controller.is_busy:
        watched.wait_until_idle()
    turns = []
    for i in range(WINDOWS):
        with watched.watched():
            controller.overwrite(3_000_000 + i, b"\7", is_raw=True)
            watched.wait_until_idle()
        turns.append(max(watched.gaps))
    watched.close()
    return statistics.median(turns)
