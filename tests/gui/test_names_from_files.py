"""Names from a file are shown letter by letter: no markup, no hidden characters."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QAbstractItemModel, QModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot
from wasmtime import wat2wasm

import wasmstate
from gui_support import WAIT, OpenWindow
from support import REAL_BINARIES, real_bytes
from wasmstate import Module, attach
from wasmstate_gui.core.document.snapshot import read_snapshot
from wasmstate_gui.core.module.entry_tables import KINDS, module_table
from wasmstate_gui.core.window.commands import COMMANDS
from wasmstate_gui.kit.elided_label import ElidedLabel
from wasmstate_gui.kit.plain_text import tooltip

PICTURE = "<img src=/tmp/picture.png width=200>"
TURNED = "abc\u202etxt.exe"
GUI = Path(__file__).parents[2] / "gui" / "wasmstate_gui"


@pytest.fixture
def hostile(bandit: Path) -> Path:
    """The bandit with custom sections of hostile names."""
    module = wasmstate.Module.open(bandit)
    at = module.sections[-1].index
    for name in (PICTURE, TURNED, "two\nlines"):
        module = module.with_custom(name, b"", index=at)
    bandit.write_bytes(module.to_bytes())
    return bandit


def texts(model: QAbstractItemModel, role: Qt.ItemDataRole, parent: QModelIndex) -> list[str]:
    found = []
    for row in range(model.rowCount(parent)):
        for column in range(model.columnCount(parent)):
            index = model.index(row, column, parent)
            found.append(str(model.data(index, role)))
        found += texts(model, role, model.index(row, 0, parent))
    return found


def test_no_tooltip_and_no_text_of_a_table_has_markup_or_hidden_characters(
    qtbot: QtBot, hostile: Path, open_window: OpenWindow
) -> None:
    window = open_window(hostile)
    window.panels.show("Module")
    window.module_lists.show_first()
    qtbot.waitUntil(lambda: not window.module_lists.is_busy, timeout=WAIT)
    views = [each for each in window.findChildren(QAbstractItemView) if each.model() is not None]
    for view in views:
        shown = texts(view.model(), Qt.ItemDataRole.DisplayRole, QModelIndex())
        tips = texts(view.model(), Qt.ItemDataRole.ToolTipRole, QModelIndex())
        assert not [text for text in shown + tips if "\u202e" in text]
        assert not [tip for tip in tips if "<img" in tip]
    names = texts(window.panels.layout.layout_model, Qt.ItemDataRole.DisplayRole, QModelIndex())
    assert {PICTURE, "abc\\u202etxt.exe", "two\\nlines"} <= set(names)
    for widget in window.findChildren(QWidget):
        assert "<img" not in widget.toolTip()


def test_every_label_has_a_format(hostile: Path, open_window: OpenWindow) -> None:
    """A label that finds out by itself whether a text is HTML shows a name as a picture."""
    window = open_window(hostile)
    automatic = [
        label.text()
        for label in window.findChildren(QLabel)
        if label.textFormat() == Qt.TextFormat.AutoText and label.text()
    ]
    assert automatic == []


def test_no_label_is_made_without_a_format_and_no_tooltip_past_its_function() -> None:
    for path in GUI.rglob("*.py"):
        if path.name == "plain_text.py":
            continue
        text = path.read_text()
        assert not re.findall(r"(?<![A-Za-z])QLabel\(", text), path
        for argument in re.findall(r"\.setToolTip\(\s*(.+)", text):
            # A text of this program, or one that was made plain.
            assert re.match(r"tooltip\(|\"|f?\"[^{]*\"|tip\)|command\.tip|_HINTS|\)", argument) or (
                "REPAIRS[" in argument or "_NOT_CALLED" in argument
            ), (path, argument)


def test_a_tooltip_shows_what_looks_like_markup() -> None:
    assert tooltip("w[0]") == "w[0]"
    assert tooltip(f"{PICTURE}\n1 < 2") == (
        "<qt>&lt;img src=/tmp/picture.png width=200&gt;<br>1 &lt; 2</qt>"
    )
    assert tooltip(TURNED) == "abc\\u202etxt.exe"


def test_an_elided_label_stays_one_line(qtbot: QtBot) -> None:
    label = ElidedLabel()
    qtbot.addWidget(label)
    label.show_text("one line")
    height = label.sizeHint().height()
    label.show_text("an error\nof several\nlines")
    assert label.text() == "an error of several lines"
    assert label.sizeHint().height() == height


def test_nothing_of_the_last_text_is_left_in_an_elided_label(qtbot: QtBot) -> None:
    label = ElidedLabel()
    qtbot.addWidget(label)
    label.resize(400, 24)
    label.setContentsMargins(8, 0, 8, 0)
    with qtbot.waitExposed(label):
        label.show()
    for text in ("Function 23, whose name is longer than the label is wide: " * 4, "Cell 4"):
        label.show_text(text)
        QApplication.processEvents()
        on_screen = label.screen().grabWindow(label.winId()).toImage()
        drawn = label.grab().toImage().convertToFormat(on_screen.format())
        assert on_screen == drawn


WITH_ALL = """(module
  (import "env" "memory" (memory 1 2)) (import "env" "g" (global (mut i64)))
  (import "env" "t" (table 1 4 funcref)) (import "env" "f" (func (param i32) (result f64)))
  (global (export "h") f64 (f64.const 1.5)) (table 2 externref)
  (data (i32.const 66560) "abc") (data "passive") (func (export "_private")))"""
REPR = re.compile(r"\b[A-Z]\w*\(\w+=")
"""How Python shows an object: ``GlobalType(valtype=...)``."""


@pytest.mark.parametrize("source", ["all kinds of entries", *REAL_BINARIES])
def test_no_table_shows_an_object_of_python(source: str) -> None:
    data = real_bytes(source) if source in REAL_BINARIES else wat2wasm(WITH_ALL)
    module = Module.from_bytes(data)
    for kind in KINDS:
        table = module_table(kind, module)
        for row in {*range(min(table.count, 300)), *range(max(table.count - 20, 0), table.count)}:
            assert not [cell for cell in table.cells(row) if REPR.search(cell)], kind


def test_an_export_whose_name_begins_with_an_underscore_can_be_called(tmp_path: Path) -> None:
    text = '(module (memory 1) (func (export "_update")) (func (export "_start")))'
    path = tmp_path / "model.wasm"
    attach(wat2wasm(text), ["x:f64@0"]).save(path)
    snapshot = read_snapshot(path)
    assert (list(snapshot.functions), snapshot.obstacle) == (["_update"], None)


def test_the_tips_of_commands_are_texts_of_this_program() -> None:
    assert not [command.tip for command in COMMANDS if "<" in command.tip]
