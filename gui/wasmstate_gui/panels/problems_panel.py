"""The list of what is wrong with the file."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QTableView, QWidget

from wasmstate.state.check import Finding
from wasmstate_gui.models.problems_model import ProblemsModel
from wasmstate_gui.theme import Theme

_TWO_LINES = 42


class ProblemsPanel(QTableView):
    """Shows findings; choosing one goes to its byte."""

    chosen = Signal(int)
    """The offset of the finding's byte."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Problems")
        self.problems_model = ProblemsModel(self)
        self.setModel(self.problems_model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setShowGrid(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_TWO_LINES)
        for column, width in enumerate((90, 74, 200, 330)):
            self.horizontalHeader().resizeSection(column, width)
        self.horizontalHeader().setStretchLastSection(True)
        self.activated.connect(self._chosen)
        self.clicked.connect(self._chosen)

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Show other findings."""
        self.problems_model.show(findings)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self.problems_model.set_theme(theme)
        self.viewport().update()

    def _chosen(self, index: QModelIndex) -> None:
        offset = self.problems_model.findings[index.row()].offset
        if offset is not None:
            self.chosen.emit(offset)
