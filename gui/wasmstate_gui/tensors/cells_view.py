"""The table of a tensor's cells, painted in few calls of Qt.

Qt's own view asks the model seven questions about each cell of each frame: two thousand calls of
Python. This one takes the visible cells as one block, and draws the letters of one look as one
glyph run, as the hex view does. Selected cells, and those too narrow for their number, are left to
Qt. What the model answers is what screen readers and tooltips tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QLineF, QModelIndex, QPointF, QRect, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem, QTableView

from wasmstate_gui.core.tensors.cell_texts import CHANGED, DIM, PLAIN, WRONG, Cells, cells
from wasmstate_gui.kit.glyphs import Glyphs
from wasmstate_gui.kit.theme import LIGHT, Theme
from wasmstate_gui.tensors.tensor_models import TensorTableModel

_Pixels = NDArray[np.int64]
_Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class _Grid:
    """The visible cells, counted row after row, and the edges of their grounds in pixels."""

    rows: range
    columns: range
    tops: _Pixels
    bottoms: _Pixels
    lefts: _Pixels
    rights: _Pixels

    def rect(self, cell: int) -> QRect:
        """The ground of a cell."""
        row, column = divmod(cell, len(self.columns))
        left, top = int(self.lefts[column]), int(self.tops[row])
        return QRect(left, top, int(self.rights[column]) - left, int(self.bottoms[row]) - top)

    def place(self, cell: int) -> tuple[int, int]:
        """Its row and its column in the table."""
        row, column = divmod(cell, len(self.columns))
        return self.rows[row], self.columns[column]

    def cell(self, row: int, column: int) -> int | None:
        """The cell at a place of the table, if it is visible."""
        if row not in self.rows or column not in self.columns:
            return None
        return (row - self.rows.start) * len(self.columns) + column - self.columns.start


class CellsView(QTableView):
    """Shows a :class:`TensorTableModel`: rows of one height, in a font of fixed pitch."""

    def __init__(self, model: TensorTableModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setTabKeyNavigation(False)  # Tab leaves the table
        self._cells = model
        self._theme = LIGHT
        self._measure_font()

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.viewport().update()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._measure_font()

    def paintEvent(self, event: QPaintEvent) -> None:
        table, grid = self._cells.table, self._grid(event.rect())
        if table is None or not grid.rows or not grid.columns:
            return
        block = cells(table, grid.rows, grid.columns)
        is_apart = self._apart(grid, block)
        painter = QPainter(self.viewport())
        damage = QBrush(QColor(self._theme.damage), Qt.BrushStyle.BDiagPattern)
        for look, ground in ((CHANGED, QBrush(QColor(self._theme.changed))), (WRONG, damage)):
            chosen = np.flatnonzero((block.looks == look) & ~is_apart)
            self._paint_grounds(painter, ground, [grid.rect(cell) for cell in chosen.tolist()])
        self._paint_lines(painter, grid)
        self._paint_letters(painter, grid, block, is_apart)
        for cell in np.flatnonzero(is_apart).tolist():
            self._paint_apart(painter, grid.rect(cell), self._cells.index(*grid.place(cell)))
        self._frame_damage(
            painter, [grid.rect(c) for c in np.flatnonzero(block.looks == WRONG).tolist()]
        )
        painter.end()

    def _measure_font(self) -> None:
        metrics = QFontMetricsF(self.font())
        self._glyphs = Glyphs(self.font())
        self._char = metrics.horizontalAdvance("0")
        self._height = ceil(metrics.height())
        self._ascent = metrics.ascent()
        self._underline = metrics.underlinePos()
        frame = QStyle.PixelMetric.PM_FocusFrameHMargin
        self._margin = self.style().pixelMetric(frame, None, self) + 1

    def _grid(self, dirty: QRect) -> _Grid:
        """The cells of which something is to be painted."""
        model, line = self._cells, int(self.showGrid())
        rows = _between(self.rowAt(dirty.top()), self.rowAt(dirty.bottom()), model.rowCount())
        columns = _between(
            self.columnAt(dirty.left()), self.columnAt(dirty.right()), model.columnCount()
        )
        height = self.verticalHeader().defaultSectionSize()
        tops = self.rowViewportPosition(rows.start) + height * np.arange(len(rows))
        lefts = np.array([self.columnViewportPosition(column) for column in columns], np.int64)
        widths = np.array([self.columnWidth(column) for column in columns], np.int64)
        return _Grid(rows, columns, tops, tops + height - line, lefts, lefts + widths - line)

    def _apart(self, grid: _Grid, block: Cells) -> _Mask:
        """Which cells are left to Qt: those that are selected or too narrow for their text."""
        room = np.tile(grid.rights - grid.lefts - 2 * self._margin, len(grid.rows))
        is_apart: _Mask = block.lengths * self._char > room
        for index in (*self.selectionModel().selectedIndexes(), self.currentIndex()):
            cell = grid.cell(index.row(), index.column())
            if cell is not None:
                is_apart[cell] = True
        return is_apart

    def _paint_grounds(self, painter: QPainter, ground: QBrush, rects: list[QRect]) -> None:
        if rects:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ground)
            painter.drawRects(rects)

    def _frame_damage(self, painter: QPainter, rects: list[QRect]) -> None:
        """An edge around what is damaged, also where a selection hides the hatching."""
        if rects:
            painter.setPen(QPen(QColor(self._theme.damage), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRects([rect.adjusted(1, 1, -1, -1) for rect in rects])

    def _paint_lines(self, painter: QPainter, grid: _Grid) -> None:
        if not self.showGrid():
            return
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        hint = QStyle.StyleHint.SH_Table_GridLineColor
        painter.setPen(QColor.fromRgba(self.style().styleHint(hint, option, self) & 0xFFFFFFFF))
        left, right = int(grid.lefts[0]), int(grid.rights[-1])
        top, bottom = int(grid.tops[0]), int(grid.bottoms[-1])
        across = [QLineF(left, y, right, y) for y in grid.bottoms.tolist()]
        painter.drawLines(across + [QLineF(x, top, x, bottom) for x in grid.rights.tolist()])

    def _paint_letters(self, painter: QPainter, grid: _Grid, block: Cells, is_apart: _Mask) -> None:
        letters = block.letters
        x, y = self._letter_places(grid, block.lengths)
        looks = block.looks.repeat(block.lengths)
        is_ours = ~is_apart.repeat(block.lengths)
        for look in (PLAIN, DIM, CHANGED, WRONG):
            chosen = (looks == look) & is_ours
            if chosen.any():
                colour = QColor(self._theme.dim if look == DIM else self._theme.text)
                places = list(map(QPointF, x[chosen].tolist(), y[chosen].tolist()))
                is_bold = look == CHANGED
                self._glyphs.draw(painter, letters[chosen], places, colour, is_bold=is_bold)
                if is_bold:
                    self._underline_letters(painter, places, colour)

    def _letter_places(
        self, grid: _Grid, lengths: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where the base line of each letter begins; texts end at the right edge of their cells."""
        from_end = lengths.cumsum().repeat(lengths) - np.arange(lengths.sum())
        ends = np.tile(grid.rights - self._margin, len(grid.rows)).repeat(lengths)
        above = (grid.bottoms - grid.tops) // 2 - self._height // 2
        bases = (grid.tops + above + self._ascent).repeat(len(grid.columns)).repeat(lengths)
        return ends - from_end * self._char, bases

    def _underline_letters(self, painter: QPainter, places: list[QPointF], colour: QColor) -> None:
        below = round(self._underline) + 1.5
        painter.setPen(QPen(colour, 1))
        painter.drawLines(
            [QLineF(p.x(), p.y() + below, p.x() + self._char, p.y() + below) for p in places]
        )

    def _paint_apart(self, painter: QPainter, rect: QRect, index: QModelIndex) -> None:
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        option.rect = rect
        if self.selectionModel().isSelected(index):
            option.state |= QStyle.StateFlag.State_Selected
        if index == self.currentIndex() and self.hasFocus():
            option.state |= QStyle.StateFlag.State_HasFocus
        self.itemDelegate().paint(painter, option, index)


def _between(first: int, last: int, count: int) -> range:
    """From one section to another, as Qt tells them: -1 is past the last."""
    return range(first if first >= 0 else count, last + 1 if last >= 0 else count)
