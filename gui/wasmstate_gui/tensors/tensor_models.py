"""The list of tensors, and the cells of one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QBrush, QColor, QFont

from wasmstate_gui.core.tensors.tensor_table import TensorRow, TensorTable, brief
from wasmstate_gui.kit.plain_text import tooltip
from wasmstate_gui.kit.theme import LIGHT, Theme

Index = QModelIndex | QPersistentModelIndex

DISPLAY, EDIT, TOOL_TIP, FONT, ALIGNMENT, BACKGROUND, FOREGROUND = 0, 2, 3, 6, 7, 8, 9
LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


def _statistic(which: int) -> Callable[[TensorRow], str]:
    def text(row: TensorRow) -> str:
        return "" if row.statistics is None else brief(row.statistics[which])

    return text


class _Table(QAbstractTableModel):
    """What both tables have in common: the looks of a changed cell."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._bold = QFont()

    def set_looks(self, theme: Theme, font: QFont) -> None:
        """Use other colours and another font."""
        self._theme = theme
        self.set_font(font)

    def set_font(self, font: QFont) -> None:
        """Use another font."""
        self._bold = QFont(font)
        self._bold.setBold(True)
        self._bold.setUnderline(True)

    def _hatching(self) -> QBrush:
        """The ground of what is damaged."""
        return QBrush(QColor(self._theme.damage), Qt.BrushStyle.BDiagPattern)

    def _changed_look(self, role: int) -> Any:
        if role == BACKGROUND:
            return QColor(self._theme.changed)
        return self._bold if role == FONT else None


class TensorListModel(_Table):
    """A line a tensor."""

    COLUMNS: tuple[tuple[str, Callable[[TensorRow], str]], ...] = (
        ("Tensor", lambda row: row.tensor.name),
        ("Type", lambda row: row.type_text),
        ("Changed", lambda row: row.changed_text),
        ("Min", _statistic(0)),
        ("Max", _statistic(2)),
    )

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: Sequence[TensorRow] = ()

    def show(self, rows: Sequence[TensorRow]) -> None:
        """Show other tensors; the same ones with other values keep the selection."""
        same = [r.tensor for r in rows] == [r.tensor for r in self.rows]
        if not same:
            self.beginResetModel()
        self.rows = rows
        if not same:
            self.endResetModel()
        elif rows:
            last = self.index(len(rows) - 1, len(self.COLUMNS) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.COLUMNS)

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        row = self.rows[index.row()]
        if role == DISPLAY:
            return self.COLUMNS[index.column()][1](row)
        if role == TOOL_TIP:
            unit = f"\nunit: {row.tensor.unit}" if row.tensor.unit else ""
            return f"{row.tensor.name} {row.type_text} at 0x{row.offset:X}\n{row.summary}{unit}"
        if role == ALIGNMENT and index.column() > 1:
            return RIGHT
        if role in (BACKGROUND, FONT) and index.column() == 2 and row.changed_count:
            return self._changed_look(role)
        if role == BACKGROUND and index.column() == 2 and row.wrong.any():
            return self._hatching()
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if role in (DISPLAY, TOOL_TIP) and orientation == Qt.Orientation.Horizontal:
            is_damaged = section == 2 and any(row.remnant is not None for row in self.rows)
            return "Trust" if is_damaged else self.COLUMNS[section][0]
        if role == ALIGNMENT and orientation == Qt.Orientation.Horizontal:
            return RIGHT if section > 1 else LEFT
        return None


class TensorTableModel(_Table):
    """The cells of one tensor."""

    typed = Signal(int, str)
    """The user gave an element another value: its index, and what was typed."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.table: TensorTable | None = None

    def show(self, table: TensorTable | None) -> None:
        """Show another tensor, or other values of the same."""
        same = (
            table is not None
            and self.table is not None
            and table.row.tensor == self.table.row.tensor
        )
        if not same:
            self.beginResetModel()
        self.table = table
        if not same:
            self.endResetModel()
        elif table is not None:
            last = self.index(table.row_count - 1, table.column_count - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() or self.table is None else self.table.row_count

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() or self.table is None else self.table.column_count

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        table = self.table
        if table is None:
            return None
        if role == DISPLAY:
            return table.text(index.row(), index.column())
        if role == EDIT:
            return table.exact(index.row(), index.column())
        if role == ALIGNMENT:
            return RIGHT
        if role in (BACKGROUND, FONT) and table.is_changed(index.row(), index.column()):
            return self._changed_look(role) if table.is_value(index.column()) else None
        if role == BACKGROUND and table.is_value(index.column()):
            return self._hatching() if table.is_wrong(index.row(), index.column()) else None
        if role == FOREGROUND and not table.is_value(index.column()):
            return QColor(self._theme.dim)
        if role == TOOL_TIP:
            return tooltip(table.hint(index.row(), index.column()))
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        table = self.table
        if table is not None and table.is_value(index.column()) and table.row.remnant is None:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def setData(self, index: Index, value: Any, role: int = EDIT) -> bool:
        table = self.table
        if table is None or role != EDIT:
            return False
        if str(value) != table.exact(index.row(), index.column()):
            self.typed.emit(table.cell(index.row(), index.column()), str(value))
        return True

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if self.table is None:
            return None
        if role in (DISPLAY, TOOL_TIP):
            if orientation == Qt.Orientation.Horizontal:
                return self.table.column_header(section)
            return self.table.row_header(section)
        return RIGHT if role == ALIGNMENT else None
