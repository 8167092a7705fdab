"""The tree of sections."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeView, QWidget

from wasmstate_gui.core.document.layout_rows import LayoutRow
from wasmstate_gui.document.layout_model import LayoutModel
from wasmstate_gui.kit.theme import Theme

_NARROW = 220
_LEAST_WIDTH = 150
_MARGIN = 10


class LayoutPanel(QTreeView):
    """Shows sections and the parts of the state; choosing one is told to the window."""

    chosen = Signal(object)
    """A :class:`LayoutRow`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Layout")
        self.setAccessibleDescription("The sections of the file, with offset and size in bytes")
        self.setMinimumWidth(_LEAST_WIDTH)
        self._is_marking = False
        self.layout_model = LayoutModel(self)
        self.setModel(self.layout_model)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setIndentation(14)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setFrameShape(QTreeView.Shape.NoFrame)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        self.selectionModel().currentChanged.connect(self._chosen)

    def resizeEvent(self, event: QResizeEvent) -> None:
        # Names come first: where there is no room, the tooltip has the numbers.
        self.setColumnHidden(1, self.width() < _NARROW)
        super().resizeEvent(event)

    def show_rows(self, rows: Sequence[LayoutRow]) -> None:
        """Show other rows; the state's parts are open."""
        self._is_marking = True
        self.layout_model.show(rows)
        self._fit_numbers(rows)
        self.expandAll()
        self._is_marking = False

    def _fit_numbers(self, rows: Sequence[LayoutRow]) -> None:
        """Give the numbers what they need, and the names all the rest."""
        for column, (title, text) in enumerate(LayoutModel.COLUMNS):
            if column:
                widths = map(self.fontMetrics().horizontalAdvance, [title, *map(text, rows)])
                self.header().resizeSection(column, max(widths) + _MARGIN)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self.layout_model.set_theme(theme)
        self.viewport().update()

    def mark(self, row: LayoutRow | None) -> None:
        """Select a row without telling the window."""
        index = QModelIndex() if row is None else self.layout_model.index_of(row)
        flags = QItemSelectionModel.SelectionFlag
        self._is_marking = True
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self._is_marking = False
        if index.isValid():
            self.scrollTo(index)

    def _chosen(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid() and not self._is_marking:
            self.chosen.emit(self.layout_model.row(current))
