"""The list of what is wrong with the file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QPushButton, QTableView, QWidget

from wasmstate.state.damage.finding import Finding
from wasmstate.state.damage.repair import REPAIRS
from wasmstate_gui.kit.theme import Theme
from wasmstate_gui.problems.problems_model import ProblemsModel

_TWO_LINES = 42
_ADVICE, _REPAIR = 5, 6
_SHORT_COLUMNS = 90 + 74 + 62 + 112


class ProblemsPanel(QTableView):
    """Shows findings; choosing one goes to its byte."""

    chosen = Signal(int)
    """The offset of the finding's byte."""
    repair_wanted = Signal(str)
    """The name of the repair that is to be shown."""

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
        header = self.horizontalHeader()
        header.setSectionResizeMode(_ADVICE, QHeaderView.ResizeMode.Stretch)
        header.resizeSection(_REPAIR, 112)
        self.activated.connect(self._chosen)
        self.clicked.connect(self._chosen)

    def resizeEvent(self, event: QResizeEvent) -> None:
        # What is wrong and what to do share what the short columns leave.
        header, spare = self.horizontalHeader(), max(0, self.width() - _SHORT_COLUMNS)
        for column, width in enumerate((90, 74, spare // 5, spare * 2 // 5, 62)):
            header.resizeSection(column, width)
        super().resizeEvent(event)

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Show other findings."""
        self.problems_model.show(findings)
        for line, finding in enumerate(findings):
            if finding.repair is not None:
                button = QPushButton("Repair\u2026")
                button.setToolTip(f"{REPAIRS[finding.repair].title}: look at what it would change")
                button.setAccessibleName(f"Repair problem {line + 1}: {finding.repair}")
                button.clicked.connect(partial(self.repair_wanted.emit, finding.repair))
                self.setIndexWidget(self.problems_model.index(line, _REPAIR), button)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self.problems_model.set_theme(theme)
        self.viewport().update()

    def _chosen(self, index: QModelIndex) -> None:
        offset = self.problems_model.findings[index.row()].offset
        if offset is not None:
            self.chosen.emit(offset)
