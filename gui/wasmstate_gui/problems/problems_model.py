"""The list of findings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from wasmstate.state.damage.check import Finding
from wasmstate_gui.core.remedies import advice
from wasmstate_gui.core.texts import sentence
from wasmstate_gui.kit.icons import icon
from wasmstate_gui.kit.plain_text import tooltip
from wasmstate_gui.kit.theme import LIGHT, Theme

Index = QModelIndex | QPersistentModelIndex

DISPLAY, DECORATION, TOOL_TIP, ALIGNMENT = 0, 1, 3, 7
LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


class ProblemsModel(QAbstractTableModel):
    """A line a finding."""

    COLUMNS: tuple[tuple[str, Callable[[Finding], str]], ...] = (
        ("Severity", lambda f: f.severity),
        ("Offset", lambda f: "" if f.offset is None else f"{f.offset:06X}"),
        ("Where", lambda f: f.path),
        ("Problem", lambda f: sentence(f.reason)),
        ("Sure", lambda f: f.certainty),
        ("What to do", advice),
        ("Repair", lambda f: f.repair or ""),
    )

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.findings: Sequence[Finding] = ()
        self._theme = LIGHT

    def show(self, findings: Sequence[Finding]) -> None:
        """Show other findings."""
        self.beginResetModel()
        self.findings = findings
        self.endResetModel()

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.findings)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.COLUMNS)

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        finding = self.findings[index.row()]
        if role == DISPLAY:
            return self.COLUMNS[index.column()][1](finding)
        if role == DECORATION and index.column() == 0:
            return icon(finding.severity, QColor(self._theme.damage))
        if role == TOOL_TIP:
            return tooltip(str(finding))
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if role == DISPLAY and orientation == Qt.Orientation.Horizontal:
            return self.COLUMNS[section][0]
        return LEFT if role == ALIGNMENT else None
