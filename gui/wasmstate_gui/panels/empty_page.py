"""What the window shows before a file is open."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from wasmstate_gui.presenters.commands import COMMANDS, FIRST_KEYS


class EmptyPage(QWidget):
    """A sentence, two buttons, the keys; a file can be dropped anywhere."""

    open_requested = Signal()
    sample_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("No file is open")
        title = QLabel("A WebAssembly binary that remembers")
        font = title.font()
        font.setPointSizeF(18)
        title.setFont(font)
        text = QLabel(
            "A model compiled to WebAssembly is y = f(x; S). Its state S lives in the same file. "
            "See the file's layout, step update() and watch S change, and write it back safely."
        )
        text.setWordWrap(True)
        text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        text.setFixedSize(520, text.heightForWidth(520))
        self.open_button = QPushButton("Open a file\u2026")
        self.sample_button = QPushButton("Open the sample: a bandit")
        buttons = QHBoxLayout()
        buttons.setSpacing(12)
        for button in (self.open_button, self.sample_button):
            button.setMinimumSize(220, 44)
            buttons.addWidget(button)
        hint = QLabel("or drop a .wasm file here")
        self.failure = QLabel()
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
        table = QLabel(f"<table cellpadding='3'>{keys}</table>")
        column = QVBoxLayout(self)
        column.setSpacing(18)
        column.addStretch(2)
        column.addWidget(title, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(text, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addLayout(_centred(buttons))
        column.addWidget(hint, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.failure, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(table, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        self.open_button.clicked.connect(self.open_requested)
        self.sample_button.clicked.connect(self.sample_requested)

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
