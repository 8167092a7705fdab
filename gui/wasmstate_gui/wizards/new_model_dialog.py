"""Choosing a model that learns, and its options."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from wasmstate.models import Family
from wasmstate_gui.core.wizards.new_model_plan import Choice, Field, fields
from wasmstate_gui.kit.checked_line import CheckedLine
from wasmstate_gui.kit.plain_text import HtmlLabel, PlainLabel
from wasmstate_gui.kit.theme import Theme
from wasmstate_gui.wizards.destination_box import DestinationBox
from wasmstate_gui.wizards.wizard_dialog import WizardDialog

_SIZE = QSize(900, 600)
_LIST_WIDTH = 340


class NewModelDialog(WizardDialog):
    """The families at the left, the form of the chosen one at the right.

    Args:
        families: to choose from.
        path_of: gives a free path for a model of a family.
        theme: its colours.
    """

    def __init__(
        self,
        families: Sequence[Family],
        path_of: Callable[[str], Path],
        theme: Theme,
        parent: QWidget,
    ) -> None:
        destination = DestinationBox(path_of(families[0].name))
        super().__init__("New model", "Create", destination, theme, _SIZE, parent)
        self._families = families
        self._path_of = path_of
        self._lines: dict[str, CheckedLine] = {}
        self.list = QListWidget()
        self.list.setAccessibleName("Families of models")
        self.list.setFixedWidth(_LIST_WIDTH)
        self.list.setWordWrap(True)
        self.list.setSpacing(2)
        self.list.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for family in families:
            self.list.addItem(QListWidgetItem(f"{family.name}\n{family.summary}"))
        self._page = QScrollArea()
        self._page.setWidgetResizable(True)
        self._page.setFrameShape(QFrame.Shape.NoFrame)
        self._page.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        row = QHBoxLayout()
        row.addWidget(self.list)
        row.addWidget(self._page, 1)
        self.body.addLayout(row)
        self.list.currentRowChanged.connect(self._chosen)
        self.list.setCurrentRow(0)
        self.list.setFocus()

    def choice(self) -> Choice:
        texts = {name: line.edit.text() for name, line in self._lines.items()}
        return Choice(self._family.name, texts)

    def lines(self) -> Mapping[str, CheckedLine]:
        return self._lines

    @property
    def _family(self) -> Family:
        return self._families[self.list.currentRow()]

    def _chosen(self, _row: int) -> None:
        family = self._family
        page = QWidget()
        column = QVBoxLayout(page)
        column.setAlignment(Qt.AlignmentFlag.AlignTop)
        title = HtmlLabel(f"<b>{family.name}</b><br>{escape(family.summary)}.")
        source = PlainLabel(f"Source: {family.source}")
        source.setTextFormat(Qt.TextFormat.PlainText)
        source.setStyleSheet(f"color: {self.theme.dim};")
        for label in (title, source):
            label.setWordWrap(True)
            column.addWidget(label)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setVerticalSpacing(10)
        column.addLayout(form)
        self._lines = {}
        for each in fields(family):
            self._add(form, each)
        self._page.setWidget(page)
        self.order_tabs(self.list, *(line.edit for line in self._lines.values()))
        edit = self.destination.path.edit
        if not edit.isModified():
            edit.setText(str(self._path_of(family.name)))
        self.changed.emit()

    def _add(self, form: QFormLayout, field: Field) -> None:
        line = CheckedLine(f"{field.name}: {field.explanation} {field.kind}", field.text)
        line.edit.setPlaceholderText("by chance" if field.name == "seed" else "needed")
        line.set_theme(self.theme)
        line.edit.textChanged.connect(self.changed)
        hint = PlainLabel(f"{field.explanation} {field.kind[0].upper()}{field.kind[1:]}.")
        hint.setWordWrap(True)
        hint.setStyleSheet(f"color: {self.theme.dim};")
        cell = QVBoxLayout()
        cell.setSpacing(2)
        cell.addWidget(line)
        cell.addWidget(hint)
        label = PlainLabel(field.name)
        label.setBuddy(line.edit)
        form.addRow(label, cell)
        self._lines[field.name] = line
