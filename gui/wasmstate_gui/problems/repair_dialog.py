"""A repair, shown before it is done."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from wasmstate_gui.core.problems.repair_plan import RepairPlan
from wasmstate_gui.kit.lines_table import lines_table
from wasmstate_gui.kit.plain_text import PlainLabel

_WIDTH, _HEIGHT = 720, 520


class RepairDialog(QDialog):
    """Bytes and cells before and after, and where the repaired file goes: first of all a copy."""

    agreed = Signal(object)
    """The path that is written to."""

    def __init__(self, plan: RepairPlan, parent: QWidget) -> None:
        super().__init__(parent)
        self._plan = plan
        self.setWindowTitle(f"Repair {plan.path.name}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(_WIDTH, _HEIGHT)
        self.to_copy = QRadioButton("Write a &copy:")
        self.in_place = QRadioButton("Repair the file &itself, crash-safely; it can be undone")
        self.to_copy.setChecked(True)
        self.name = QLineEdit(str(plan.copy))
        self.name.setAccessibleName("Path of the repaired copy")
        self.buttons = QDialogButtonBox()
        self.repair_button = self.buttons.addButton(
            "Repair", QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        column = QVBoxLayout(self)
        for text in (plan.title, plan.proof, plan.byte_summary):
            label = PlainLabel(text)
            label.setWordWrap(True)
            column.addWidget(label)
        self.bytes = lines_table(
            "Bytes that would change", ("Offset", "Now", "Then"), plan.byte_lines()
        )
        column.addWidget(self.bytes, 2)
        cells = plan.cell_lines()
        self.cells = lines_table("Cells that would change", ("Cell", "Now", "Then"), cells)
        self.cells.setVisible(bool(cells))
        column.addWidget(self.cells, 3)
        row = QHBoxLayout()
        row.addWidget(self.to_copy)
        row.addWidget(self.name, 1)
        column.addLayout(row)
        column.addWidget(self.in_place)
        column.addWidget(self.buttons)
        self.to_copy.toggled.connect(self.name.setEnabled)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)

    def _accept(self) -> None:
        is_copy = self.to_copy.isChecked()
        self.agreed.emit(Path(self.name.text()) if is_copy else self._plan.path)
        self.accept()
