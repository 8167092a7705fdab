"""What several tests of the window share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from wasmstate.binary.source import Source
from wasmstate_gui.window.main_window import MainWindow

OpenWindow = Callable[[Path], MainWindow]

WAIT = 15_000


def bytes_of(source: Source) -> bytes:
    """All of them."""
    return source.read(0, source.size)


def shown_bytes(window: MainWindow) -> bytes:
    """The bytes that the hex view shows."""
    dump = window.panels.page.hex.dump
    return dump.read(0, dump.size)


def type_into(field: QWidget, text: str) -> None:
    """Write a text into a field, in the place of what it held."""
    QTest.mouseClick(field, Qt.MouseButton.LeftButton)
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(field, text)


def show_active(qtbot: QtBot, widget: QWidget) -> None:
    """Show a window as one that is used: keys go to the active one alone.

    Without a window manager nobody else makes it so.
    """
    widget.show()
    widget.activateWindow()
    qtbot.waitUntil(widget.isActiveWindow, timeout=WAIT)
