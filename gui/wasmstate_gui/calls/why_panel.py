"""Why a cell changed: a list of writes with their functions, linked to their instructions."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import QTableWidget, QVBoxLayout, QWidget

from wasmstate_gui.core.calls.causes import Line
from wasmstate_gui.kit.elided_label import ElidedLabel
from wasmstate_gui.kit.lines_table import lines_table, show_lines
from wasmstate_gui.kit.theme import Theme

_ROW_HEIGHT = 20
_HINT = "Select a cell of a tensor; F4 says which instructions wrote it in the shown step."


class WhyPanel(QWidget):
    """Shows lines; choosing one goes to its instruction."""

    chosen = Signal(int)
    """The offset of the instruction."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Why")
        self.title = ElidedLabel()
        self.title.setAccessibleName("What was asked")
        self.title.setContentsMargins(8, 0, 8, 0)
        self.title.show_text(_HINT)
        self.table: QTableWidget = lines_table("Writes and functions", ("Offset", "What"), [])
        self.table.setShowGrid(False)
        self.table.horizontalHeader().hide()
        self.table.setMinimumHeight(2 * _ROW_HEIGHT)
        self.table.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
        self.table.setFrameShape(QTableWidget.Shape.NoFrame)
        self._lines: Sequence[Line] = ()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.addWidget(self.title)
        column.addWidget(self.table, 1)
        self.table.activated.connect(self._chosen)
        self.table.clicked.connect(self._chosen)

    def show_lines(self, title: str, lines: Sequence[Line]) -> None:
        """Show an answer."""
        self._lines = lines
        self.title.show_text(title)
        indent = ("    ", "")
        texts = [(f"0x{line.offset:X}", f"{indent[line.is_write]}{line.text}") for line in lines]
        show_lines(self.table, texts)
        for row in range(len(lines)):
            item = self.table.item(row, 0)
            if item is not None:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if lines:
            self.table.selectRow(0)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self.title.setStyleSheet(f"color: {theme.dim};")

    def _chosen(self, index: QModelIndex) -> None:
        self.chosen.emit(self._lines[index.row()].offset)
