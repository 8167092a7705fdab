"""Where a new file goes."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from wasmstate_gui.core.document.destination import path_error
from wasmstate_gui.kit.checked_line import CheckedLine
from wasmstate_gui.kit.dialogs import ask_for_new_file
from wasmstate_gui.kit.plain_text import PlainLabel
from wasmstate_gui.kit.theme import Theme


class DestinationBox(QWidget):
    """A path that is checked while it is typed; and, if there is a file, that file itself.

    Args:
        copy: the path that is offered.
        itself: what is written into the file that is open, if that can be chosen.
    """

    changed = Signal()

    def __init__(self, copy: Path, itself: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.to_copy = QRadioButton("Write a co&py:")
        self.in_place = QRadioButton(itself)
        self.to_copy.setChecked(True)
        self.to_copy.setVisible(bool(itself))
        self.in_place.setVisible(bool(itself))
        self.path = CheckedLine("Path of the new file", str(copy))
        self.choose_button = QPushButton("C&hoose\u2026")
        self.choose_button.setAutoDefault(False)
        row = QHBoxLayout()
        if not itself:
            label = PlainLabel("&Path:")
            label.setBuddy(self.path.edit)
            row.addWidget(label)
        row.addWidget(self.to_copy)
        row.addWidget(self.path, 1)
        row.addWidget(self.choose_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addWidget(self.in_place)
        self.to_copy.toggled.connect(self.path.setEnabled)
        self.to_copy.toggled.connect(self.choose_button.setEnabled)
        self.to_copy.toggled.connect(self._changed)
        self.path.edit.textChanged.connect(self._changed)
        self.choose_button.clicked.connect(self._choose)
        self._changed()

    @property
    def chosen(self) -> Path | None:
        """The path of the new file; ``None`` for the file itself."""
        return Path(self.path.edit.text()).expanduser() if self.to_copy.isChecked() else None

    @property
    def is_good(self) -> bool:
        """Whether it can be written there."""
        return not self.to_copy.isChecked() or not path_error(self.path.edit.text())

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self.path.set_theme(theme)

    def _changed(self) -> None:
        error = path_error(self.path.edit.text()) if self.to_copy.isChecked() else ""
        self.path.show_error(error)
        self.changed.emit()

    def _choose(self) -> None:
        proposed = Path(self.path.edit.text())
        ask_for_new_file(self, "Path of the new file", proposed, self.path.edit.setText)
