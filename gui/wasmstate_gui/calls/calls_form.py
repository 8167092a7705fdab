"""Calls as they are typed, and the signatures of the functions that they call."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QPushButton, QVBoxLayout, QWidget

from wasmstate import Signature
from wasmstate_gui.core.calls.trial_calls import Calls, Typed, arguments_text, read_calls, suggested
from wasmstate_gui.kit.checked_line import CheckedLine
from wasmstate_gui.kit.plain_text import HtmlLabel, PlainLabel
from wasmstate_gui.kit.theme import Theme

_SIGNATURES = (
    "If an argument is the address of an array, write what the array is and where it stands: "
    "(x: f64[4]@sym:x, y: f64) -> ()"
)


class CallLine(QWidget):
    """A function and its arguments; the widgets stand in the grid of the dialog."""

    changed = Signal()
    removed = Signal(object)

    def __init__(
        self, typed: Typed, functions: Mapping[str, Signature], theme: Theme, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.hide()
        self.function = QComboBox()
        self.function.addItems(list(functions))
        self.function.setCurrentText(typed.name)
        self.function.setAccessibleName("Function")
        self.arguments = CheckedLine("Arguments", typed.text)
        self.arguments.edit.setPlaceholderText("none")
        self.arguments.set_theme(theme)
        self.remove_button = QPushButton("Remove")
        self.remove_button.setAutoDefault(False)
        self.remove_button.setAccessibleName("Remove this call")
        self._functions = functions
        self.function.activated.connect(self._chosen)
        self.arguments.edit.textChanged.connect(self.changed)
        self.remove_button.clicked.connect(self._remove)

    def typed(self) -> Typed:
        """The current input."""
        return Typed(self.function.currentText(), self.arguments.edit.text())

    def cells(self) -> tuple[QWidget, ...]:
        """In the order of the columns."""
        return (self.function, self.arguments, self.remove_button)

    def _chosen(self) -> None:
        signature = self._functions[self.function.currentText()]
        self.arguments.edit.setText(arguments_text(signature, 1))
        self.changed.emit()

    def _remove(self) -> None:
        self.removed.emit(self)


class CallsForm(QWidget):
    """Lines of calls, to be added and removed; below them a line for each signature.

    Args:
        functions: what can be called.
        theme: its colours.
    """

    changed = Signal()

    def __init__(self, functions: Mapping[str, Signature], theme: Theme) -> None:
        super().__init__()
        self._functions = functions
        self._theme = theme
        self.lines: list[CallLine] = []
        self.signatures: dict[str, CheckedLine] = {}
        self._grid = QGridLayout()
        self._grid.setColumnStretch(1, 1)
        for column, header in enumerate(("Function", "Arguments")):
            self._grid.addWidget(HtmlLabel(f"<b>{header}</b>"), 0, column)
        self.add_button = QPushButton("Add a &call")
        self.add_button.setAutoDefault(False)
        hint = PlainLabel(_SIGNATURES)
        hint.setWordWrap(True)
        hint.setStyleSheet(f"color: {theme.dim};")
        self._signature_grid = QGridLayout()
        self._signature_grid.setColumnStretch(1, 1)
        column_ = QVBoxLayout(self)
        column_.addLayout(self._grid)
        column_.addWidget(self.add_button, 0, Qt.AlignmentFlag.AlignLeft)
        column_.addSpacing(8)
        column_.addWidget(HtmlLabel("<b>Signatures</b>"))
        column_.addWidget(hint)
        column_.addLayout(self._signature_grid)
        column_.addStretch(1)
        for typed in suggested(functions):
            self._add(typed)
        self.add_button.clicked.connect(self._add_new)
        self._changed()

    def calls(self) -> Calls:
        """What is typed now."""
        texts = {name: line.edit.text() for name, line in self.signatures.items()}
        return read_calls([line.typed() for line in self.lines], texts, self._functions)

    def chain(self) -> list[QWidget]:
        """What Tab goes through."""
        cells: list[QWidget] = []
        for line in self.lines:
            cells += [line.function, line.arguments.edit, line.remove_button]
        return [*cells, self.add_button, *(line.edit for line in self.signatures.values())]

    def _add(self, typed: Typed) -> CallLine:
        line = CallLine(typed, self._functions, self._theme, self)
        at = self._grid.rowCount()
        for column, cell in enumerate(line.cells()):
            self._grid.addWidget(cell, at, column, Qt.AlignmentFlag.AlignTop)
        line.changed.connect(self._changed)
        line.removed.connect(self._remove)
        self.lines.append(line)
        return line

    def _add_new(self) -> None:
        name = self.lines[-1].function.currentText() if self.lines else next(iter(self._functions))
        text = arguments_text(self._functions[name], len(self.lines))
        line = self._add(Typed(name, text))
        self._changed()
        line.arguments.edit.setFocus()

    def _remove(self, line: CallLine) -> None:
        self.lines.remove(line)
        for cell in (*line.cells(), line):
            cell.hide()
            cell.deleteLater()
        self._changed()

    def _changed(self) -> None:
        for line in self.lines:
            self._show_signature(line.function.currentText())
        calls = self.calls()
        for number, line in enumerate(self.lines):
            line.arguments.show_error(calls.errors.get(number, ""))
        for name, signature in self.signatures.items():
            signature.show_error(calls.signature_errors.get(name, ""))
        self.changed.emit()

    def _show_signature(self, name: str) -> None:
        """A line for the signature of a function, if it has none yet; what was typed stays."""
        if name in self.signatures:
            return
        line = CheckedLine(f"Signature of {name}", str(self._functions[name]))
        line.set_theme(self._theme)
        line.edit.textChanged.connect(self._changed)
        label = PlainLabel(name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setBuddy(line.edit)
        label.setMinimumHeight(line.edit.sizeHint().height())
        at = self._signature_grid.rowCount()
        self._signature_grid.addWidget(label, at, 0, Qt.AlignmentFlag.AlignTop)
        self._signature_grid.addWidget(line, at, 1)
        self.signatures[name] = line
