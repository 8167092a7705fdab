"""The changed elements of a tensor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from wasmstate_gui.core.tensors.changes import COLUMNS, Changes
from wasmstate_gui.core.tensors.tensor_table import TensorRow
from wasmstate_gui.kit.plain_text import tooltip
from wasmstate_gui.tensors.tensor_models import ALIGNMENT, DISPLAY, LEFT, RIGHT, TOOL_TIP

Index = QModelIndex | QPersistentModelIndex


class ChangesModel(QAbstractTableModel):
    """Shows :class:`Changes`; a click on a header sorts."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.changes: Changes | None = None
        self.is_brief = False
        """Whether numbers are shown with a few digits; tooltips have all."""
        self._sorting = (0, False)

    def show(self, row: TensorRow) -> None:
        """Show another tensor, or other values of the same."""
        self.beginResetModel()
        self.changes = Changes(row, *self._sorting)
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._sorting = (max(column, 0), order == Qt.SortOrder.DescendingOrder)
        if self.changes is not None:
            self.layoutAboutToBeChanged.emit()
            column, is_falling = self._sorting
            self.changes = replace(self.changes, column=column, is_falling=is_falling)
            self.layoutChanged.emit()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() or self.changes is None else len(self.changes)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        if self.changes is None:
            return None
        if role == DISPLAY:
            return self.changes.text(index.row(), index.column(), is_brief=self.is_brief)
        if role == TOOL_TIP and self.is_brief:
            return tooltip(self.changes.text(index.row(), index.column()))
        if role == ALIGNMENT:
            return LEFT if index.column() == 0 else RIGHT
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if role == DISPLAY:
            is_column = orientation == Qt.Orientation.Horizontal
            return COLUMNS[section] if is_column else str(section + 1)
        if role == ALIGNMENT and orientation == Qt.Orientation.Horizontal:
            return LEFT if section == 0 else RIGHT
        return None
