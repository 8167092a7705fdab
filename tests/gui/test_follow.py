"""The file changes on disk while the window shows it."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

import wasmstate
from gui_support import shown_bytes
from wasmstate_gui.follower import Follower
from wasmstate_gui.presenters.snapshot import Stamp
from wasmstate_gui.window import MainWindow

OpenWindow = Callable[[Path], MainWindow]
WAIT = 15_000
FIXTURES = Path(__file__).parents[2] / "fixtures"


def commit_count(path: Path, count: int) -> None:
    state = wasmstate.State.of(wasmstate.Module.open(path))
    wasmstate.commit(path, state.with_values({"count": count}))


def shown_count(window: MainWindow) -> int:
    document = window.controller.document
    assert document is not None
    assert document.state is not None
    return int(document.state["count"])


def is_shown(window: MainWindow, count: int) -> bool:
    return shown_count(window) == count


def step(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_F10)


def test_each_replacement_by_another_program_is_shown(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    for count in (5, 6, 7):
        commit_count(bandit, count)
        qtbot.waitUntil(partial(is_shown, window, count), timeout=WAIT)
    assert window.status_labels["generation"].text() == "generation 3, 0 updates"
    assert window.picture is not None
    assert [row.changed_count for row in window.picture.tensors] == [0, 0, 0, 1]


def test_a_file_written_in_place_is_followed_too(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    data = bytearray(bandit.read_bytes())
    data[-50] ^= 1
    with bandit.open("r+b") as file:
        file.write(data)
    qtbot.waitUntil(window.page.damage.isVisible, timeout=WAIT)
    assert shown_bytes(window) == data


def test_another_module_in_the_place_of_the_file_is_shown_whole(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    step(qtbot, window)
    window.actions_.revert.trigger()
    bandit.write_bytes((FIXTURES / "linear.wasm").read_bytes())
    qtbot.waitUntil(lambda: len(window.step_panel.fields) == 5, timeout=WAIT)
    assert window.layout_panel.currentIndex().data() == "weights  f64[4]"
    step(qtbot, window)
    assert window.step_panel.result.text().startswith("update returned ()")
    bandit.write_bytes(b"hello")
    QTest.mouseClick(window.step_panel.step_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(window.page.conflict.isVisible, timeout=WAIT)
    QTest.mouseClick(window.page.conflict.buttons[0], Qt.MouseButton.LeftButton)
    assert window.page.damage.isVisible()
    assert window.docks["Problems"].isVisible()
    assert not window.step_panel.step_button.isEnabled()
    assert not window.actions_.step.isEnabled()


def test_a_conflict_is_never_settled_without_being_asked(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    step(qtbot, window)
    commit_count(bandit, 5)
    qtbot.waitUntil(window.page.conflict.isVisible, timeout=WAIT)
    theirs = bandit.read_bytes()
    QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert bandit.read_bytes() == theirs
    assert shown_count(window) == 1
    assert window.status_labels["disk"].text() == "disk and memory differ"


@pytest.mark.parametrize(("button", "count"), [(0, 5), (1, 1)], ids=["theirs", "mine"])
def test_a_conflict_ends_with_the_state_that_was_chosen(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow, button: int, count: int
) -> None:
    window = open_window(bandit)
    step(qtbot, window)
    commit_count(bandit, 5)
    qtbot.waitUntil(window.page.conflict.isVisible, timeout=WAIT)
    QTest.mouseClick(window.page.conflict.buttons[button], Qt.MouseButton.LeftButton)
    assert not window.page.conflict.isVisible()
    assert shown_count(window) == count
    step(qtbot, window)
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    state = wasmstate.State.of(wasmstate.Module.open(bandit))
    assert (state.generation, int(state["count"])) == (2, count + 1)


def test_a_write_that_comes_too_late_ends_in_the_conflict_bar(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    step(qtbot, window)
    # Before the watch of the folder has had its say.
    commit_count(bandit, 5)
    theirs = bandit.read_bytes()
    QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(window.page.conflict.isVisible, timeout=WAIT)
    assert bandit.read_bytes() == theirs


def settled_follower(qtbot: QtBot, path: Path) -> Follower:
    path.write_bytes(b"0")
    follower = Follower()
    follower.follow(path, Stamp.of(path))
    qtbot.waitUntil(lambda: not follower.is_settling, timeout=WAIT)
    return follower


def test_bytes_written_in_place_are_noticed(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "model.wasm"
    follower = settled_follower(qtbot, path)
    with qtbot.waitSignal(follower.changed, timeout=WAIT), path.open("r+b") as file:
        file.write(b"01")


def test_a_file_that_was_gone_and_comes_back_is_noticed(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "model.wasm"
    follower = settled_follower(qtbot, path)
    with qtbot.waitSignal(follower.changed, timeout=WAIT):
        path.unlink()
    with qtbot.waitSignal(follower.changed, timeout=WAIT):
        path.write_bytes(b"1")


def test_twenty_replacements_are_noticed_each(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "model.wasm"
    follower = settled_follower(qtbot, path)
    for i in range(1, 21):
        with qtbot.waitSignal(follower.changed, timeout=WAIT):
            other = tmp_path / "other"
            other.write_bytes(b"x" * (i + 1))
            os.replace(other, path)


@pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform's own, on a dialog
def test_closing_asks_before_steps_are_lost(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    step(qtbot, window)
    window.close()
    assert window.isVisible()
    assert window.unwritten.question is not None
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window.unwritten.question, Qt.Key.Key_Return)
    assert not window.isVisible()
    assert wasmstate.State.of(wasmstate.Module.open(bandit)).generation == 1
    assert window.controller.worker_id == 0
