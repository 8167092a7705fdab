"""A tensor as a picture, painted."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSpinBox, QToolTip, QVBoxLayout, QWidget

from wasmstate_gui.core.tensors.heatmap import LEVELS, Heatmap
from wasmstate_gui.core.tensors.tensor_table import TensorRow, brief, cell_hint
from wasmstate_gui.kit.plain_text import PlainLabel, tooltip
from wasmstate_gui.kit.theme import LIGHT, Theme, mixed

_BAR, _MARGIN, _LABEL = 14, 8, 62
_LARGEST_CELL = 48
_LONGEST_CELL = 3  # times as long as wide, to take the room there is
_OUTLINED = 8  # pixels of a cell: below that its outline would hide it
_CROSSED = 5  # and below that a cross could not be made out
_COUNTS = ("#440154", "#3B528B", "#21918C", "#5EC962", "#FDE725")  # viridis


class HeatmapView(QWidget):
    """Shows a plane of a tensor; of more than two dimensions, the plane is picked above it."""

    chosen = Signal(int)
    """The user went to an element: its index."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Heatmap of the tensor")
        self.canvas = _Canvas()
        self.canvas.chosen.connect(self.chosen)
        self.pickers: list[QSpinBox] = []
        self._row: TensorRow | None = None
        self._bar = QHBoxLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.addLayout(self._bar)
        column.addWidget(self.canvas, 1)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self.canvas.set_theme(theme)

    def show_row(self, row: TensorRow) -> None:
        """Show another tensor, or other values of the same."""
        leading = tuple(row.values.shape[:-2])
        if self._row is None or self._row.values.shape[:-2] != leading:
            self._make_pickers(leading)
        self._row = row
        self._picked()

    def _make_pickers(self, leading: tuple[int, ...]) -> None:
        while (item := self._bar.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        self.pickers = []
        for axis, size in enumerate(leading):
            picker = QSpinBox(minimum=0, maximum=size - 1)
            picker.setAccessibleName(f"Index of axis {axis}")
            picker.valueChanged.connect(self._picked)
            self._bar.addWidget(PlainLabel(f"axis {axis}"))
            self._bar.addWidget(picker)
            self.pickers.append(picker)
        if leading:
            self._bar.addStretch(1)

    def _picked(self) -> None:
        if self._row is not None:
            place = tuple(picker.value() for picker in self.pickers)
            self.canvas.show_heatmap(Heatmap(self._row, place))


class _Canvas(QWidget):
    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._theme = LIGHT
        self._map: Heatmap | None = None
        self._tables: dict[bool, list[int]] = {}
        self.setMinimumHeight(60)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._tables = {
            signed: [*(c.rgb() for c in _scale(theme, signed=signed)), QColor(theme.base).rgb()]
            for signed in (False, True)
        }
        self.update()

    def show_heatmap(self, heatmap: Heatmap) -> None:
        self._map = heatmap
        low, high = heatmap.range
        self.setAccessibleDescription(
            f"{heatmap.rows} by {heatmap.columns} elements from {brief(low)} to {brief(high)}, "
            f"{len(heatmap.changed)} changed"
        )
        self.update()

    def _cell(self) -> tuple[float, float]:
        """Width and height of a cell."""
        if self._map is None:
            return 1.0, 1.0
        width = (self.width() - _BAR - _LABEL - 2 * _MARGIN) / self._map.columns
        height = (self.height() - 2) / self._map.rows
        side = min(width, height, _LARGEST_CELL)
        if side < 2:  # cells cannot be told apart: as large as there is room for
            return min(width, _LARGEST_CELL), height
        longest = min(_LONGEST_CELL * side, _LARGEST_CELL)
        return min(width, longest), min(height, longest)

    def paintEvent(self, _event: QPaintEvent) -> None:
        heatmap = self._map
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.base))
        if heatmap is None or not self._tables:
            return
        levels = np.ascontiguousarray(heatmap.levels)
        image = QImage(
            levels.data,
            heatmap.columns,
            heatmap.rows,
            heatmap.columns,
            QImage.Format.Format_Indexed8,
        )
        image.setColorTable(self._tables[heatmap.is_signed])
        width, height = self._cell()
        whole = QRectF(0, 0, width * heatmap.columns, height * heatmap.rows)
        is_shrunk = min(width, height) < 1
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, on=is_shrunk)
        if is_shrunk:
            image = image.convertToFormat(QImage.Format.Format_RGB32)
        painter.drawImage(whole, image)
        self._paint_not_finite(painter, heatmap, width, height)
        # Outlines around all cells would say nothing, and make the colours hard to see.
        if min(width, height) >= _OUTLINED and not heatmap.is_all_changed:
            painter.setPen(QPen(QColor(self._theme.text), 1.6))
            for line, column in heatmap.changed.tolist():
                cell = QRectF(column * width, line * height, width, height)
                painter.drawRect(cell.adjusted(1, 1, -1, -1))
        self._paint_scale(painter, heatmap)

    def _paint_not_finite(
        self, painter: QPainter, heatmap: Heatmap, width: float, height: float
    ) -> None:
        if min(width, height) < _CROSSED:
            return
        painter.setPen(QPen(QColor(self._theme.damage), 1.4))
        for line, column in np.argwhere(heatmap.levels == LEVELS).tolist():
            if heatmap.index_at(line, column) is not None:
                x, y = column * width, line * height
                painter.drawLine(QPointF(x + 1, y + 1), QPointF(x + width - 1, y + height - 1))
                painter.drawLine(QPointF(x + 1, y + height - 1), QPointF(x + width - 1, y + 1))

    def _paint_scale(self, painter: QPainter, heatmap: Heatmap) -> None:
        left = self.width() - _BAR - _LABEL
        height = min(self.height() - 16, 220)
        colours = self._tables[heatmap.is_signed][:LEVELS]
        for y in range(height):
            colour = QColor(colours[LEVELS - 1 - y * LEVELS // max(1, height)])
            painter.fillRect(QRectF(left, 8 + y, _BAR, 1), colour)
        painter.setPen(QColor(self._theme.dim))
        low, high = heatmap.range
        values = (high, 0.0, low) if heatmap.is_signed else (high, low)
        for i, value in enumerate(values):
            top = 8 + height * i / (len(values) - 1)
            where = QRectF(left + _BAR + 4, top - 8, _LABEL - 4, 16)
            painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, brief(value))

    def _index(self, point: QPointF) -> int | None:
        if self._map is None:
            return None
        width, height = self._cell()
        return self._map.index_at(int(point.y() // height), int(point.x() // width))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self._index(event.position())
        if index is not None:
            self.chosen.emit(index)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            index = self._index(QPointF(event.pos()))
            if index is not None and self._map is not None:
                QToolTip.showText(event.globalPos(), tooltip(cell_hint(self._map.row, index)), self)
            return True
        return super().event(event)


def _scale(theme: Theme, *, signed: bool) -> list[QColor]:
    """From the least to the greatest: through the ground at zero, or viridis for what has none."""
    if signed:
        stops = [QColor("#0072B2"), QColor("#F7F7F7"), QColor("#D55E00")]
        if theme.is_dark:
            stops[1] = QColor("#3A3D42")
    else:
        stops = [QColor(each) for each in _COUNTS]
    colours = []
    for i in range(LEVELS):
        at = i * (len(stops) - 1) / (LEVELS - 1)
        first = min(int(at), len(stops) - 2)
        colours.append(mixed(stops[first + 1], stops[first], at - first))
    return colours
