"""The hex view on the screen: what is painted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from wasmstate.binary.source import BytesSource
from wasmstate_gui.panels.hex_view import HexView
from wasmstate_gui.presenters.hexdump import HexDump
from wasmstate_gui.presenters.layout import LayoutRow
from wasmstate_gui.theme import DARK, LIGHT, Theme


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
