"""Choosing a donor, and what of the host it works on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from wasmstate_gui.core.document.destination import copy_of
from wasmstate_gui.core.wizards.graft_plan import Choice, Offer
from wasmstate_gui.core.wizards.plan import Verdict
from wasmstate_gui.kit.plain_text import HtmlLabel, PlainLabel
from wasmstate_gui.kit.theme import Theme
from wasmstate_gui.wizards.destination_box import DestinationBox
from wasmstate_gui.wizards.wizard_dialog import WizardDialog

_SIZE = QSize(860, 600)
_FILE = "A file\u2026"


class GraftDialog(WizardDialog):
    """Donors with what they do; their imports with what they are in the host.

    Args:
        path: of the host.
        offer: what it exports, and what fits.
        donors: the name and one line of each that is shipped.
    """

    def __init__(
        self,
        path: Path,
        offer: Offer,
        donors: Sequence[tuple[str, str]],
        theme: Theme,
        parent: QWidget,
    ) -> None:
        destination = DestinationBox(copy_of(path, "grafted"))
        title = f"Graft functions: {path.name}"
        super().__init__(title, "Graft", destination, theme, _SIZE, parent)
        self._exports = offer.exports
        self._imports: list[tuple[str, str]] = []
        self.names: dict[str, QComboBox] = {}
        self._reasons: dict[str, QLabel] = {}
        self.donors = QComboBox()
        self.donors.setAccessibleName("Donor")
        for name, text in donors:
            self.donors.addItem(f"{name}: {text}", name)
        self.donors.addItem(_FILE, "")
        self.donors.setCurrentIndex(self.donors.findData(offer.fitting))
        self.path = QLineEdit()
        self.path.setAccessibleName("Path of the donor")
        self.path.setPlaceholderText("a small module that imports what the host exports")
        self.choose_button = QPushButton("Choose\u2026")
        self.choose_button.setAutoDefault(False)
        self.replace = QCheckBox("&Replace exports of the same name; the old functions stay inside")
        label = PlainLabel("&Donor:")
        label.setBuddy(self.donors)
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(self.donors, 1)
        file = QHBoxLayout()
        file.addWidget(self.path, 1)
        file.addWidget(self.choose_button)
        self._area = QScrollArea()
        self._area.setAccessibleName("What the donor imports")
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.StyledPanel)
        self.body.addLayout(row)
        self.body.addLayout(file)
        self.body.addWidget(self._area, 1)
        self.body.addWidget(self.replace)
        self.donors.currentIndexChanged.connect(self._chosen)
        self.path.textChanged.connect(self.changed)
        self.replace.toggled.connect(self.changed)
        self.choose_button.clicked.connect(self._choose)
        self._chosen()
        self.donors.setFocus()

    def choice(self) -> Choice:
        names = {name: box.currentData() for name, box in self.names.items() if box.currentData()}
        donor = self.donors.currentData()
        return Choice(donor, self.path.text(), names, self.replace.isChecked())

    def show_verdict(self, verdict: Verdict) -> None:
        imports = [(name, kind) for name, kind, _, _ in verdict.lines]
        if imports != self._imports:
            self._show_imports(imports)
        for name, _, found, reason in verdict.lines:
            label = self._reasons[name]
            label.setText(f"\u26a0 {reason}" if reason else f"\u2192 {found}")
            colour = self.theme.error_text if reason else self.theme.text
            label.setStyleSheet(f"color: {colour};")
        super().show_verdict(verdict)

    def _chosen(self) -> None:
        is_file = not self.donors.currentData()
        self.path.setVisible(is_file)
        self.choose_button.setVisible(is_file)
        self._show_imports([])
        self.changed.emit()

    def _show_imports(self, imports: Sequence[tuple[str, str]]) -> None:
        self._imports = list(imports)
        self.names, self._reasons = {}, {}
        page = QWidget()
        grid = QGridLayout()
        grid.setColumnStretch(3, 1)
        for column, header in enumerate(("Import", "Kind", "In the host", "Is")):
            grid.addWidget(HtmlLabel(f"<b>{header}</b>"), 0, column)
        for line, (name, kind) in enumerate(imports, 1):
            box = QComboBox()
            box.setAccessibleName(f"What {name} is in the host")
            box.setMinimumWidth(180)
            box.addItem("by the same name", "")
            for each in self._exports.get(kind, []):
                box.addItem(each, each)
            box.currentIndexChanged.connect(self.changed)
            reason = PlainLabel()
            reason.setWordWrap(True)
            reason.setAccessibleName(f"What becomes of the import {name}")
            for column, cell in enumerate((PlainLabel(name), PlainLabel(kind), box, reason)):
                grid.addWidget(cell, line, column)
            self.names[name], self._reasons[name] = box, reason
        outer = QVBoxLayout(page)
        outer.addLayout(grid)
        outer.addStretch(1)
        self._area.setWidget(page)
        first = (self.donors, self.path, self.choose_button)
        self.order_tabs(*first, *self.names.values(), self.replace)

    def _choose(self) -> None:
        dialog = QFileDialog(self, "The donor", self.path.text())
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(["WebAssembly (*.wasm)", "All files (*)"])
        dialog.fileSelected.connect(self.path.setText)
        dialog.open()
