"""What the window shows before a file is open."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from wasmstate_gui.core.window.commands import COMMANDS, FIRST_KEYS
from wasmstate_gui.kit.plain_text import HtmlLabel, PlainLabel, tooltip

_RECENT = 5


class EmptyPage(QWidget):
    """A sentence, three buttons, the keys; a file can be dropped anywhere."""

    open_requested = Signal()
    sample_requested = Signal()
    new_requested = Signal()
    recent_requested = Signal(str)
    """The path of one of the last files."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("No file is open")
        title = PlainLabel("A WebAssembly binary that remembers")
        font = title.font()
        font.setPointSizeF(18)
        title.setFont(font)
        text = PlainLabel(
            "A model compiled to WebAssembly is y = f(x; S). Its state S lives in the same file. "
            "See the file's layout, step update() and watch S change, and write it back safely."
        )
        text.setWordWrap(True)
        text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        text.setFixedSize(520, text.heightForWidth(520))
        self.open_button = QPushButton("Open a file\u2026")
        self.sample_button = QPushButton("Open the sample: a bandit")
        self.new_button = QPushButton("New model\u2026")
        buttons = QHBoxLayout()
        buttons.setSpacing(12)
        for button in (self.open_button, self.sample_button, self.new_button):
            button.setMinimumSize(220, 44)
            buttons.addWidget(button)
        hint = PlainLabel("or drop a .wasm file here")
        self._recent = QVBoxLayout()
        self.recent_buttons: list[QPushButton] = []
        self.failure = PlainLabel()
        self.failure.setWordWrap(True)
        self.failure.setFixedWidth(520)
        self.failure.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.failure.hide()
        keys = "".join(
            f"<tr><td align='right'><b>{command.keys}</b>&nbsp;&nbsp;</td>"
            f"<td>{command.tip or command.text.removesuffix(chr(0x2026))}</td></tr>"
            for command in COMMANDS
            if command.name in FIRST_KEYS
        )
        table = HtmlLabel(f"<table cellpadding='3'>{keys}</table>")
        column = QVBoxLayout(self)
        column.setSpacing(18)
        column.addStretch(2)
        column.addWidget(title, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(text, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addLayout(_centred(buttons))
        column.addWidget(hint, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addLayout(self._recent)
        column.addWidget(self.failure, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(table, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        self.open_button.clicked.connect(self.open_requested)
        self.sample_button.clicked.connect(self.sample_requested)
        self.new_button.clicked.connect(self.new_requested)

    def show_recent(self, paths: Sequence[Path]) -> None:
        """Offer the last files."""
        for button in self.recent_buttons:
            self._recent.removeWidget(button)
            button.deleteLater()
        self.recent_buttons = []
        for path in paths[:_RECENT]:
            button = QPushButton(path.name)
            button.setToolTip(tooltip(str(path)))
            button.setMinimumSize(452, 30)
            button.clicked.connect(partial(self.recent_requested.emit, str(path)))
            self._recent.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
            self.recent_buttons.append(button)

    def show_failure(self, text: str) -> None:
        """Say why a file could not be opened."""
        self.failure.setText(text)
        self.failure.show()


def _centred(row: QHBoxLayout) -> QHBoxLayout:
    outer = QHBoxLayout()
    outer.addStretch(1)
    outer.addLayout(row)
    outer.addStretch(1)
    return outer
