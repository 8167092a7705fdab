"""A wizard's plan in a process of its own: slow, endless or dead, the window goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

import pytest
import wasmtime
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

import wasmstate
from gui_support import WAIT
from wasmstate_gui.core.wizards.attach_plan import AttachPlan, Choice
from wasmstate_gui.kit.remote_plan import RemotePlan, StoppedError
from wasmstate_gui.window.main_window import MainWindow
from wasmstate_gui.wizards.attach_dialog import AttachDialog
from wasmstate_gui.wizards.bake_dialog import BakingDialog

OpenWindow = Callable[[Path], MainWindow]

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform, on a dialog

ENDLESS = """
(module
  (memory (export "memory") 1)
  (global (export "weights") i32 (i32.const 64))
  (func $forever (loop $again (br $again)))
  (start $forever)
  (func (export "predict") (result f64) (f64.load (i32.const 64))))
"""


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A module whose start function never returns."""
    path = tmp_path / "endless.wasm"
    path.write_bytes(bytes(wasmtime.wat2wasm(ENDLESS)))
    return path


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def opened(qtbot: QtBot, window: MainWindow, action: Callable[[], object]) -> object:
    """The dialog of an action, as soon as it is shown."""
    action()
    qtbot.waitUntil(lambda: window.wizards.dialog is not None, timeout=WAIT)
    return window.wizards.dialog


def test_start_code_that_never_ends_is_given_up_and_nothing_is_written(
    qtbot: QtBot, endless: Path, open_window: OpenWindow
) -> None:
    window = open_window(endless)
    dialog = cast("AttachDialog", opened(qtbot, window, window.actions_.attach.trigger))
    click(dialog.rows[0].tick)
    qtbot.waitUntil(dialog.agree_button.isEnabled, timeout=WAIT)
    assert "it is run once for the initial values" in dialog.verdict.text()
    click(dialog.agree_button)
    qtbot.waitUntil(dialog.progress.isVisible, timeout=WAIT)
    running = "Compiling and running the module once: "
    qtbot.waitUntil(lambda: dialog.progress.label.text().startswith(running), timeout=WAIT)
    assert not dialog.agree_button.isEnabled()
    click(dialog.progress.stop_button)
    stopped = "\u26a0 Stopped. Nothing was written."
    qtbot.waitUntil(lambda: dialog.verdict.text() == stopped, timeout=WAIT)
    assert not dialog.progress.isVisible()
    assert list(endless.parent.iterdir()) == [endless]

    qtbot.waitUntil(dialog.agree_button.isEnabled, timeout=WAIT)
    click(dialog.agree_button)
    qtbot.waitUntil(dialog.progress.isVisible, timeout=WAIT)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: dialog.verdict.text() == stopped, timeout=WAIT)
    assert dialog.isVisible()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert window.wizards.dialog is None
    assert list(endless.parent.iterdir()) == [endless]


def test_a_window_that_is_closed_ends_what_never_ends(
    qtbot: QtBot, endless: Path, open_window: OpenWindow
) -> None:
    window = open_window(endless)
    dialog = cast("AttachDialog", opened(qtbot, window, window.actions_.attach.trigger))
    click(dialog.rows[0].tick)
    qtbot.waitUntil(dialog.agree_button.isEnabled, timeout=WAIT)
    click(dialog.agree_button)
    qtbot.waitUntil(dialog.progress.isVisible, timeout=WAIT)
    window.close_jobs()  # the fixture sees whether a process is left
    assert list(endless.parent.iterdir()) == [endless]


def test_what_baking_tries_is_given_up(
    qtbot: QtBot, endless: Path, open_window: OpenWindow
) -> None:
    module = wasmstate.Module.open(endless)
    endless.write_bytes(wasmstate.attach(module, ["n:i64@64"], values={"n": 1}).to_bytes())
    window = open_window(endless)
    dialog = cast("BakingDialog", opened(qtbot, window, window.actions_.bake.trigger))
    qtbot.waitUntil(dialog.progress.isVisible, timeout=WAIT)
    assert not dialog.agree_button.isEnabled()
    click(dialog.progress.stop_button)
    qtbot.waitUntil(lambda: dialog.verdict.text().startswith("Stopped."), timeout=WAIT)
    assert not dialog.agree_button.isEnabled()
    dialog.reject()


def test_a_file_that_takes_long_to_be_looked_at_is_given_up(
    qtbot: QtBot, endless: Path, open_window: OpenWindow
) -> None:
    window = open_window(endless)
    window.actions_.attach.trigger()
    plan = window.wizards.plan
    assert plan is not None
    qtbot.waitUntil(lambda: plan.process_id != 0, timeout=WAIT)
    os.kill(plan.process_id, signal.SIGSTOP)
    waiting = window.wizards.waiting
    assert waiting is not None
    qtbot.waitUntil(waiting.isVisible, timeout=WAIT)
    assert waiting.windowTitle() == "Looking at endless.wasm"
    click(waiting.progress.stop_button)
    assert (window.wizards.plan, window.wizards.dialog) == (None, None)
    dialog = opened(qtbot, window, window.actions_.attach.trigger)
    assert isinstance(dialog, AttachDialog)
    dialog.reject()


def test_a_process_that_is_killed_is_told_and_the_next_question_finds_another(
    endless: Path,
) -> None:
    plan = RemotePlan(partial(AttachPlan.of, endless))
    assert [row.name for row in plan.ask("offer").rows] == ["weights"]
    os.kill(plan.process_id, signal.SIGKILL)
    with pytest.raises(wasmstate.WasmstateError, match="tries this out ended: exit code -9"):
        plan.ask("offer")
    assert plan.ask("judge", Choice(())).hint.startswith("Tick one tensor at least")
    plan.stop()
    assert plan.ask("judge", Choice(())).hint.startswith("Tick one tensor at least")
    plan.close()
    with pytest.raises(StoppedError):
        plan.ask("offer")


def test_what_is_compiled_is_kept_for_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cache"
    monkeypatch.setenv("WASMSTATE_CACHE", str(folder))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    text = ENDLESS.replace("(loop $again (br $again))", "")
    module = wasmstate.Module.from_bytes(bytes(wasmtime.wat2wasm(text)))
    path = tmp_path / "large.wasm"
    path.write_bytes(module.with_custom("ballast", bytes(1 << 15)).to_bytes())
    plan = RemotePlan(partial(AttachPlan.of, path))
    chosen = Choice((replace(plan.ask("offer").rows[0], is_chosen=True),))
    made = plan.ask("made", chosen, True)
    plan.close()
    assert "weights" in wasmstate.State.of(wasmstate.Module.from_bytes(made.after))
    assert [each.suffix for each in folder.iterdir()] == [".code"]


def test_an_error_comes_back_as_it_was(endless: Path) -> None:
    plan = RemotePlan(partial(AttachPlan.of, endless.with_name("none.wasm")))
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            plan.ask("offer")
    plan.close()
    plan = RemotePlan(partial(AttachPlan.of, endless))
    with pytest.raises(wasmstate.StateError, match="a state needs one tensor at least"):
        plan.ask("made", Choice(()), True)
    plan.close()
