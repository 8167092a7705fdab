"""How a tensor's values are spread, painted: S1 as an outline over S2."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QToolTip, QWidget

from wasmstate_gui.core.tensors.histogram import BINS, Histogram
from wasmstate_gui.core.tensors.tensor_table import TensorRow, brief
from wasmstate_gui.kit.plain_text import tooltip
from wasmstate_gui.kit.theme import LIGHT, Theme

_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 10, 22, 20


class HistogramView(QWidget):
    """Shows a :class:`Histogram`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Histogram of the tensor")
        self.setMinimumHeight(60)
        self._theme = LIGHT
        self._histogram: Histogram | None = None

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.update()

    def show_row(self, row: TensorRow) -> None:
        """Show another tensor, or other values of the same."""
        histogram = self._histogram = Histogram(row)
        low, high = histogram.range
        self.setAccessibleDescription(
            f"{BINS} bins from {brief(low)} to {brief(high)}, the fullest holds "
            f"{int(histogram.now.max())}. {histogram.left_out}"
        )
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, histogram = self._theme, self._histogram
        painter.fillRect(self.rect(), QColor(theme.base))
        if histogram is None:
            return
        before = histogram.before
        most = max(int(histogram.now.max()), 0 if before is None else int(before.max()), 1)
        self._paint_axes(painter, histogram, most)
        fill = QColor(theme.lines[0])
        for i, count in enumerate(histogram.now.tolist()):
            painter.fillRect(self._bar(i, count, most), fill)
        if before is not None:
            points = []
            for i, count in enumerate(before.tolist()):
                bar = self._bar(i, count, most)
                points += [bar.topLeft(), bar.topRight()]
            painter.setPen(QPen(QColor(theme.lines[1]), 1.6))
            painter.drawPolyline(QPolygonF(points))
        self._paint_legend(painter, histogram)

    def _bar(self, i: int, count: int, most: int) -> QRectF:
        width = (self.width() - _LEFT - _RIGHT) / BINS
        full = self.height() - _TOP - _BOTTOM
        height = full * count / most
        return QRectF(_LEFT + i * width, _TOP + full - height, width, height)

    def _paint_axes(self, painter: QPainter, histogram: Histogram, most: int) -> None:
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        bottom = self.height() - _BOTTOM
        for value, y in ((most, _TOP), (0, bottom)):
            painter.setPen(QColor(self._theme.line))
            painter.drawLine(QPointF(_LEFT, y), QPointF(self.width() - _RIGHT, y))
            painter.setPen(QColor(self._theme.dim))
            painter.drawText(QRectF(0, y - 8, _LEFT - 6, 16), right, f"{value:,}")
        low, high = histogram.range
        rect = QRectF(_LEFT, bottom + 2, self.width() - _LEFT - _RIGHT, 16)
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft, brief(low))
        painter.drawText(rect, Qt.AlignmentFlag.AlignRight, brief(high))

    def _paint_legend(self, painter: QPainter, histogram: Histogram) -> None:
        painter.fillRect(QRectF(_LEFT, 5, 12, 10), QColor(self._theme.lines[0]))
        painter.setPen(QColor(self._theme.text))
        painter.drawText(QPointF(_LEFT + 17, 14), "S2")
        x = _LEFT + 45
        if histogram.before is not None:
            painter.setPen(QPen(QColor(self._theme.lines[1]), 1.6))
            painter.drawLine(QPointF(x, 10), QPointF(x + 14, 10))
            painter.setPen(QColor(self._theme.text))
            painter.drawText(QPointF(x + 19, 14), "S1")
        rect = QRectF(x + 45, 2, self.width() - x - 45 - _RIGHT, 16)
        painter.drawText(rect, Qt.AlignmentFlag.AlignRight, histogram.left_out)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            width = (self.width() - _LEFT - _RIGHT) / BINS
            i = int((event.pos().x() - _LEFT) // width)
            if self._histogram is not None and 0 <= i < BINS:
                QToolTip.showText(event.globalPos(), tooltip(self._histogram.bin_text(i)), self)
            return True
        return super().event(event)
