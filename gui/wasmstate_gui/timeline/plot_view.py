"""The plot with its legend, and the plot as a file."""

from __future__ import annotations

import csv
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QWidget,
)

from wasmstate_gui.core.timeline.plot_series import HistoryView, Line
from wasmstate_gui.kit.icons import swatch
from wasmstate_gui.kit.plain_text import tooltip
from wasmstate_gui.kit.theme import LIGHT, Theme
from wasmstate_gui.timeline.plot_canvas import PlotCanvas

_LEGEND_WIDTH = 150
_ROW_HEIGHT = 20


class PlotView(QWidget):
    """Shows the lines of a :class:`HistoryView`, without those that the legend has switched off."""

    chosen = Signal(int)
    """The user went to a position."""
    compared = Signal(int)
    """The user wants to compare with a position, or no longer."""
    branch_chosen = Signal(int)
    """The user went to another branch: the id of its first step."""

    def __init__(self) -> None:
        super().__init__()
        self.canvas = PlotCanvas()
        self.canvas.chosen.connect(self.chosen)
        self.canvas.compared.connect(self.compared)
        self.canvas.branch_chosen.connect(self.branch_chosen)
        self.legend = QListWidget()
        self.legend.setAccessibleName("Lines of the plot")
        self.legend.setFixedWidth(_LEGEND_WIDTH)
        self.legend.setFrameShape(QFrame.Shape.NoFrame)
        self.legend.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.legend.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.legend.itemChanged.connect(self._toggled)
        self._theme = LIGHT
        self._view = HistoryView(1, 0, 0, "", (), ())
        self._hidden: set[str] = set()
        room = QScrollArea()
        room.setWidgetResizable(True)
        room.setFrameShape(QFrame.Shape.NoFrame)
        room.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        room.setWidget(self.canvas)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(room, 1)
        row.addWidget(self.legend)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.canvas.set_theme(theme)
        self._show_legend()

    def show_view(self, view: HistoryView) -> None:
        """Show other steps."""
        is_other = _names(view) != _names(self._view)
        self._view = view
        if is_other:
            self._show_legend()
        self.canvas.show_lines(view, self._shown())

    def export(self, path: Path) -> None:
        """Write the plot to a file: as PNG or SVG, or the values as CSV.

        Raises:
            OSError: if it cannot be written.
        """
        if path.suffix.lower() == ".csv":
            self._write_values(path)
            return
        with path.open("ab"):  # Qt does not tell why it cannot
            pass
        if path.suffix.lower() == ".svg":
            picture = QSvgGenerator()
            picture.setFileName(str(path))
            picture.setSize(self.canvas.size())
            picture.setViewBox(self.canvas.rect())
            painter = QPainter(picture)
            self.canvas.render(painter)
            painter.end()
        elif not self.canvas.grab().save(str(path), "PNG"):
            raise OSError(f"{path} cannot be written")

    def _write_values(self, path: Path) -> None:
        lines, first = self._shown(), self._view.first
        with path.open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["step", *(line.name for line in lines)])
            rows = zip(*(line.values for line in lines), strict=True)
            table.writerows([first + i, *row] for i, row in enumerate(rows))

    def _shown(self) -> tuple[Line, ...]:
        return tuple(line for line in self._view.lines if line.name not in self._hidden)

    def _show_legend(self) -> None:
        names = {line.name for line in self._view.lines}
        self._hidden &= names
        self.legend.blockSignals(True)
        self.legend.clear()
        for line in self._view.lines:
            item = QListWidgetItem(line.name)
            colour = QColor(self._theme.lines[line.colour])
            item.setIcon(swatch(colour, colour, damaged=False))
            item.setToolTip(tooltip(f"{line.name}: shown or hidden by its box"))
            item.setSizeHint(QSize(0, _ROW_HEIGHT))
            is_shown = line.name not in self._hidden
            item.setCheckState(Qt.CheckState.Checked if is_shown else Qt.CheckState.Unchecked)
            self.legend.addItem(item)
        self.legend.blockSignals(False)

    def _toggled(self, item: QListWidgetItem) -> None:
        if item.checkState() == Qt.CheckState.Checked:
            self._hidden.discard(item.text())
        else:
            self._hidden.add(item.text())
        self.canvas.show_lines(self._view, self._shown())


def _names(view: HistoryView) -> list[tuple[str, int]]:
    return [(line.name, line.colour) for line in view.lines]
