"""Strings of a module, and what uses a string or a function: keys and lists."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from gui_support import WAIT, OpenWindow, type_into
from models import from_wat
from wasmstate_gui.window.main_window import MainWindow

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
TEXT = """
(module
  (memory (export "memory") 1)
  (global (export "count") (mut i32) (i32.const 0))
  (func $warn (param i32))
  (func (export "update") (call $warn (i32.const 100)) (global.set 0 (i32.const 1)))
  (func (export "reset") (nop) (call $warn (i32.const 3)))
  (data (i32.const 100) "out of memory\\00another text"))
"""


@pytest.fixture
def window(tmp_path: Path, open_window: OpenWindow) -> MainWindow:
    path = tmp_path / "m.wasm"
    from_wat(TEXT).save(path)
    return open_window(path)


def rows(window: MainWindow) -> list[list[str]]:
    model = window.panels.module.table_model
    return [
        [model.index(row, column).data() for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def wait_for(qtbot: QtBot, window: MainWindow, kind: str) -> None:
    panel = window.panels.module
    qtbot.waitUntil(
        lambda: panel.table_model.table.kind == kind and panel.count.text() != "reading\u2026",
        timeout=WAIT,
    )


def test_the_strings_are_listed_and_lead_to_their_uses(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.panels.module
    QTest.keyClick(window, Qt.Key.Key_T, CTRL)
    wait_for(qtbot, window, "Strings")
    assert [(row[0], row[3]) for row in rows(window)] == [
        ("100", "out of memory"),
        ("114", "another text"),
    ]
    panel.table.selectRow(0)
    assert window.panels.page.hex.selection == panel.table_model.table.span(0)
    QTest.keyClick(window, Qt.Key.Key_F12, SHIFT)
    wait_for(qtbot, window, "Uses")
    assert [row[1:] for row in rows(window)] == [
        ["1", "update", "i32.const 100"],
        ["", "", "offset of data segment 0: i32.const 100"],
    ]
    assert panel.count.text() == "2 rows of address 100"
    panel.table.selectRow(0)
    qtbot.waitUntil(lambda: panel.listing.currentIndex().isValid(), timeout=WAIT)
    line = panel.listing.currentIndex().row()
    assert panel.listing_model.listing.texts[line] == "i32.const 100"
    assert panel.title.text().startswith("function 1  update")


def test_a_function_and_an_exported_global_lead_to_their_uses(
    qtbot: QtBot, window: MainWindow
) -> None:
    panel = window.panels.module
    window.panels.show("Module")
    wait_for(qtbot, window, "Functions")
    panel.table.selectRow(0)
    QTest.keyClick(window, Qt.Key.Key_F12, SHIFT)
    wait_for(qtbot, window, "Uses")
    assert [(row[2], row[3]) for row in rows(window)] == [("update", "call 0"), ("reset", "call 0")]
    type_into(panel.filter, "reset")
    qtbot.waitUntil(lambda: len(rows(window)) == 1, timeout=WAIT)
    panel.filter.clear()
    panel.kinds.setCurrentText("Exports")
    wait_for(qtbot, window, "Exports")
    names = [row[0] for row in rows(window)]
    panel.table.selectRow(names.index("count"))
    QTest.keyClick(window, Qt.Key.Key_F12, SHIFT)
    wait_for(qtbot, window, "Uses")
    assert [row[3] for row in rows(window)] == ['export "count"', "global.set 0"]


def test_without_a_choice_the_list_says_what_to_do(qtbot: QtBot, window: MainWindow) -> None:
    window.panels.show_list("Custom")
    wait_for(qtbot, window, "Custom")
    QTest.keyClick(window, Qt.Key.Key_F12, SHIFT)
    wait_for(qtbot, window, "Uses")
    panel = window.panels.module
    assert "choose a row of another list" in panel.message.text()
    assert panel.message.isVisible()
    assert not panel.table.isVisible()
    panel.kinds.setCurrentText("Functions")
    wait_for(qtbot, window, "Functions")
    assert panel.table.isVisible()
