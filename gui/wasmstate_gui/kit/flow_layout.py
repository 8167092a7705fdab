"""A layout in rows that are filled one after the other, as words in a paragraph."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget


class FlowLayout(QLayout):
    """Gives each widget the size it asks for; those that can grow share what is left of a row."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(6)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def insert(self, index: int, widget: QWidget) -> None:
        """Add a widget before another one."""
        self.addWidget(widget)
        self._items.insert(index, self._items.pop())

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        if not 0 <= index < len(self._items):
            return None
        item = self._items.pop(index)
        self.invalidate()
        return item

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(QRect(0, 0, width, 0), is_test=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        sizes = [item.minimumSize() for item in self._shown()]
        margins = self.contentsMargins()
        return QSize(
            max((size.width() for size in sizes), default=0) + margins.left() + margins.right(),
            max((size.height() for size in sizes), default=0) + margins.top() + margins.bottom(),
        )

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._place(rect, is_test=False)

    def _shown(self) -> list[QLayoutItem]:
        return [item for item in self._items if not item.isEmpty()]

    def _place(self, rect: QRect, *, is_test: bool) -> int:
        """Lay out the items in a rectangle; gives the height that they take."""
        room = rect.marginsRemoved(self.contentsMargins())
        y = room.y()
        for row in self._rows(room.width()):
            height = max(item.sizeHint().height() for item, _ in row)
            if not is_test:
                self._place_row(row, QRect(room.x(), y, room.width(), height))
            y += height + self.spacing()
        end = y - self.spacing() if self._shown() else y
        return end - rect.y() + self.contentsMargins().bottom()

    def _rows(self, width: int) -> list[list[tuple[QLayoutItem, int]]]:
        rows: list[list[tuple[QLayoutItem, int]]] = []
        left = -1
        for item in self._shown():
            wanted = min(item.sizeHint().width(), max(width, item.minimumSize().width()))
            if wanted > left:
                rows.append([])
                left = width
            rows[-1].append((item, wanted))
            left -= wanted + self.spacing()
        return rows

    def _place_row(self, row: list[tuple[QLayoutItem, int]], room: QRect) -> None:
        growing = [
            item for item, _ in row if item.expandingDirections() & Qt.Orientation.Horizontal
        ]
        taken = sum(width for _, width in row) + self.spacing() * (len(row) - 1)
        more = max(0, room.width() - taken) // max(1, len(growing))
        x = room.x()
        for item, wanted in row:
            width = wanted
            if item in growing:
                width = min(wanted + more, max(wanted, item.maximumSize().width()))
            height = min(room.height(), item.maximumSize().height())
            item.setGeometry(QRect(QPoint(x, room.y()), QSize(width, height)))
            x += width + self.spacing()
