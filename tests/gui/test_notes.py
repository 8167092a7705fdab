"""Notes at the right of the bytes: what begins in a row, and what it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from wasmstate import Module
from wasmstate_gui.core.bytes.notes import MOST_FIELDS, Notes
from wasmstate_gui.window.main_window import MainWindow

OpenWindow = Callable[[Path], MainWindow]
WAIT = 15_000


def test_a_row_names_the_fields_that_begin_in_it(bandit: Path) -> None:
    notes = Notes(Module.open(bandit))
    assert notes.of(0x20, 0x30).split(" \u00b7 ") == [
        *("count 4", "[0] 0", "[1] 1", "[2] 2", "[3] 3"),
        *("id 4, size 5", "count 1", "[0].type.reftype funcref", "[0].type.limits.flag 1"),
        *("[0].type.limits.min 1", "[0].type.limits.max 1", "id 5, size 4", "count 1"),
    ]
    code = "id 10, size 2,271 \u00b7 count 4 \u00b7 [0].size 207 (2 bytes) \u00b7 [0]"
    assert notes.of(0xA3, 0xB0) == code
    header = "header.magic \u00b7 header.major 1 \u00b7 header.minor 0"
    assert notes.of(0xA7D, 0xA8A).startswith(header)
    assert Notes().of(0, 16) == ""


def test_of_a_long_section_id_and_size_are_noted(bandit: Path) -> None:
    module = Module.open(bandit).with_custom("ballast", bytes(MOST_FIELDS + 1))
    at = module.sections[-1].offset
    assert Notes(module).of(at, at + 64) == "id 0, size 8,193"


def test_elements_stand_with_their_values_and_what_they_were(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_F10)
    notes = window.panels.page.hex.dump.notes
    assert notes.of(0xED0, 0xEE0) == ("successes[3] = 1.0 \u00b7 failures[0] = 2.0 (was 1.0)")


@pytest.mark.parametrize(("width", "are_seen"), [(1366, False), (1920, True)])
def test_notes_are_drawn_where_there_is_room(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow, width: int, are_seen: bool
) -> None:
    window = open_window(bandit)
    window.resize(width, 900)
    window.panels.reset_layout()
    qtbot.waitUntil(lambda: window.width() == width)
    view = window.panels.page.hex
    image = view.viewport().grab().toImage()
    y = view.place_of(0xEC0).y()
    row = range(round(view.grid.right) + 16, image.width())
    colours = {image.pixelColor(x, y + dy).name() for x in row for dy in range(-5, 6)}
    assert (len(colours) > 1) is are_seen
