"""The tree of sections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from wasmstate.escapes import visible
from wasmstate_gui.core.document.layout_rows import LayoutRow
from wasmstate_gui.kit.icons import swatch
from wasmstate_gui.kit.plain_text import tooltip
from wasmstate_gui.kit.theme import LIGHT, Theme, ink_on

Index = QModelIndex | QPersistentModelIndex

# As numbers: comparing a role with Qt's enum is slow, and data() is called for every cell.
DISPLAY, DECORATION, TOOL_TIP, ALIGNMENT, FONT = 0, 1, 3, 7, 6
RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class LayoutModel(QAbstractItemModel):
    """Shows rows; whoever has new ones calls :meth:`show`.

    The id of an index is 0 for a section, and 1 + the row of its section for a part.
    """

    COLUMNS: tuple[tuple[str, Callable[[LayoutRow], str]], ...] = (
        ("Section", lambda row: row.name),
        ("Offset", lambda row: f"{row.start:06X}"),
        ("Size", lambda row: f"{row.size:,}"),
    )

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[LayoutRow] = ()
        self._theme = LIGHT

    def show(self, rows: Sequence[LayoutRow]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme

    def row(self, index: Index) -> LayoutRow:
        """The row behind an index."""
        parent = index.internalId()
        if parent == 0:
            return self._rows[index.row()]
        return self._rows[parent - 1].children[index.row()]

    def index_of(self, wanted: LayoutRow) -> QModelIndex:
        """The index of a row; an invalid one if it is not shown."""
        for i, row in enumerate(self._rows):
            if row == wanted:
                return self.createIndex(i, 0, 0)
            for j, child in enumerate(row.children):
                if child == wanted:
                    return self.createIndex(j, 0, i + 1)
        return QModelIndex()

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        return self.createIndex(row, column, parent.row() + 1 if parent.isValid() else 0)

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008
        if not index.isValid() or index.internalId() == 0:
            return QModelIndex()
        return self.createIndex(index.internalId() - 1, 0, 0)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        if not parent.isValid():
            return len(self._rows)
        if parent.internalId() or parent.column():
            return 0
        return len(self._rows[parent.row()].children)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(self.COLUMNS)

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        if role == DISPLAY:
            return visible(self.COLUMNS[index.column()][1](self.row(index)))
        if role == DECORATION and index.column() == 0 and index.internalId() == 0:
            row = self.row(index)
            colour = self._theme.solid(row.kind)
            return swatch(colour, ink_on(colour), damaged=row.damaged)
        if role == TOOL_TIP:
            return tooltip(self.row(index).hint)
        if role == ALIGNMENT and index.column() > 0:
            return RIGHT
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if role == DISPLAY and orientation == Qt.Orientation.Horizontal:
            return self.COLUMNS[section][0]
        if role == ALIGNMENT and section > 0:
            return RIGHT
        return None
