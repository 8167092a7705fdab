"""The window by keyboard alone."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTableView, QWidget
from pytestqt.qtbot import QtBot

from gui_support import OpenWindow


def test_tab_and_shift_tab_go_round_all_panes(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    for key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
        window.panels.page.hex.setFocus()
        visited: list[QWidget] = []
        for _ in range(200):
            here = QApplication.focusWidget()
            assert here is not None
            if visited and here is visited[0]:
                break
            assert here not in visited, f"Tab is trapped in {here.accessibleName()}"
            visited.append(here)
            QTest.keyClick(here, key)
        names = {each.accessibleName() for each in visited}
        assert window.panels.tensors.list in visited
        assert window.panels.tensors.table in visited
        assert window.panels.step.step_button in visited, names


def test_no_table_keeps_the_tab_key(bandit: Path, open_window: OpenWindow) -> None:
    window = open_window(bandit)
    trapped = [
        view.accessibleName()
        for view in window.findChildren(QTableView)
        if view.tabKeyNavigation() and view.focusPolicy() != Qt.FocusPolicy.NoFocus
    ]
    assert trapped == []
