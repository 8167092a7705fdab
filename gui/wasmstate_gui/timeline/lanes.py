"""The lanes of the plot, drawn by pyqtgraph: a name, an axis and a line each, marks below.

This module imports pyqtgraph, which takes 0.2 s: it is imported when there are steps to plot.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from wasmstate_gui.core.timeline.plot_series import HistoryView, Line
from wasmstate_gui.core.timeline.ticks import tick_spacing, tick_text
from wasmstate_gui.kit.theme import LIGHT, Theme

LEAST_HEIGHT = 22
GAP = 6
MARKS_HEIGHT = 16
TREE_ROW = 9
AXIS_WIDTH = 68
WIDEST_NAME = 96
STEPS_HEIGHT = 18
_LINE_ROOM = 18.0  # pixels between two ticks one above the other
_STEP_ROOM = 90.0
_POINTS = 8.5
_GRID = 110  # of 255, how opaque it is
_TOP = 100  # above the lines

# At exit pyqtgraph looks at every object there is, and touches those that Qt has deleted.
pg.setConfigOptions(exitCleanup=False)


class _Axis(pg.AxisItem):
    """An axis with round ticks, all of them with their text.

    Args:
        orientation: ``left`` or ``bottom``.
        room: pixels between two ticks.
        least: the least distance between the values of two ticks.
    """

    def __init__(self, orientation: str, room: float, least: float = 0) -> None:
        super().__init__(orientation)
        self.setStyle(tickFont=_font(), tickLength=-4, autoExpandTextSpace=False)
        self._room, self._least = room, least

    def boundingRect(self) -> QRectF:
        # Texts reach into the gap between two lanes; pyqtgraph forgets that where there is a grid.
        bounds: QRectF = super().boundingRect()
        return bounds.adjusted(0, -GAP, 0, GAP)

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        return [(tick_spacing(low, high, size / self._room, self._least), 0.0)]

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        ((spacing, values),) = super().tickValues(low, high, size)
        is_crowded = len(values) - 1 > size / self._room
        return [(spacing, [values[0], values[-1]] if is_crowded else values)]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        return [tick_text(value, spacing) for value in values]

    def colour(self, theme: Theme) -> None:
        """Use other colours."""
        self.setPen(pg.mkPen(theme.line))
        self.setTextPen(theme.dim)


class _Box(pg.ViewBox):
    """A view that is zoomed and moved along the steps alone."""

    def __init__(self) -> None:
        super().__init__(enableMenu=False, defaultPadding=0.08)
        self.setMouseEnabled(x=True, y=False)
        self.here = pg.InfiniteLine()
        self.s1 = pg.InfiniteLine()
        self.cross = pg.InfiniteLine()
        for line in (self.here, self.s1, self.cross):
            line.setZValue(_TOP)
            self.addItem(line, ignoreBounds=True)
        self.cross.hide()

    def show_steps(self, view: HistoryView) -> None:
        """Mark the shown step, and S1."""
        self.here.setValue(view.first + view.position)
        self.s1.setVisible(view.s1 is not None)
        if view.s1 is not None:
            self.s1.setValue(view.first + view.s1)

    def colour(self, theme: Theme) -> None:
        """Use other colours."""
        self.here.setPen(pg.mkPen(theme.text, width=2))
        self.s1.setPen(pg.mkPen(theme.text, width=1.4, style=Qt.PenStyle.DashLine))
        self.cross.setPen(pg.mkPen(theme.dim))


class _Name(pg.GraphicsWidget):
    """The name of a line, beside its axis: where lanes are low there is no room above a line."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text
        self._font = _font()
        self._metrics = QFontMetricsF(self._font)
        self.colour = QColor()
        self.setFixedWidth(min(self._metrics.horizontalAdvance(text) + 1, WIDEST_NAME))

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        painter.setFont(self._font)
        painter.setPen(self.colour)
        room = self.rect()
        text = self._metrics.elidedText(self._text, Qt.TextElideMode.ElideMiddle, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)


class Lane:
    """A line, its axis and its name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.title = _Name(name)
        self.axis = _Axis("left", _LINE_ROOM)
        self.axis.setWidth(AXIS_WIDTH)
        self.box = _Box()
        self.axis.linkToView(self.box)
        self.axis.setGrid(_GRID)
        self.box.enableAutoRange(x=False, y=True)
        self.box.setAutoVisible(y=True)
        self.curve = pg.PlotDataItem(connect="finite", skipFiniteCheck=False)
        self.curve.setDownsampling(auto=True, method="peak")
        self.curve.setClipToView(True)
        self._pens = [pg.mkPen()] * 2
        self._dots = pg.ScatterPlotItem(size=5)
        self._drifts = pg.VTickGroup(yrange=(0, 1))
        for item in (self.curve, self._dots):
            self.box.addItem(item)
        self.box.addItem(self._drifts, ignoreBounds=True)

    def colour(self, line: Line, theme: Theme) -> None:
        """Draw a line in its colour."""
        colour = QColor(theme.lines[line.colour])
        self._pens = [pg.mkPen(colour, width=width) for width in (1.6, 1)]
        self._dots.setPen(None)
        self._dots.setBrush(colour)
        self._drifts.setPen(pg.mkPen(theme.text, style=Qt.PenStyle.DotLine))
        self.title.colour = colour
        self.title.update()
        self.box.colour(theme)
        self.box.setBorder(pg.mkPen(theme.line))
        self.axis.colour(theme)

    def show(self, line: Line, view: HistoryView) -> None:
        """Show the values of a line."""
        values = np.asarray(line.values, np.float64)
        values = np.where(np.isfinite(values), values, np.nan)
        steps = view.first + np.arange(len(values), dtype=np.float64)
        is_dense = len(values) > self.box.width()
        self.curve.setData(steps, values, pen=self._pens[is_dense])
        alone = _alone(values)
        self._dots.setData(steps[alone], values[alone])
        drifts = [view.first + mark.position for mark in view.marks if mark.kind == "drift"]
        if drifts != self._drifts.xvals:
            self._drifts.setXVals(drifts)
        self.box.show_steps(view)


class Tree:
    """The branches as lines: the shown one at the top, each other below, from where it goes off."""

    def __init__(self) -> None:
        self.box = _Box()
        self.box.enableAutoRange(x=False, y=False)
        self._shown = pg.PlotDataItem()
        self._others = pg.PlotDataItem(connect="finite", skipFiniteCheck=False)
        for item in (self._others, self._shown):
            self.box.addItem(item, ignoreBounds=True)

    def colour(self, theme: Theme) -> None:
        """Use other colours."""
        self._shown.setPen(pg.mkPen(theme.accent, width=3))
        self._others.setPen(pg.mkPen(theme.dim, width=2))
        self.box.colour(theme)

    def show(self, view: HistoryView) -> None:
        """Show the branches of a view."""
        rows = len(view.branches)
        self.box.setVisible(rows > 0)
        self.box.setFixedHeight(height_of_tree(rows))
        self.box.setYRange(-rows - 0.5, 0.5, padding=0)
        self._shown.setData([view.first, view.first + view.count - 1], [0, 0])
        xs: list[float] = []
        ys: list[float] = []
        for row, branch in enumerate(view.branches, 1):
            fork = view.first + branch.fork
            xs += [fork, fork + 0.5, view.first + branch.end, np.nan]
            ys += [-branch.row, -row, -row, np.nan]
        self._others.setData(xs, ys)
        self.box.show_steps(view)

    def row_at(self, y: float) -> int:
        """Which row is at a place in the scene; 0 is that of the shown branch."""
        return round(-float(self.box.mapSceneToView(QPointF(0, y)).y()))


def height_of_tree(rows: int) -> int:
    """How high the branches beside the shown one are, in pixels."""
    return TREE_ROW * (rows + 1) if rows else 0


class Marks:
    """What is to be said about steps, and the axis of the steps."""

    def __init__(self) -> None:
        self.axis = _Axis("bottom", _STEP_ROOM, least=1)
        self.axis.setHeight(STEPS_HEIGHT)
        self.box = _Box()
        self.axis.linkToView(self.box)
        self.box.enableAutoRange(x=False, y=False)
        self.box.setYRange(-1, 1, padding=0)
        self.box.setFixedHeight(MARKS_HEIGHT)
        self._spots = pg.ScatterPlotItem(size=9)
        self.box.addItem(self._spots, ignoreBounds=True)
        self._s1_text = pg.InfLineLabel(self.box.s1, "S1", position=0.5, anchors=[(0, 0.5)] * 2)
        self._theme = LIGHT
        self._marks: list[tuple[int, str]] = []

    def colour(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self._s1_text.setColor(theme.text)
        self.box.colour(theme)
        self.axis.colour(theme)
        self._show_marks()

    def show(self, view: HistoryView) -> None:
        """Show the marks of a view."""
        self.box.show_steps(view)
        marks = [(view.first + mark.position, mark.kind) for mark in view.marks]
        if marks != self._marks:
            self._marks = marks
            self._show_marks()

    def _show_marks(self) -> None:
        theme, spots = self._theme, []
        for step, kind in self._marks:
            ground = theme.accent if kind == "disk" else theme.base
            edge = theme.damage if kind == "trouble" else theme.text
            spots.append(
                {
                    "pos": (step, 0),
                    "symbol": _SYMBOLS[kind],
                    "brush": edge if kind == "trouble" else ground,
                    "pen": pg.mkPen(edge, width=1.4),
                }
            )
        self._spots.setData(spots)


def _font() -> QFont:
    font = QFont()
    font.setPointSizeF(_POINTS)
    return font


def _alone(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The values without a neighbour that a line could be drawn to."""
    known = np.isfinite(values)
    beside = np.concatenate(([False], known, [False]))
    return known & ~beside[:-2] & ~beside[2:]


def _fork() -> QPainterPath:
    path = QPainterPath(QPointF(0, 0.5))
    path.lineTo(0, 0)
    path.lineTo(-0.5, -0.5)
    path.moveTo(0, 0)
    path.lineTo(0.5, -0.5)
    return path


_SYMBOLS: dict[str, str | QPainterPath] = {
    "disk": "s",
    "external": "t1",
    "drift": "o",
    "trouble": "x",
    "fork": _fork(),
}
