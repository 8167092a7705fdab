"""The rows of a table of the module, all of them or those that a filter left; and instructions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from wasmstate.escapes import visible
from wasmstate_gui.core.module.disassembly import Listing
from wasmstate_gui.core.module.entry_tables import ModuleTable
from wasmstate_gui.kit.plain_text import tooltip

Index = QModelIndex | QPersistentModelIndex

DISPLAY, TOOL_TIP, ALIGNMENT = 0, 3, 7
LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class ModuleTableModel(QAbstractTableModel):
    """A line a row; a row is decoded when it is painted."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.table = ModuleTable("")
        self._rows: NDArray[np.int64] | None = None

    def show(self, table: ModuleTable, rows: NDArray[np.int64] | None = None) -> None:
        """Show a table, or some of its rows, which are ascending."""
        self.beginResetModel()
        self.table, self._rows = table, rows
        self.endResetModel()

    def row(self, line: int) -> int:
        """The row of the table that a line shows."""
        return line if self._rows is None else int(self._rows[line])

    def line(self, row: int) -> int | None:
        """The line that shows a row of the table, if one does."""
        if self._rows is None:
            return row
        line = int(np.searchsorted(self._rows, row))
        return line if line < len(self._rows) and self._rows[line] == row else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        if parent.isValid():
            return 0
        return self.table.count if self._rows is None else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.table.columns)

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        if role in (DISPLAY, TOOL_TIP):
            text = self.table.cells(self.row(index.row()))[index.column()]
            return tooltip(text) if role == TOOL_TIP else visible(text)
        if role == ALIGNMENT and self.table.is_number(index.column()):
            return RIGHT
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if orientation != Qt.Orientation.Horizontal or section >= len(self.table.columns):
            return None
        if role == DISPLAY:
            return self.table.columns[section]
        if role == ALIGNMENT:
            return RIGHT if self.table.is_number(section) else LEFT
        return None


class ListingModel(QAbstractTableModel):
    """A line an instruction: its offset, its bytes, its text."""

    COLUMNS = ("Offset", "Bytes", "Instruction")

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.listing = Listing()

    def show(self, listing: Listing) -> None:
        """Show the instructions of another function."""
        self.beginResetModel()
        self.listing = listing
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else self.listing.count

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.COLUMNS)

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        if role in (DISPLAY, TOOL_TIP):
            line = index.row()
            column = index.column()
            if column == 0:
                return f"{self.listing.starts[line]:06X}"
            text = self.listing.raws[line] if column == 1 else self.listing.texts[line]
            return tooltip(text) if role == TOOL_TIP else text
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == DISPLAY:
            return self.COLUMNS[section]
        return LEFT if role == ALIGNMENT else None
