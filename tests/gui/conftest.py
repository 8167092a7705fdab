"""What the tests of the window need: files with a state, and a window on one of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import wasmtime
from pytestqt.qtbot import QtBot

import wasmstate
from wasmstate_gui.run import make_application
from wasmstate_gui.window import MainWindow

FIXTURES = Path(__file__).parents[2] / "fixtures"

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
        window.show()
        with qtbot.waitSignal(window.idle):
            window.open(path)
        return window

    yield open_
    for window in windows:
        window.controller.close()
        window.controller.revert()
