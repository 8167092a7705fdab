"""Lines along the steps, painted: one least and greatest value a pixel column."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from wasmstate_gui.core.tensors.tensor_table import brief
from wasmstate_gui.core.timeline.plot_series import STEP_SIZE, HistoryView, Line, Mark
from wasmstate_gui.kit.plain_text import tooltip
from wasmstate_gui.kit.theme import LIGHT, Theme

_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 58, 22, 26
_SAMPLE = 26  # pixels of a line in the legend
_NEAR = 6  # pixels from a mark that are taken for it
_STYLES = (
    Qt.PenStyle.SolidLine,
    Qt.PenStyle.DashLine,
    Qt.PenStyle.DotLine,
    Qt.PenStyle.DashDotLine,
    Qt.PenStyle.DashDotDotLine,
    Qt.PenStyle.SolidLine,
)


class PlotView(QWidget):
    """Shows a :class:`HistoryView`; a click goes to a step. Lines differ in dash and colour.

    Cells share the scale at the left. The sizes of steps have one at the right.
    """

    chosen = Signal(int)
    """The user went to a position."""
    compared = Signal(int)
    """The user wants to compare with a position, or no longer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._view = HistoryView(1, 0, 0, "", (), ())
        self.setMinimumHeight(54)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Plot of the steps")

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.update()

    def show_view(self, view: HistoryView) -> None:
        """Show other steps."""
        self._view = view
        names = ", ".join(line.name for line in view.lines)
        self.setAccessibleDescription(f"{names}; step {view.first + view.position}: {view.caption}")
        self.update()

    def to_x(self, position: float) -> float:
        """Where a step is painted."""
        return _LEFT + position * self._width() / max(1, self._view.count - 1)

    def to_position(self, x: float) -> int:
        """The step that is painted nearest."""
        last = self._view.count - 1
        return min(max(round((x - _LEFT) * last / self._width()), 0), last)

    def _width(self) -> float:
        return max(1, self.width() - _LEFT - _RIGHT)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.compared.emit(self._position_at(event))
        else:
            self._choose(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._choose(event)

    def _choose(self, event: QMouseEvent) -> None:
        is_held = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if event.buttons() & Qt.MouseButton.LeftButton and not is_held:
            self.chosen.emit(self._position_at(event))

    def _position_at(self, event: QMouseEvent) -> int:
        """The step under the mouse; below the plot that of the nearest mark."""
        x, y = event.position().x(), event.position().y()
        marks = self._marks_near(x) if y > self.height() - _BOTTOM else []
        return marks[0].position if marks else self.to_position(x)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        here, last = self._view.position, self._view.count - 1
        to = {
            Qt.Key.Key_Left: here - 1,
            Qt.Key.Key_Right: here + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }.get(Qt.Key(event.key()))
        if to is None or event.modifiers() != Qt.KeyboardModifier.NoModifier:
            super().keyPressEvent(event)
        else:
            self.chosen.emit(min(max(to, 0), last))

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), tooltip(self.hint(event.pos().x())), self)
            return True
        return super().event(event)

    def hint(self, x: float) -> str:
        """What the tooltip says of a place: the step, its values, the marks beside it."""
        at = self.to_position(x)
        near = [mark.text for mark in self._marks_near(x)]
        values = [f"{line.name} = {line.values[at]:.6g}" for line in self._view.lines]
        return "\n".join([f"step {self._view.first + at:,}", *values, *near])

    def _marks_near(self, x: float) -> list[Mark]:
        """The marks beside a place, the nearest one first."""
        distances = [(abs(self.to_x(mark.position) - x), mark) for mark in self._view.marks]
        near = [(by, mark) for by, mark in distances if by <= _NEAR]
        return [mark for _, mark in sorted(near, key=lambda each: each[0])]

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.base))
        scales = {is_size: bounds_of(lines) for is_size, lines in self._by_scale().items()}
        self._paint_axes(painter, scales)
        for i, line in reversed(list(enumerate(self._view.lines))):  # the first one on top
            self._paint_line(painter, i, line, *scales[is_size_line(line)])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        painter.setPen(QPen(QColor(self._theme.text), 2))
        self._paint_step(painter, self._view.position)
        if self._view.s1 is not None:
            painter.setPen(QPen(QColor(self._theme.text), 1.4, Qt.PenStyle.DashLine))
            self._paint_step(painter, self._view.s1)
            x = self.to_x(self._view.s1)
            painter.drawText(QPointF(x + 4, self.height() - _BOTTOM), "S1")
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for mark in self._view.marks:
            self._paint_mark(painter, mark)
        self._paint_legend(painter)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(self._theme.accent), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def _by_scale(self) -> dict[bool, list[Line]]:
        """The lines by whether they are sizes of steps; no scale without a line."""
        found: dict[bool, list[Line]] = {}
        for line in self._view.lines:
            found.setdefault(is_size_line(line), []).append(line)
        return found

    def _to_y(self, values: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
        height = self.height() - _TOP - _BOTTOM
        return _TOP + (high - values) * (height / (high - low))

    def _paint_step(self, painter: QPainter, position: int) -> None:
        x = self.to_x(position)
        painter.drawLine(QPointF(x, _TOP - 4), QPointF(x, self.height() - _BOTTOM + 4))

    def _paint_axes(self, painter: QPainter, scales: Mapping[bool, tuple[float, float]]) -> None:
        theme = self._theme
        font = self.font()
        font.setPointSizeF(8.5)
        painter.setFont(font)
        middle = Qt.AlignmentFlag.AlignVCenter
        right, edge = Qt.AlignmentFlag.AlignRight | middle, self.width() - _RIGHT
        height = self.height() - _TOP - _BOTTOM
        lines = 5 if self.height() > 150 else 3
        for share in np.linspace(0, 1, lines).tolist():
            y = _TOP + height * (1 - share)
            painter.setPen(QColor(theme.line))
            painter.drawLine(QPointF(_LEFT, y), QPointF(edge, y))
            for is_size, (low, high) in scales.items():
                text = brief(low + (high - low) * share)
                painter.setPen(self._pen(len(self._view.lines) - 1) if is_size else theme.dim)
                if is_size:
                    painter.drawText(QRectF(edge + 6, y - 8, _RIGHT - 6, 16), middle, text)
                else:
                    painter.drawText(QRectF(0, y - 8, _LEFT - 6, 16), right, text)
        painter.setPen(QColor(theme.dim))
        last = self._view.count - 1
        ticks = sorted({round(last * i / 5) for i in range(6)}) if last else [0]
        for tick in ticks:
            where = QRectF(self.to_x(tick) - 40, self.height() - 15, 80, 14)
            painter.drawText(where, Qt.AlignmentFlag.AlignHCenter, f"{self._view.first + tick:,}")

    def _paint_line(self, painter: QPainter, i: int, line: Line, low: float, high: float) -> None:
        values = np.asarray(line.values, np.float64)
        x, y = columns(values, int(self._width()))
        is_dense = len(x) > self._width()
        pen = self._pen(i)
        if is_dense:
            # Up and down in every column: dashes could not be seen, smooth edges cost ten times.
            pen.setStyle(Qt.PenStyle.SolidLine)
            pen.setWidth(1)
        painter.setPen(pen)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=not is_dense)
        for part in _finite_parts(y):
            xs = _LEFT + x[part] * (self._width() / max(1, self._view.count - 1))
            ys = self._to_y(y[part], low, high)
            points = list(map(QPointF, xs.tolist(), ys.tolist()))
            if len(points) == 1:
                painter.drawEllipse(points[0], 1.5, 1.5)
            else:
                painter.drawPolyline(QPolygonF(points))

    def _pen(self, i: int) -> QPen:
        pen = QPen(QColor(self._theme.lines[i % len(self._theme.lines)]), 1.6)
        pen.setStyle(_STYLES[i % len(_STYLES)])
        return pen

    def _paint_mark(self, painter: QPainter, mark: Mark) -> None:
        theme = self._theme
        x, y = self.to_x(mark.position), self.height() - _BOTTOM + 5.5
        painter.setPen(QPen(QColor(theme.text), 1.4))
        painter.setBrush(QColor(theme.accent if mark.kind == "disk" else theme.base))
        if mark.kind == "disk":
            painter.drawRect(QRectF(x - 4, y - 4, 8, 8))
        elif mark.kind == "external":
            triangle = (QPointF(x - 5, y + 4), QPointF(x + 5, y + 4), QPointF(x, y - 5))
            painter.drawPolygon(QPolygonF(triangle))
        elif mark.kind == "drift":
            painter.drawEllipse(QPointF(x, y), 4.5, 4.5)
            painter.setPen(QPen(QColor(theme.text), 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, _TOP), QPointF(x, y - 5))
        elif mark.kind == "trouble":
            painter.setPen(QPen(QColor(theme.damage), 2.2))
            painter.drawLine(QPointF(x - 4, y - 4), QPointF(x + 4, y + 4))
            painter.drawLine(QPointF(x - 4, y + 4), QPointF(x + 4, y - 4))
        else:
            painter.drawLine(QPointF(x, y + 4), QPointF(x, y - 1))
            painter.drawLine(QPointF(x, y - 1), QPointF(x - 4, y - 5))
            painter.drawLine(QPointF(x, y - 1), QPointF(x + 4, y - 5))

    def _paint_legend(self, painter: QPainter) -> None:
        x = float(_LEFT)
        metrics = painter.fontMetrics()
        for i, line in enumerate(self._view.lines):
            name = f"{line.name}, at the right" if is_size_line(line) else line.name
            width = metrics.horizontalAdvance(name)
            if x + _SAMPLE + width > self.width():
                break
            painter.setPen(self._pen(i))
            painter.drawLine(QPointF(x, 10), QPointF(x + _SAMPLE, 10))
            painter.setPen(QColor(self._theme.text))
            painter.drawText(QPointF(x + _SAMPLE + 4, 14), name)
            x += _SAMPLE + width + 20


def is_size_line(line: Line) -> bool:
    """Whether a line tells how much each step changed, and not what a cell holds."""
    return line.name == STEP_SIZE


def bounds_of(lines: Sequence[Line]) -> tuple[float, float]:
    """The range of the vertical axis: of all finite values, never empty."""
    low, high = math.inf, -math.inf
    for line in lines:
        values = np.asarray(line.values, np.float64)
        values = values[np.isfinite(values)]
        if len(values):
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    if low > high:
        return 0.0, 1.0
    if low == high:
        return low - 0.5 - abs(low) / 2, high + 0.5 + abs(high) / 2
    return low, high


def columns(
    values: NDArray[np.float64], width: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The points to draw: all, or the least and greatest of each pixel column."""
    if len(values) <= 2 * width:
        return np.arange(len(values), dtype=np.float64), values
    edges = np.linspace(0, len(values), width + 1).astype(np.int64)[:-1]
    with np.errstate(invalid="ignore"):
        least = np.fmin.reduceat(values, edges)
        greatest = np.fmax.reduceat(values, edges)
    x = np.repeat(edges.astype(np.float64), 2)
    return x, np.stack([least, greatest], axis=1).reshape(-1)


def _finite_parts(values: NDArray[np.float64]) -> list[slice]:
    """The stretches without NaN and infinity."""
    finite = np.concatenate(([False], np.isfinite(values), [False]))
    edges = np.flatnonzero(finite[1:] != finite[:-1]).tolist()
    return [slice(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True)]
