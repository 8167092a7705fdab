"""Calls to be made to find out what a module learns."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from wasmstate import Signature
from wasmstate_gui.calls.calls_form import CallsForm
from wasmstate_gui.core.remedies import shortened
from wasmstate_gui.kit.plain_text import PlainLabel, tooltip
from wasmstate_gui.kit.progress_row import ProgressRow
from wasmstate_gui.kit.theme import Theme

_SIZE = QSize(760, 520)
_INTRODUCTION = (
    "What calls change, and later calls read, is what a module learns. Give calls that change all "
    "of it, each with other numbers. They are made several times, in a process of their own; the "
    "file stays as it is."
)


class FindDialog(QDialog):
    """A form of calls. It stays until something is found, and says why if nothing is.

    Args:
        functions: what can be called.
        theme: its colours.
    """

    agreed = Signal(object)
    """The :class:`Calls` to be made."""

    def __init__(self, functions: Mapping[str, Signature], theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Find by calling")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(_SIZE.boundedTo(parent.size()))
        self._is_busy = False
        text = PlainLabel(_INTRODUCTION)
        text.setWordWrap(True)
        self.form = CallsForm(functions, theme)
        area = QScrollArea()
        area.setAccessibleName("Calls")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.StyledPanel)
        area.setWidget(self.form)
        self.verdict = PlainLabel()
        self.verdict.setWordWrap(True)
        self.verdict.setTextFormat(Qt.TextFormat.PlainText)
        self.verdict.setAccessibleName("What came of it")
        self.verdict.setStyleSheet(f"color: {theme.error_text};")
        self.verdict.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self.verdict.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.progress = ProgressRow()
        self.buttons = QDialogButtonBox()
        self.find_button = self.buttons.addButton("Find", QDialogButtonBox.ButtonRole.AcceptRole)
        self.find_button.setDefault(True)
        self.cancel_button = self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        foot = QHBoxLayout()
        foot.addWidget(self.progress, 1)
        foot.addWidget(self.buttons)
        column = QVBoxLayout(self)
        column.addWidget(text)
        column.addWidget(area, 1)
        column.addWidget(self.verdict)
        column.addLayout(foot)
        self.form.changed.connect(self._changed)
        self.buttons.accepted.connect(self._agree)
        self.buttons.rejected.connect(self.reject)
        self._changed()
        lines = self.form.lines
        (lines[0].arguments.edit if lines else self.form.add_button).setFocus()

    def show_progress(self, text: str, share: float | None) -> None:
        """The calls are being made."""
        self.progress.show_progress(text, share)

    def show_failure(self, text: str) -> None:
        """Say why nothing was found; it can be tried again."""
        self._is_busy = False
        self.verdict.setText(f"\u26a0 {shortened(text)}")
        self.verdict.setToolTip(tooltip(text))
        self._changed()

    def reject(self) -> None:
        """Close it; while calls are made, give these up first."""
        if self._is_busy:
            self.progress.stopped.emit()
        else:
            super().reject()

    def _agree(self) -> None:
        calls = self.form.calls()
        if calls.are_good and not self._is_busy:
            self._is_busy = True
            self.find_button.setEnabled(False)
            self.verdict.setText("")
            self.agreed.emit(calls)

    def _changed(self) -> None:
        self.find_button.setEnabled(self.form.calls().are_good and not self._is_busy)
        chain = [*self.form.chain(), self.progress.stop_button, self.find_button]
        for one, next_ in pairwise([*chain, self.cancel_button]):
            self.setTabOrder(one, next_)
