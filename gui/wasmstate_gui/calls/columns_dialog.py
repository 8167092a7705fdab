"""Choosing the columns of a table for the arguments of a call."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QVBoxLayout, QWidget

from wasmstate_gui.core.calls.column_choice import ColumnChoice, Mapping
from wasmstate_gui.kit.checked_line import CheckedLine
from wasmstate_gui.kit.lines_table import lines_table, show_lines
from wasmstate_gui.kit.plain_text import HtmlLabel
from wasmstate_gui.kit.theme import Theme

_WIDTH, _HEIGHT = 640, 460


class ColumnsDialog(QDialog):
    """What columns there are, a line to name some in, and what they come to."""

    agreed = Signal(object)
    """The columns that are to be taken."""

    def __init__(self, choice: ColumnChoice, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._choice = choice
        self._mapping = Mapping(None, "", ())
        self.setWindowTitle("Columns")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(_WIDTH, _HEIGHT)
        question = HtmlLabel(
            f"The columns of <b>{escape(choice.path.name)}</b> are not called as the arguments. "
            "Which ones are taken, in the order of the arguments? Write names, numbers, or ranges "
            "such as 1:9, with commas."
        )
        question.setWordWrap(True)
        self.line = CheckedLine("Columns", choice.guess)
        self.line.set_theme(theme)
        self.there = lines_table("Columns of the table", ("Column", "Name"), choice.there)
        self.taken = lines_table("Columns of the arguments", ("Argument", "Column"), ())
        self.buttons = QDialogButtonBox()
        self.agree_button = self.buttons.addButton("Take", QDialogButtonBox.ButtonRole.AcceptRole)
        self.agree_button.setDefault(True)
        self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        tables = QHBoxLayout()
        tables.addWidget(self.there)
        tables.addWidget(self.taken)
        column = QVBoxLayout(self)
        column.addWidget(question)
        column.addWidget(self.line)
        column.addLayout(tables, 1)
        column.addWidget(self.buttons)
        self.line.edit.textChanged.connect(self._judge)
        self.buttons.accepted.connect(self._agree)
        self.buttons.rejected.connect(self.reject)
        self._judge()
        self.line.edit.setFocus()
        self.line.edit.selectAll()

    def _judge(self) -> None:
        self._mapping = self._choice.judge(self.line.edit.text())
        self.line.show_error(self._mapping.error)
        show_lines(self.taken, self._mapping.lines)
        self.agree_button.setEnabled(self._mapping.columns is not None)

    def _agree(self) -> None:
        self.agreed.emit(self._mapping.columns)
        self.accept()
