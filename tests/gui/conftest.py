"""What the tests of the window need: files with a state, and a window on one of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

# NumPy comes first: its threads bear the name of the one that imports it.
import numpy as np  # noqa: F401
import pytest
import wasmtime
from PySide6.QtCore import QCoreApplication, QDeadlineTimer, QEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

import wasmstate
from gui_support import show_active
from wasmstate_gui.run import make_application
from wasmstate_gui.window.main_window import MainWindow

FIXTURES = Path(__file__).parents[2] / "fixtures"

_ENDING_MS = 5_000
_THREADS = ("jobs", "QThread")

OpenWindow = Callable[[Path], MainWindow]

# update(seconds) loops for ever if it is given 1, traps if it is given 2, else adds one to n.
STUBBORN = """
(module
  (memory (export "memory") 1)
  (func (export "update") (param $how i32)
    (if (i32.eq (local.get $how) (i32.const 1)) (then (loop $again (br $again))))
    (i64.store (i32.const 64) (i64.add (i64.load (i32.const 64)) (i64.const 1)))
    (if (i32.eq (local.get $how) (i32.const 2)) (then unreachable)))
  (func (export "predict") (result i64) (i64.load (i32.const 64))))
"""


@pytest.fixture(scope="session")
def qapp() -> object:
    return make_application()


def leftovers() -> list[str]:
    """The processes that this one has started, and the window's threads, as far as they live.

    Threads of libraries (those of X, Qt's own for images) live as long as the process.
    """
    found = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # it has ended
            if (task / "comm").read_text().strip() in _THREADS:
                found.append(f"thread {task.name}")
            children = (task / "children").read_text().split()
            found += [f"process {child}" for child in children]
    return found


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Whatever a test starts has ended when it has."""
    before = set(leftovers())
    yield
    # Its windows go now: X would take the focus away from the next one when they do.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    end = QDeadlineTimer(_ENDING_MS)
    while set(leftovers()) - before and not end.hasExpired():
        QTest.qWait(1)  # a thread that was waited for is still on its way out
    left = set(leftovers()) - before
    assert not left, f"left running: {', '.join(sorted(left))}"


@pytest.fixture
def bandit(tmp_path: Path) -> Path:
    return Path(shutil.copy(FIXTURES / "bandit.wasm", tmp_path))


@pytest.fixture
def large(bandit: Path) -> Path:
    """The bandit with nine megabytes before its state: too large to be read whole."""
    state = wasmstate.Module.open(bandit).sections[-1].index
    module = wasmstate.Module.open(bandit).with_custom("ballast", bytes(9 << 20), index=state)
    path = bandit.with_name("large.wasm")
    path.write_bytes(module.to_bytes())
    return path


@pytest.fixture
def stubborn(tmp_path: Path) -> Path:
    module = wasmstate.Module.from_bytes(bytes(wasmtime.wat2wasm(STUBBORN)))
    path = tmp_path / "stubborn.wasm"
    path.write_bytes(wasmstate.attach(module, ["n:i64@64"]).to_bytes())
    return path


@pytest.fixture
def open_window(qtbot: QtBot) -> Iterator[OpenWindow]:
    """Opens a window on a file and waits until it is shown."""
    windows = []

    def open_(path: Path) -> MainWindow:
        window = MainWindow()
        windows.append(window)
        qtbot.addWidget(window)
        show_active(qtbot, window)
        with qtbot.waitSignal(window.idle):
            window.open(path)
        return window

    yield open_
    for window in windows:
        window.close_jobs()
