"""The list of the changed cells: columns as wide as what stands in them."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHeaderView, QTableView

from wasmstate_gui.core.tensors.changes import COLUMNS
from wasmstate_gui.tensors.changes_model import ChangesModel

_ULP = COLUMNS.index("ulp")
_MARGIN = 10  # pixels, what Qt leaves free around a text, and a little more
_ARROW = 14  # of the column that the table is sorted by


class ChangesTable(QTableView):
    """Gives each column what its visible texts need, and the names of the cells the rest.

    If exact numbers do not find room side by side, they are shown briefly; a tooltip has them all.
    Columns of the same tensor never become narrower: in a run they would jump.
    """

    def __init__(self, model: ChangesModel) -> None:
        super().__init__()
        self._changes = model
        self._widths = [0] * len(COLUMNS)
        self._shown: object = None
        self.setModel(model)
        self.setTabKeyNavigation(False)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        model.modelReset.connect(self._show_another)
        model.layoutChanged.connect(self._fit)
        self.verticalScrollBar().valueChanged.connect(self._fit)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._begin()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._begin()

    def _show_another(self) -> None:
        changes = self._changes.changes
        tensor = None if changes is None else changes.row.tensor
        if tensor == self._shown:
            self._fit()
        else:
            self._shown = tensor
            self._begin()

    def _begin(self) -> None:
        """Measure without what was visible before."""
        self._changes.is_brief = False
        self._widths = [0] * len(COLUMNS)
        self._fit()

    def _fit(self) -> None:
        changes, room = self._changes.changes, self.viewport().width()
        self.setColumnHidden(_ULP, changes is None or not changes.has_ulps)
        self._measure()
        if sum(self._widths) > room and not self._changes.is_brief:
            self._changes.is_brief = True
            self._widths = [0] * len(COLUMNS)
            self._measure()
        rest = room - sum(self._widths[1:])
        for column, width in enumerate(self._widths):
            self.setColumnWidth(column, width if column else max(width, rest))

    def _measure(self) -> None:
        model, header = self._changes, self.horizontalHeader()
        first = max(self.rowAt(0), 0)
        last = min(first + self.viewport().height() // self._line + 2, model.rowCount())
        letters = self.fontMetrics().horizontalAdvance
        for column, title in enumerate(COLUMNS):
            if self.isColumnHidden(column):
                continue
            texts = [str(model.index(line, column).data()) for line in range(first, last)]
            arrow = _ARROW if column == header.sortIndicatorSection() else 0
            widest = max(map(letters, texts), default=0)
            widest = max(widest, header.fontMetrics().horizontalAdvance(title) + arrow) + _MARGIN
            self._widths[column] = max(self._widths[column], widest)

    @property
    def _line(self) -> int:
        return self.verticalHeader().defaultSectionSize()
