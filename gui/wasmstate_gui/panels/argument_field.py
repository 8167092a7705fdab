"""A field for one argument, and what is wrong with it."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from wasmstate.state.signature import Param
from wasmstate_gui.theme import Theme


class ArgumentField(QWidget):
    """A line to type in; below it, as long as the text is no number, why it is none."""

    def __init__(self, param: Param, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.edit = QLineEdit(text)
        self.edit.setAccessibleName(f"{param.name}, {param.type}")
        self.error = QLabel()
        self.error.setWordWrap(True)
        self.error.setAccessibleName(f"What is wrong with {param.name}")
        self.error.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addWidget(self.edit)
        column.addWidget(self.error)

    def show_error(self, text: str) -> None:
        """Say what is wrong; nothing, if the text is empty."""
        self.error.setText(text)
        self.error.setVisible(bool(text))

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self.error.setStyleSheet(f"color: {theme.error_text};")
