"""One tensor in four ways: its cells, a picture, how they are spread, and what changed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QTableView, QTabWidget

from wasmstate_gui.core.tensors.tensor_table import TensorRow
from wasmstate_gui.kit.theme import Theme
from wasmstate_gui.tensors.cells_view import CellsView
from wasmstate_gui.tensors.changes_model import ChangesModel
from wasmstate_gui.tensors.changes_table import ChangesTable
from wasmstate_gui.tensors.heatmap_view import HeatmapView
from wasmstate_gui.tensors.histogram_view import HistogramView
from wasmstate_gui.tensors.tensor_models import TensorTableModel


class TensorTabs(QTabWidget):
    """Only the view that can be seen is worked out.

    Args:
        set_up: gives a table its looks, and a name for screen readers.
    """

    chosen = Signal(int)
    """The user went to an element in the heatmap or the diff: its index."""

    def __init__(self, set_up: Callable[[QTableView, str], None]) -> None:
        super().__init__()
        self.setAccessibleName("Views of the tensor")
        self.setDocumentMode(True)
        self._row: TensorRow | None = None
        triggers = QAbstractItemView.EditTrigger
        self.table_model = TensorTableModel(self)
        self.table = CellsView(self.table_model)
        set_up(self.table, "Cells of the tensor")
        self.table.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed)
        self.heatmap = HeatmapView()
        self.histogram = HistogramView()
        self.diff_model = ChangesModel(self)
        self.diff = ChangesTable(self.diff_model)
        set_up(self.diff, "Changed cells of the tensor")
        self.diff.setSortingEnabled(True)
        self.diff.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.diff.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.diff.verticalHeader().hide()
        self.addTab(self.table, "Table")
        self.addTab(self.heatmap, "Heatmap")
        self.addTab(self.histogram, "Histogram")
        self.addTab(self.diff, "Diff S1\u2194S2")
        self.heatmap.chosen.connect(self.chosen)
        self.diff.selectionModel().currentRowChanged.connect(self._change_chosen)
        self.currentChanged.connect(self._show)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self.heatmap.set_theme(theme)
        self.histogram.set_theme(theme)
        self.table.set_theme(theme)

    def show_row(self, row: TensorRow | None) -> None:
        """Show another tensor, or other values of the same."""
        self._row = row
        self._show()

    def _show(self) -> None:
        view = self.currentWidget()
        if self._row is None:
            return
        if isinstance(view, HeatmapView | HistogramView):
            view.show_row(self._row)
        elif view is self.diff:
            self.diff_model.show(self._row)

    def _change_chosen(self, current: QModelIndex, _previous: QModelIndex) -> None:
        changes = self.diff_model.changes
        if changes is not None and current.isValid():
            self.chosen.emit(changes.index(current.row()))
