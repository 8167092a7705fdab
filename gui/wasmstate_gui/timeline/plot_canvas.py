"""The drawing of the plot: lanes one above the other, and where the user goes in them."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QHelpEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QToolTip

from wasmstate_gui.core.timeline.plot_series import HistoryView, Line, Mark
from wasmstate_gui.kit.plain_text import tooltip
from wasmstate_gui.kit.theme import LIGHT, Theme
from wasmstate_gui.timeline.lanes import (
    GAP,
    LEAST_HEIGHT,
    MARKS_HEIGHT,
    STEPS_HEIGHT,
    Lane,
    Marks,
    Tree,
    height_of_tree,
)

_NEAR = 6  # pixels from a mark that are taken for it
_BEYOND = 0.02  # of the steps, beside the first and the last


class PlotCanvas(pg.GraphicsView):
    """Shows lines of a :class:`HistoryView`; a click goes to a step, the wheel zooms."""

    chosen = Signal(int)
    """The user went to a position."""
    compared = Signal(int)
    """The user wants to compare with a position, or no longer."""

    branch_chosen = Signal(int)
    """The user went to another branch: the id of its first step."""

    def __init__(self) -> None:
        super().__init__(background=None)
        self.setAccessibleName("Plot of the steps")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._theme = LIGHT
        self._view = HistoryView(1, 0, 0, "", (), ())
        self._lines: tuple[Line, ...] = ()
        self._lanes: list[Lane] = []
        self._is_zoomed = False
        self._layout = pg.GraphicsLayout(border=None)
        self._layout.setContentsMargins(GAP, GAP, 8, 0)
        self._layout.layout.setHorizontalSpacing(0)
        self._layout.layout.setVerticalSpacing(GAP)
        self.setCentralItem(self._layout)
        self.tree = Tree()
        self.marks = Marks()
        self.tree.box.setXLink(self.marks.box)
        self.tree.box.sigRangeChangedManually.connect(self._zoomed)
        self.marks.box.sigRangeChangedManually.connect(self._zoomed)
        self.show_lines(self._view, ())

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.setBackground(QColor(theme.base))
        self.setStyleSheet(
            "QGraphicsView { border: 2px solid transparent; }"
            f"QGraphicsView:focus {{ border-color: {theme.accent}; }}"
        )
        self._colour()

    def show_lines(self, view: HistoryView, lines: tuple[Line, ...]) -> None:
        """Show other steps, and these of their lines."""
        was = [(line.name, line.colour) for line in self._lines]
        rows = len(self._view.branches)
        self._view, self._lines = view, lines
        names = [line.name for line in lines]
        self.setAccessibleDescription(
            f"{', '.join(names)}; step {view.first + view.position}: {view.caption}"
        )
        is_same = [(line.name, line.colour) for line in lines] == was
        if not is_same or len(view.branches) != rows or not self._layout.items:
            self._lay_out(names)
            self._colour()
        self._show()

    def show_all(self) -> None:
        """Show all steps, after zooming."""
        self._is_zoomed = False
        self._show()

    def to_x(self, position: float) -> float:
        """Where a step is drawn, in the viewport."""
        place = self.marks.box.mapViewToScene(QPointF(self._view.first + position, 0))
        return float(self.mapFromScene(place).x())

    def hint(self, x: float) -> str:
        """What the tooltip says of a place: the step, its values, the marks beside it."""
        at = self._to_position(x)
        near = [mark.text for mark in self._marks_near(x)]
        values = [f"{line.name} = {line.values[at]:.6g}" for line in self._lines]
        return "\n".join([f"step {self._view.first + at:,}", *values, *near])

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.MiddleButton:
            super().mousePressEvent(event)
        elif event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.compared.emit(self._position_at(event))
        elif 0 < (row := self._row_at(event)) <= len(self._view.branches):
            self.branch_chosen.emit(self._view.branches[row - 1].step)
        else:
            self.chosen.emit(self._position_at(event))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.MiddleButton:
            super().mouseMoveEvent(event)
            return
        is_held = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if event.buttons() & Qt.MouseButton.LeftButton and not is_held:
            self.chosen.emit(self._position_at(event))
        self._show_cross(self._view.first + self._to_position(event.position().x()))

    def leaveEvent(self, event: QEvent) -> None:
        self._show_cross(None)
        super().leaveEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        event.ignore()  # the panel has the menu

    def keyPressEvent(self, event: QKeyEvent) -> None:
        here, last = self._view.position, self._view.count - 1
        to = {
            Qt.Key.Key_Left: here - 1,
            Qt.Key.Key_Right: here + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }.get(Qt.Key(event.key()))
        if to is None or event.modifiers() != Qt.KeyboardModifier.NoModifier:
            event.ignore()
        else:
            self.chosen.emit(min(max(to, 0), last))

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), tooltip(self.hint(event.pos().x())), self)
            return True
        return bool(super().viewportEvent(event))

    @property
    def _parts(self) -> list[Lane | Marks | Tree]:
        branches = [self.tree] if self._view.branches else []
        return [*branches, *self._lanes, self.marks]

    def _lay_out(self, names: list[str]) -> None:
        """Another lane for each line, those of the same names stay."""
        known = {lane.name: lane for lane in self._lanes}
        self._layout.clear()
        self._lanes = [known.get(name) or Lane(name) for name in names]
        for row, part in enumerate(self._parts):
            self._layout.addItem(part.box, row, 2)
            if isinstance(part, Lane):
                part.box.setXLink(self.marks.box)
                part.box.sigRangeChangedManually.connect(self._zoomed)
                self._layout.addItem(part.title, row, 0)
                self._layout.addItem(part.axis, row, 1)
        self._layout.addItem(self.marks.axis, len(self._parts), 2)
        self._layout.setGeometry(self.viewRect())  # it had no room for more rows
        tree = height_of_tree(len(self._view.branches)) + GAP if self._view.branches else 0
        lanes = len(names) * (LEAST_HEIGHT + GAP)
        self.setMinimumHeight(tree + lanes + MARKS_HEIGHT + STEPS_HEIGHT + GAP)

    def _show(self) -> None:
        view = self._view
        self._show_range()
        for lane, line in zip(self._lanes, self._lines, strict=True):
            lane.show(line, view)
        self.marks.show(view)
        self.tree.show(view)

    def _colour(self) -> None:
        for lane, line in zip(self._lanes, self._lines, strict=True):
            lane.colour(line, self._theme)
        self.marks.colour(self._theme)
        self.tree.colour(self._theme)

    def _show_range(self) -> None:
        """All steps; of a part that was chosen by zooming one with the shown step."""
        first, last = self._view.first, self._view.first + max(1, self._view.count - 1)
        box, beyond = self.marks.box, (last - first) * _BEYOND
        box.setLimits(xMin=first - beyond, xMax=last + beyond, minXRange=1)
        if not self._is_zoomed:
            box.setXRange(first - beyond, last + beyond, padding=0)
            return
        here = first + self._view.position
        (low, high), _ = box.viewRange()
        by = min(here - low, 0) + max(here - high, 0)
        if by:
            box.setXRange(low + by, high + by, padding=0)

    def _zoomed(self) -> None:
        self._is_zoomed = True

    def _show_cross(self, step: float | None) -> None:
        for part in self._parts:
            part.box.cross.setVisible(step is not None)
            if step is not None:
                part.box.cross.setValue(step)

    def _to_position(self, x: float) -> int:
        """The step that is drawn nearest."""
        place = self.marks.box.mapSceneToView(self.mapToScene(round(x), 0))
        return min(max(round(float(place.x())) - self._view.first, 0), self._view.count - 1)

    def _row_at(self, event: QMouseEvent) -> int:
        """The row of the branches under the mouse; 0 where none is."""
        place = event.position()
        if not self._view.branches or place.y() >= self._top_of_lanes:
            return 0
        return self.tree.row_at(float(self.mapToScene(place.toPoint()).y()))

    @property
    def _top_of_lanes(self) -> float:
        box = self.tree.box
        return float(self.mapFromScene(box.mapToScene(box.rect().bottomLeft())).y())

    def _position_at(self, event: QMouseEvent) -> int:
        """The step under the mouse; below the lanes that of the nearest mark."""
        x, y = event.position().x(), event.position().y()
        below = self.marks.box.mapToScene(QPointF(0, 0)).y()
        marks = self._marks_near(x) if y >= below else []
        return marks[0].position if marks else self._to_position(x)

    def _marks_near(self, x: float) -> list[Mark]:
        """The marks beside a place, the nearest one first."""
        distances = [(abs(self.to_x(mark.position) - x), mark) for mark in self._view.marks]
        near = [(by, mark) for by, mark in distances if by <= _NEAR]
        return [mark for _, mark in sorted(near, key=lambda each: each[0])]
