"""S1, with which the shown step S2 is compared: the step before it, or one that was chosen."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

import wasmstate
from gui_support import WAIT, OpenWindow, type_into
from wasmstate_gui.core.timeline.timeline import Event, Timeline
from wasmstate_gui.window.main_window import MainWindow

ALT = Qt.KeyboardModifier.AltModifier
CTRL = Qt.KeyboardModifier.ControlModifier
NONE = Qt.KeyboardModifier.NoModifier
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def window(qtbot: QtBot, bandit: Path, open_window: OpenWindow) -> MainWindow:
    """A window with four steps: arms 0, 1, 2 and 3 have failed one after the other."""
    window = open_window(bandit)
    for arm in range(4):
        type_into(window.panels.step.fields[0].edit, str(arm))
        with qtbot.waitSignal(window.idle, timeout=WAIT):
            QTest.keyClick(window, Qt.Key.Key_F10)
    return window


def click_step(window: MainWindow, step: int, modifier: Qt.KeyboardModifier) -> None:
    plot = window.panels.timeline.plot.canvas
    QTest.mouseClick(plot.viewport(), LEFT, modifier, QPoint(round(plot.to_x(step)), 40))


def marked_arms(window: MainWindow) -> list[int]:
    """The failures that the list of tensors, the table and the bytes all say have changed."""
    assert window.picture is not None
    row = window.picture.tensors[1]
    assert row.tensor.name == "failures"
    starts = row.changed_starts.tolist()
    assert set(window.picture.changed.tolist()) >= {start + 6 for start in starts}
    return [(start - row.offset) // 8 for start in starts]


def place(window: MainWindow) -> str:
    return window.panels.timeline.place.text()


def test_ctrl_and_a_click_on_the_plot_choose_the_step_to_compare_with(window: MainWindow) -> None:
    assert (marked_arms(window), place(window)) == ([3], "step 4 / 4")
    click_step(window, 1, CTRL)
    assert (marked_arms(window), place(window)) == ([1, 2, 3], "step 4 / 4 \u00b7 S1: 1")
    assert window.actions_.since_chosen.isChecked()
    click_step(window, 2, NONE)
    assert (marked_arms(window), place(window)) == ([1], "step 2 / 4 \u00b7 S1: 1")
    click_step(window, 0, NONE)
    assert marked_arms(window) == [0]
    click_step(window, 1, CTRL)
    click_step(window, 3, NONE)
    assert (marked_arms(window), place(window)) == ([2], "step 3 / 4")
    assert window.actions_.since_step.isChecked()


def test_a_chosen_step_stays_while_others_are_taken(qtbot: QtBot, window: MainWindow) -> None:
    click_step(window, 3, CTRL)
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_F10)
    assert (marked_arms(window), place(window)) == ([3], "step 5 / 5 \u00b7 S1: 3")
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_S, CTRL)
    assert (marked_arms(window), place(window)) == ([3], "step 5 / 5 \u00b7 S1: 3")


def test_the_shown_step_is_chosen_by_key_and_left_by_the_menu(window: MainWindow) -> None:
    QTest.keyClick(window, Qt.Key.Key_Home, ALT)
    QTest.keyClick(window, Qt.Key.Key_M, CTRL)
    QTest.keyClick(window, Qt.Key.Key_End, ALT)
    assert (marked_arms(window), place(window)) == ([0, 1, 2, 3], "step 4 / 4 \u00b7 S1: 0")
    window.actions_.since_step.trigger()
    assert (marked_arms(window), place(window)) == ([3], "step 4 / 4")
    window.actions_.since_chosen.trigger()
    assert (marked_arms(window), place(window)) == ([], "step 4 / 4 \u00b7 S1: 4")
    window.actions_.since_disk.trigger()
    assert (marked_arms(window), place(window)) == ([0, 1, 2, 3], "step 4 / 4")
    assert window.actions_.since_disk.isChecked()


def test_another_file_is_compared_with_its_own_steps(
    qtbot: QtBot, window: MainWindow, bandit: Path
) -> None:
    click_step(window, 1, CTRL)
    with qtbot.waitSignal(window.controller.opened, timeout=WAIT):
        window.controller.open(bandit)
    assert (marked_arms(window), place(window)) == ([], "step 0 / 0")
    assert window.actions_.since_step.isChecked()


@pytest.mark.parametrize("how", ["key", "mouse"])
def test_ctrl_d_raises_the_diff_of_a_tensor_that_changed(window: MainWindow, how: str) -> None:
    click_step(window, 1, CTRL)
    window.panels.tensors.list.selectRow(0)
    window.panels.docks["Tensors"].hide()
    if how == "key":
        QTest.keyClick(window, Qt.Key.Key_D, CTRL)
    else:
        button = window.actions_.toolbar.widgetForAction(window.actions_.diff)
        QTest.mouseClick(button, LEFT)
    tabs = window.panels.tensors.tabs
    assert tabs.diff.isVisible()
    cells = [tabs.diff_model.index(i, 0).data() for i in range(tabs.diff_model.rowCount())]
    assert cells == ["[1]", "[2]", "[3]"]
    assert [tabs.diff_model.index(0, i).data() for i in (1, 2)] == ["+1.00000", "+2.00000"]


def test_the_plot_goes_from_step_to_step_by_keys(window: MainWindow) -> None:
    plot = window.panels.timeline.plot.canvas
    click_step(window, 3, NONE)
    assert plot.hasFocus()
    for key, step in (
        (Qt.Key.Key_Left, 2),
        (Qt.Key.Key_Right, 3),
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_Left, 0),
        (Qt.Key.Key_End, 4),
        (Qt.Key.Key_Right, 4),
        (Qt.Key.Key_Up, 4),
    ):
        QTest.keyClick(plot, key)
        assert place(window) == f"step {step} / 4"


def test_the_slider_goes_from_step_to_step_by_keys(window: MainWindow) -> None:
    slider = window.panels.timeline.slider
    slider.setFocus()
    for key, step in (
        (Qt.Key.Key_Left, 3),
        (Qt.Key.Key_Right, 4),
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_End, 4),
    ):
        QTest.keyClick(slider, key)
        assert place(window) == f"step {step} / 4"


def test_a_chosen_step_that_is_left_out_is_chosen_no_longer() -> None:
    timeline = Timeline([b"\0"], Event("opened", "opened", 0), most_steps=10)
    timeline.compare_with(0)
    assert (timeline.s1, timeline.s1_contents) == (0, [b"\0"])
    for i in range(1, 20):
        timeline.add(Event("call", "update()", i), [bytes([i])])
    assert (timeline.s1, timeline.s1_contents) == (None, [])


@pytest.fixture
def conflict(qtbot: QtBot, window: MainWindow, bandit: Path) -> MainWindow:
    """Another program has written that arm 3 succeeded 7 times; four steps here are not written."""
    state = wasmstate.State.of(wasmstate.Module.open(bandit))
    successes = state["successes"].copy()
    successes[3] = 7
    wasmstate.commit(bandit, state.with_values({"successes": successes}))
    qtbot.waitUntil(window.panels.page.conflict.isVisible, timeout=WAIT)
    return window


def button(window: MainWindow, text: str) -> QPushButton:
    (found,) = (each for each in window.panels.page.conflict.buttons if each.text() == text)
    return found


def shown_diff(window: MainWindow) -> list[list[str]]:
    """The cells, S1 and S2 of the tab for that."""
    model = window.panels.tensors.tabs.diff_model
    return [[model.index(i, j).data() for j in range(3)] for i in range(model.rowCount())]


def test_a_conflict_can_be_looked_at_before_it_is_settled(
    window: MainWindow, conflict: MainWindow, bandit: Path
) -> None:
    theirs, before = bandit.read_bytes(), window.controller.document
    assert marked_arms(window) == [3]
    QTest.mouseClick(button(conflict, "Diff"), LEFT)
    assert "S1 is the state on disk, S2 the one here" in conflict.panels.page.conflict.label.text()
    assert conflict.panels.tensors.tabs.diff.isVisible()
    assert marked_arms(window) == [0, 1, 2, 3]
    window.panels.tensors.list.selectRow(0)
    assert shown_diff(window) == [["[3]", "+7.00000", "+1.00000"]]
    assert window.controller.document is not None
    assert before is not None
    assert window.controller.document.state is before.state
    assert bandit.read_bytes() == theirs
    QTest.mouseClick(button(conflict, "End diff"), LEFT)
    assert "S1" not in conflict.panels.page.conflict.label.text()
    assert marked_arms(window) == [3]
    assert window.panels.page.conflict.isVisible()


def test_the_diff_of_a_conflict_is_that_of_the_newest_version_and_of_the_shown_step(
    qtbot: QtBot, window: MainWindow, conflict: MainWindow, bandit: Path
) -> None:
    QTest.keyClick(button(conflict, "Diff"), Qt.Key.Key_Space)
    QTest.keyClick(window, Qt.Key.Key_Left, ALT)
    assert marked_arms(window) == [0, 1, 2]
    state = wasmstate.State.of(wasmstate.Module.open(bandit))
    failures = state["failures"].copy()
    failures[0] += 1
    wasmstate.commit(bandit, state.with_values({"failures": failures}))
    qtbot.waitUntil(lambda: marked_arms(window) == [1, 2], timeout=WAIT)
    end = button(conflict, "End diff")
    end.setFocus()
    QTest.keyClick(end, Qt.Key.Key_Space)
    assert button(conflict, "Diff").hasFocus()
    assert marked_arms(window) == [2]


@pytest.mark.parametrize("how", ["Take theirs", "Keep mine", "since_step"])
def test_the_diff_of_a_conflict_ends_with_it_or_when_something_else_is_compared(
    window: MainWindow, conflict: MainWindow, how: str
) -> None:
    QTest.mouseClick(button(conflict, "Diff"), LEFT)
    if how == "since_step":
        window.actions_.since_step.trigger()
        assert button(conflict, "Diff").isVisible()
    else:
        QTest.mouseClick(button(conflict, how), LEFT)
    assert window.controller.document is not None
    assert not window.controller.document.is_beside_theirs
