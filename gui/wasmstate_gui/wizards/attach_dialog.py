"""Telling which bytes of a module's memory are its state."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QCompleter,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from wasmstate import Discovery, Signature
from wasmstate.state.tensor import DTYPES
from wasmstate_gui.core.document.destination import copy_of
from wasmstate_gui.core.wizards.attach_plan import Choice, Offer
from wasmstate_gui.core.wizards.found_tensors import found_text, with_found
from wasmstate_gui.core.wizards.plan import Verdict
from wasmstate_gui.core.wizards.tensor_candidates import Row
from wasmstate_gui.kit.elided_label import ElidedLabel
from wasmstate_gui.kit.plain_text import HtmlLabel, PlainLabel
from wasmstate_gui.kit.theme import Theme
from wasmstate_gui.wizards.destination_box import DestinationBox
from wasmstate_gui.wizards.find_dialog import FindDialog
from wasmstate_gui.wizards.wizard_dialog import WizardDialog

_SIZE = QSize(960, 640)
_MOST = 40
_AT_ONCE = 5  # rows that are made in one turn: each is eight widgets
_HEADERS = ("Tensor", "Type", "Shape", "Place", "Initial values")
_NEW = Row("", "f64", "", "", is_chosen=True)
_NOT_CALLED = (
    "The module exports no function that could be called, or imports what nobody grants it"
)
_WHOLE = (
    "S is &all of memory and every global that can change, as programs with a heap need it; "
    "tensors that are ticked name parts of it"
)


class TensorLine(QWidget):
    """The widgets of one row, and what is wrong with it; they stand in the grid of the dialog."""

    changed = Signal()

    def __init__(self, row: Row, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.hide()
        self._first = row
        what = row.name or "the new tensor"
        self.tick = QCheckBox()
        self.tick.setAccessibleName(f"{what} belongs to S")
        self.tick.setChecked(row.is_chosen)
        self.name = _edit(row.name, f"Name of {what}", "name")
        self.dtype = QComboBox()
        self.dtype.addItems(list(DTYPES))
        self.dtype.setCurrentText(row.dtype)
        self.dtype.setAccessibleName(f"Type of {what}")
        self.shape = _edit(row.shape, f"Shape of {what}", "scalar")
        self.place = _edit(row.place, f"Place of {what}", "1024 or sym:NAME or global:NAME")
        self.values = ElidedLabel()
        self.values.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.values.setAccessibleName(f"Initial values of {what}")
        self.name.setMinimumWidth(130)
        self.shape.setMinimumWidth(60)
        self.note = ElidedLabel()
        self.note.show_text(row.note)
        self.note.setStyleSheet(f"color: {theme.dim};")
        self.error = PlainLabel()
        self.error.setWordWrap(True)
        self.error.setStyleSheet(f"color: {theme.error_text};")
        self.error.setAccessibleName(f"What is wrong with {what}")
        self.error.hide()
        self.tick.toggled.connect(self.changed)
        for edit in (self.name, self.shape, self.place):
            edit.textChanged.connect(self._edited)
        self.dtype.activated.connect(self._edited)

    def row(self) -> Row:
        """The current input."""
        return Row(
            self.name.text(),
            self.dtype.currentText(),
            self.shape.text(),
            self.place.text(),
            self.tick.isChecked(),
            self._first.note if self.place.text() == self._first.place else "",
        )

    def cells(self) -> tuple[QWidget, ...]:
        """In the order of the columns."""
        return (self.tick, self.name, self.dtype, self.shape, self.place, self.values)

    def _edited(self) -> None:
        """Whoever types in a row wants it."""
        self.tick.blockSignals(True)
        self.tick.setChecked(True)
        self.tick.blockSignals(False)
        self.changed.emit()


class AttachDialog(WizardDialog):
    """Symbols and globals that can be tensors, to be ticked and described."""

    find_wanted = Signal()
    """Calls are to be made to find out what the module learns."""

    def __init__(self, path: Path, offer: Offer, theme: Theme, parent: QWidget) -> None:
        copy = copy_of(path, "learning")
        destination = DestinationBox(copy, "Change the file &itself, crash-safely; can be undone")
        title = f"Add a state section: {path.name}"
        super().__init__(title, "Add state section", destination, theme, _SIZE, parent)
        self._places = [row.place for row in offer.rows]
        self._functions = offer.functions
        self._entry_points: Mapping[str, Signature] = {}
        self.finder: FindDialog | None = None
        self.text = HtmlLabel(_introduction(offer.rows))
        self.text.setWordWrap(True)
        self.rows: list[TensorLine] = []
        self._rest: deque[Row] = deque()
        self._verdict = Verdict()
        self._later = QTimer(self, interval=0, singleShot=True)
        self._later.timeout.connect(self._add_some)
        self._area = QScrollArea()
        self._area.setAccessibleName("What could be a tensor")
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.StyledPanel)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.add_button = QPushButton("Add another &tensor")
        self.add_button.setAutoDefault(False)
        self.find_button = QPushButton("&Find by calling\u2026")
        self.find_button.setAutoDefault(False)
        self.find_button.setEnabled(bool(offer.functions))
        self.find_button.setToolTip("" if offer.functions else _NOT_CALLED)
        self.whole = QCheckBox(_WHOLE)
        buttons = QHBoxLayout()
        buttons.addWidget(self.add_button)
        buttons.addWidget(self.find_button)
        buttons.addStretch(1)
        self.body.addWidget(self.text)
        self.body.addWidget(self._area, 1)
        self.body.addLayout(buttons)
        self.body.addWidget(self.whole)
        self._fill(offer.rows[:_MOST])
        self.add_button.clicked.connect(self._add_new)
        self.find_button.clicked.connect(self.find_wanted)
        self.whole.toggled.connect(self.changed)
        (self.rows[0].tick if self.rows else self.add_button).setFocus()

    def choice(self) -> Choice:
        return Choice(self._described(), self.whole.isChecked(), self._entry_points)

    def begin_finding(self) -> FindDialog:
        """Ask for the calls."""
        self.finder = FindDialog(self._functions, self.theme, self)
        self.finder.open()
        return self.finder

    def show_found(self, found: Discovery) -> None:
        """Show what calls have found, among what was there; to be looked at and corrected."""
        assert self.finder is not None
        self.finder.accept()
        self._entry_points = dict(found.entry_points)
        self.text.setText(found_text(found))
        self._fill(with_found(self._described(), found))
        self._area.verticalScrollBar().setValue(0)
        self.changed.emit()

    def show_verdict(self, verdict: Verdict) -> None:
        self._verdict = verdict
        self._mark_lines()
        if verdict.errors:
            verdict = replace(verdict, errors={}, problem="Mend what is marked above")
        super().show_verdict(verdict)

    def _mark_lines(self) -> None:
        """Show beside each row what was found of it."""
        for number, line in enumerate(self.rows[: len(self._verdict.lines)]):
            line.values.show_text(self._verdict.lines[number][0])
            error = self._verdict.errors.get(str(number), "")
            line.error.setText(error)
            line.error.setVisible(bool(error))

    def _described(self) -> tuple[Row, ...]:
        """All rows as they are now, also those that have no widgets yet."""
        return (*(line.row() for line in self.rows), *self._rest)

    def _fill(self, rows: Sequence[Row]) -> None:
        """Show these rows and no others."""
        for line in self.rows:
            line.deleteLater()
        self.rows = []
        page = QWidget()
        self._grid = QGridLayout()
        self._grid.setVerticalSpacing(3)
        for column, stretch in ((1, 3), (3, 2), (4, 4), (5, 4)):
            self._grid.setColumnStretch(column, stretch)
        for column, header in enumerate(_HEADERS, 1):
            self._grid.addWidget(HtmlLabel(f"<b>{header}</b>"), 0, column)
        outer = QVBoxLayout(page)
        outer.setContentsMargins(4, 4, 4, 4)
        outer.addLayout(self._grid)
        outer.addStretch(1)
        self._area.setWidget(page)
        self._verdict = Verdict()
        self._rest = deque(rows)
        self._add_some()

    def _add_some(self) -> None:
        """Make the next rows, so few that the window does not stand still; then the others."""
        for _ in range(min(_AT_ONCE, len(self._rest))):
            self._add(self._rest.popleft())
        self._mark_lines()
        self._order()
        if self._rest:
            self._later.start()

    def _add(self, row: Row) -> TensorLine:
        line = TensorLine(row, self.theme, self)
        at = 3 * len(self.rows) + 1
        for column, cell in enumerate(line.cells()):
            self._grid.addWidget(cell, at, column)
        if row.note:
            self._grid.addWidget(line.note, at + 1, 4, 1, 2)
        self._grid.addWidget(line.error, at + 2, 1, 1, 5)
        line.changed.connect(self.changed)
        self.rows.append(line)
        return line

    def _add_new(self) -> None:
        while self._rest:
            self._add_some()
        line = self._add(_NEW)
        completer = QCompleter(self._places, line)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        line.place.setCompleter(completer)
        self._order()
        line.name.show()  # the layout would do so later, and what is hidden takes no focus
        line.name.setFocus()
        QTimer.singleShot(0, self, self._show_last)
        self.changed.emit()

    def _show_last(self) -> None:
        self._area.ensureWidgetVisible(self.rows[-1].name)

    def _order(self) -> None:
        cells = [cell for line in self.rows for cell in line.cells()[:-1]]
        self.order_tabs(*cells, self.add_button, self.find_button, self.whole)


def _edit(text: str, what: str, placeholder: str) -> QLineEdit:
    edit = QLineEdit(text)
    edit.setAccessibleName(what)
    edit.setPlaceholderText(placeholder)
    edit.setCursorPosition(0)
    return edit


def _introduction(rows: Sequence[Row]) -> str:
    if not rows:
        return (
            "The module tells no symbol and has no global that could be a tensor: find what calls "
            "change, give addresses in its memory, or take all of it."
        )
    text = (
        "Tick what the module learns. A module does not tell types and shapes of its symbols: "
        "those below are guesses from the room that each has. Look at the initial values, or "
        "let calls find out."
    )
    if len(rows) > _MOST:
        text += (
            f" The first {_MOST} of {len(rows):,} are listed; the others are found when the place "
            "of a tensor that is added is typed."
        )
    return text
