"""The command palette: everything that can be done now, found by typing."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from wasmstate_gui.core.window.command_search import matching
from wasmstate_gui.core.window.commands import Command

_WIDTH, _HEIGHT = 520, 360
_MOVING = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class Palette(QDialog):
    """A line to type in, and the commands that fit it."""

    chosen = Signal(str)
    """The name of a command."""

    def __init__(self, commands: Sequence[Command], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Commands")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(_WIDTH, _HEIGHT)
        self._commands = commands
        self.line = QLineEdit()
        self.line.setAccessibleName("What to do")
        self.line.setPlaceholderText("What to do")
        self.list = QListWidget()
        self.list.setAccessibleName("Commands")
        column = QVBoxLayout(self)
        column.addWidget(self.line)
        column.addWidget(self.list)
        self.line.textChanged.connect(self._typed)
        self.line.returnPressed.connect(self._accept)
        self.list.itemActivated.connect(self._accept)
        self.line.installEventFilter(self)
        self._typed("")
        self.line.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        is_press = event.type() == QEvent.Type.KeyPress
        if is_press and isinstance(event, QKeyEvent) and Qt.Key(event.key()) in _MOVING:
            self.list.event(event)
            return True
        return super().eventFilter(watched, event)

    def _typed(self, text: str) -> None:
        self.list.clear()
        for command in matching(self._commands, text):
            keys = f"   {command.keys}" if command.keys else ""
            name = command.text.removesuffix("\u2026")
            item = QListWidgetItem(f"{command.menu}: {name}{keys}")
            item.setData(Qt.ItemDataRole.UserRole, command.name)
            item.setToolTip(command.tip)
            self.list.addItem(item)
        self.list.setCurrentRow(0)

    def _accept(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            name = str(item.data(Qt.ItemDataRole.UserRole))
            self.accept()
            self.chosen.emit(name)
