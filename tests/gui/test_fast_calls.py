"""Calls that change more, and faster, than the window can take in at once."""

from __future__ import annotations

import math
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import wasmtime
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

import wasmstate
from wasmstate_gui.core.calls.pacing import MOST_AHEAD
from wasmstate_gui.core.calls.protocol import (
    Call,
    Load,
    Message,
    Outcome,
    Progress,
    Reader,
    Took,
    encode,
)
from wasmstate_gui.core.calls.worker import PROGRESS_WEIGHT
from wasmstate_gui.core.window.picture import Picture
from wasmstate_gui.window.main_window import MainWindow

OpenWindow = Callable[[Path], MainWindow]

WAIT = 60_000
QUIET = 0.5  # seconds after which nothing more is to be expected
CALLS = 150

# update() multiplies each of 16,384 numbers, so that all their bytes become other ones.
WIDE = """
(module
  (memory (export "memory") 2)
  (func (export "update") (local $i i32)
    (local.set $i (i32.const 65536))
    (loop $again
      (i32.store (local.get $i) (i32.add (local.get $i)
        (i32.mul (i32.load (local.get $i)) (i32.const 747796405))))
      (local.set $i (i32.add (local.get $i) (i32.const 4)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 131072))))))
"""


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    module = wasmstate.Module.from_bytes(bytes(wasmtime.wat2wasm(WIDE)))
    path = tmp_path / "wide.wasm"
    path.write_bytes(wasmstate.attach(module, ["w:i32[16384]@65536"]).to_bytes())
    return path


@pytest.fixture
def worker(wide: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "wasmstate_gui.core.calls.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        say(process, Load(wide.read_bytes()))
        yield process
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=20) == 0


def say(process: subprocess.Popen[bytes], message: Message) -> None:
    assert process.stdin is not None
    process.stdin.write(encode(message))
    process.stdin.flush()


def told(process: subprocess.Popen[bytes], reader: Reader, enough: float) -> list[int]:
    """The weights of what the process tells until it is done, or quiet after so much of it."""
    found: list[int] = []
    assert process.stdout is not None
    while True:
        if sum(found) > enough and not select.select([process.stdout], [], [], QUIET)[0]:
            return found
        data = os.read(process.stdout.fileno(), 1 << 20)
        assert data, "the process has ended"
        for message in reader.feed(data):
            if isinstance(message, Progress | Outcome):
                found.append(sum(step.weight for step in message.steps))
            if isinstance(message, Outcome):
                return found


def test_calls_wait_for_a_window_that_has_not_taken_in_what_they_did(
    worker: subprocess.Popen[bytes],
) -> None:
    reader = Reader()
    say(worker, Call(1, "update", [], 2 * CALLS))
    first = told(worker, reader, MOST_AHEAD)
    assert MOST_AHEAD < sum(first) < MOST_AHEAD + 2 * PROGRESS_WEIGHT
    assert max(first) < 2 * PROGRESS_WEIGHT
    say(worker, Took(1, sum(first)))
    second = told(worker, reader, MOST_AHEAD)
    assert MOST_AHEAD < sum(second) < MOST_AHEAD + 2 * PROGRESS_WEIGHT
    say(worker, Took(1, sum(second)))
    assert told(worker, reader, math.inf)


def test_what_another_call_did_does_not_count(worker: subprocess.Popen[bytes]) -> None:
    for id in (1, 2):
        say(worker, Call(id, "update", [], 100))
        assert sum(told(worker, Reader(), math.inf)) > MOST_AHEAD / 2


def test_a_run_is_shown_on_its_way_and_ends_where_a_session_does(
    qtbot: QtBot, wide: Path, open_window: OpenWindow
) -> None:
    with wasmstate.Session.open(wide, persist="manual") as session:
        for _ in range(CALLS):
            session.update()
        expected = session.state.contents()
    window = open_window(wide)
    assert run(qtbot, window) > 2
    timeline = window.controller.timeline
    assert timeline is not None
    assert timeline.contents() == expected
    assert len(timeline) == CALLS + 1


def test_however_many_steps_come_a_picture_is_made_when_it_is_time(
    qtbot: QtBot, wide: Path, open_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wasmstate_gui.document.run_calls.FRAME", 3600.0)
    window = open_window(wide)
    assert run(qtbot, window) == 2  # of the first steps, and of the last one
    assert window.panels.status_labels["disk"].text() == f"{CALLS} steps ahead of disk"


def run(qtbot: QtBot, window: MainWindow) -> int:
    """Run update() so often; gives how many pictures were made meanwhile."""
    window.panels.step.options.times.setValue(CALLS)
    pictures: list[Picture | None] = []
    window.controller.changed.connect(lambda: pictures.append(window.picture))
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_F5)
    return len(pictures)
