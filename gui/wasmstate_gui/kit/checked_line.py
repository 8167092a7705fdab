"""A field to type in, and what is wrong with it."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from wasmstate_gui.kit.plain_text import PlainLabel
from wasmstate_gui.kit.theme import Theme


class CheckedLine(QWidget):
    """A line to type in; below it, as long as the text cannot be, why it cannot.

    Args:
        what: it is, for people who cannot see it.
        text: that it holds at first.
    """

    def __init__(self, what: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.edit = QLineEdit(text)
        self.edit.setCursorPosition(0)  # of a long text the beginning is shown
        self.edit.setAccessibleName(what)
        self.error = PlainLabel()
        self.error.setWordWrap(True)
        self.error.setAccessibleName(f"What is wrong with {what}")
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
