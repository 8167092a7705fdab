"""The first half hour of somebody who has never seen the window, by keys and mouse alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

import wasmstate
from gui_support import WAIT, OpenWindow
from wasmstate_gui.window.main_window import MainWindow

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform, on a dialog

LEFT = Qt.MouseButton.LeftButton
CTRL = Qt.KeyboardModifier.ControlModifier


def wait_for(qtbot: QtBot, window: MainWindow, action: Callable[[], object]) -> None:
    """Do something and wait until the window is idle again."""
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        action()


def click(widget: QWidget, where: QPoint | None = None) -> None:
    QTest.mouseClick(widget, LEFT, pos=where or widget.rect().center())


def write(qtbot: QtBot, window: MainWindow) -> None:
    assert window.actions_.write.isEnabled()
    wait_for(qtbot, window, lambda: QTest.keyClick(window, Qt.Key.Key_S, CTRL))
    assert window.panels.status_labels["disk"].text() in ("as on disk", "state unreadable")
    assert not window.isWindowModified()


def test_ten_steps_back_to_the_third_written_damaged_and_repaired(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    panel, timeline, view = window.panels.step, window.panels.timeline, window.panels.page.hex

    for _ in range(10):
        wait_for(qtbot, window, lambda: click(panel.step_button))
    assert timeline.place.text() == "step 10 / 10"

    plot = timeline.plot.canvas
    click(plot.viewport(), QPoint(round(plot.to_x(3)), plot.height() // 2))
    assert timeline.place.text() == "step 3 / 10"
    assert window.panels.status_labels["disk"].text() == "3 steps ahead of disk"
    write(qtbot, window)
    sound = bandit.read_bytes()
    assert wasmstate.State.of(wasmstate.Module.open(bandit)).update_count == 3

    # The tensor's row leads to its bytes; raw mode asks once whether that is meant.
    tensors = window.panels.tensors.list
    for row in (0, 1):
        click(tensors.viewport(), tensors.visualRect(tensors.model().index(row, 0)).center())
    offset = window.panels.tensors.list_model.rows[1].offset + 11
    click(view.viewport(), view.place_of(offset))
    QTest.keyClick(view, Qt.Key.Key_Insert, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(view, "40")
    click(window.panels.page.question.buttons[0])
    assert view.dump.read(offset, offset + 1) == b"\x40"
    assert window.panels.page.damage.isVisible()
    assert "edited here, not on disk yet" in window.panels.page.damage.label.text()
    assert bandit.read_bytes() == sound
    write(qtbot, window)
    assert bandit.read_bytes() != sound
    assert window.panels.page.damage.label.text().endswith("Nothing has been changed.")
    assert window.panels.status_labels["validity"].text() == "1 error"

    click(window.panels.page.damage.buttons[0])
    assert window.panels.problems.isVisible()
    repair = window.panels.problems.findChild(QPushButton)
    assert repair is not None
    wait_for(qtbot, window, lambda: click(repair))
    dialog = window.repairer.dialog
    assert dialog is not None
    click(dialog.in_place, QPoint(10, dialog.in_place.height() // 2))
    wait_for(qtbot, window, lambda: click(dialog.repair_button))
    qtbot.waitUntil(lambda: not window.panels.page.damage.isVisible(), timeout=WAIT)
    assert bandit.read_bytes() == sound
    assert wasmstate.check(bandit) == []
    assert window.panels.status_labels["validity"].text() == "well-formed"
    qtbot.waitUntil(lambda: not window.controller.is_busy, timeout=WAIT)
    wait_for(qtbot, window, lambda: click(panel.step_button))
    assert window.panels.status_labels["disk"].text() == "1 step ahead of disk"
