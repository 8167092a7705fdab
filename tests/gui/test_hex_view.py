"""The hex view on the screen: what is painted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from wasmstate.binary.source import BytesSource
from wasmstate_gui.bytes.hex_view import HexView
from wasmstate_gui.core.bytes.hexdump import HexDump
from wasmstate_gui.core.document.layout_rows import LayoutRow
from wasmstate_gui.kit.theme import DARK, LIGHT, Theme


def dump(size: int) -> HexDump:
    rows = [LayoutRow("code", "code", 0, size, size)]
    return HexDump(BytesSource(bytes(i % 251 for i in range(size))), rows, np.array([], np.int64))


def shown(qtbot: QtBot, what: HexDump, theme: Theme = LIGHT) -> HexView:
    view = HexView()
    qtbot.addWidget(view)
    view.set_theme(theme)
    view.show_dump(what)
    view.resize(720, round(view.grid.line) * 62)
    view.show()
    return view


def test_a_changed_byte_has_its_ground_and_a_section_its_tint(qtbot: QtBot) -> None:
    rows = [LayoutRow("wasmstate.state", "state", 0, 64, 64)]
    for theme in (LIGHT, DARK):
        view = shown(qtbot, HexDump(BytesSource(bytes(64)), rows, np.array([17], np.int64)), theme)
        image = view.viewport().grab().toImage()
        cell = view.place_of(17)
        corner = (cell.x() - round(view.grid.char * 1.4), cell.y())
        assert image.pixelColor(*corner).name() == QColor(theme.changed).name()
        left = view.place_of(18)
        beside = (left.x() + round(view.grid.char * 1.4), left.y())
        assert image.pixelColor(*beside).name() == theme.ground("state").name()
        assert image.pixelColor(1, cell.y()).name() == theme.solid("state").name()


def test_the_keys_move_through_the_bytes(qtbot: QtBot) -> None:
    view = shown(qtbot, dump(4096))
    moves: list[int] = []
    view.moved.connect(moves.append)
    view.select(0, 1, 100)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down):
        QTest.keyClick(view, key)
    QTest.keyClick(view, Qt.Key.Key_End)
    QTest.keyClick(view, Qt.Key.Key_Home)
    assert moves == [99, 101, 84, 116, 4095, 0]


def test_the_byte_at_the_place_of_a_byte_is_that_byte(qtbot: QtBot) -> None:
    view = shown(qtbot, dump(4096))
    view.reveal(3000)
    first, last = view.visible_range()
    assert first <= 3000 < last
    assert all(view.offset_at(view.place_of(offset)) == offset for offset in range(first, last))


def test_an_empty_file_can_be_shown(qtbot: QtBot, tmp_path: Path) -> None:
    view = shown(qtbot, HexDump())
    view.viewport().grab()
    assert view.visible_range() == (0, 0)


def test_letters_too_large_for_the_view_are_scrolled(qtbot: QtBot) -> None:
    view = shown(qtbot, dump(4096))
    across = view.horizontalScrollBar()
    assert across.maximum() == 0
    view.set_zoom(10)
    assert across.maximum() > 0
    view.reveal(0x1F)
    assert view.viewport().rect().contains(view.place_of(0x1F))
    assert not view.viewport().rect().contains(view.place_of(0x10))
    moved: list[int] = []
    view.moved.connect(moved.append)
    QTest.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=view.place_of(0x1F))
    view.reveal(0x10)
    assert view.viewport().rect().contains(view.place_of(0x10))
    across.setValue(across.maximum())
    right = QPoint(view.viewport().width() - round(1.5 * view.grid.char), view.place_of(0x2F).y())
    QTest.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=right)
    assert moved == [0x1F, 0x2F]
    view.reveal(0x2F)
    assert across.value() == across.maximum()  # the characters were clicked: they stay in sight


def test_what_is_scrolled_is_painted_where_it_is_found(qtbot: QtBot) -> None:
    rows = [LayoutRow("wasmstate.state", "state", 0, 64, 64)]
    view = shown(qtbot, HexDump(BytesSource(bytes(64)), rows, np.array([31], np.int64)))
    view.set_zoom(10)
    view.reveal(31)
    cell = view.place_of(31)
    image = view.viewport().grab().toImage()
    corner = image.pixelColor(cell.x() - round(view.grid.char * 1.4), cell.y())
    assert corner.name() == QColor(LIGHT.changed).name()


def test_what_is_selected_stays_in_view_when_the_view_becomes_smaller(qtbot: QtBot) -> None:
    view = shown(qtbot, HexDump(BytesSource(bytes(4096))))
    last = view.visible_range()[1] - 16
    view.select(last, last + 8)
    view.resize(view.width(), view.height() // 2)
    qtbot.waitUntil(lambda: view.visible_range()[0] <= last < view.visible_range()[1])
    view.verticalScrollBar().setValue(200)
    view.resize(view.width(), view.height() - 20)
    assert view.verticalScrollBar().value() == 200, "where the user has scrolled to, it stays"
