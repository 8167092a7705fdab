"""What the dialogs of all wizards share."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from wasmstate_gui.core.remedies import shortened
from wasmstate_gui.core.wizards.plan import Verdict
from wasmstate_gui.kit.checked_line import CheckedLine
from wasmstate_gui.kit.plain_text import PlainLabel, tooltip
from wasmstate_gui.kit.progress_row import ProgressRow
from wasmstate_gui.kit.theme import Theme
from wasmstate_gui.wizards.destination_box import DestinationBox

_MARGIN = 48


class WizardDialog(QDialog):
    """A body, what would come of it, where it goes, and two buttons.

    Nothing is written by it: it says what was agreed to, stays until that is done, and shows why
    if it is not.

    Args:
        title: of the dialog.
        verb: on the button that agrees.
        destination: where the file goes.
        theme: its colours.
        size: of the dialog, if the window has room for it.
    """

    changed = Signal()
    """Something else was chosen or typed: it is to be judged."""
    agreed = Signal(object)
    """The path to write to; ``None`` for the file itself."""

    def __init__(
        self,
        title: str,
        verb: str,
        destination: DestinationBox,
        theme: Theme,
        size: QSize,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        room = parent.size() - QSize(_MARGIN, _MARGIN)
        self.resize(size.boundedTo(room))
        self.theme = theme
        self.destination = destination
        self.destination.set_theme(theme)
        self.verdict = PlainLabel()
        self.verdict.setWordWrap(True)
        self.verdict.setTextFormat(Qt.TextFormat.PlainText)
        self.verdict.setAccessibleName("What would be written")
        self.verdict.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self.verdict.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.buttons = QDialogButtonBox()
        self.agree_button = self.buttons.addButton(verb, QDialogButtonBox.ButtonRole.AcceptRole)
        self.agree_button.setDefault(True)
        self.agree_button.setEnabled(False)
        self.cancel_button = self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.progress = ProgressRow()
        self.body = QVBoxLayout()
        foot = QHBoxLayout()
        foot.addWidget(self.progress, 1)
        foot.addWidget(self.buttons)
        column = QVBoxLayout(self)
        column.addLayout(self.body, 1)
        column.addWidget(self.verdict)
        column.addWidget(self.destination)
        column.addLayout(foot)
        self._is_good = self._is_making = self._is_writing = False
        self.destination.changed.connect(self._enable)
        self.buttons.accepted.connect(self._agree)
        self.buttons.rejected.connect(self.reject)

    def choice(self) -> Any:
        """What is chosen now."""
        raise NotImplementedError

    def lines(self) -> Mapping[str, CheckedLine]:
        """The fields that can be wrong, by name."""
        return {}

    def show_verdict(self, verdict: Verdict) -> None:
        """Show what would come of the choice."""
        for name, line in self.lines().items():
            line.show_error(verdict.errors.get(name, ""))
        others = [text for name, text in verdict.errors.items() if name not in self.lines()]
        self._say(
            "; ".join([verdict.problem, *others]).strip("; "), verdict.hint or verdict.summary
        )
        self._is_good = verdict.is_good
        self._enable()

    def show_progress(self, text: str, share: float | None) -> None:
        """What is chosen is still being judged, or made."""
        self.progress.show_progress(text, share)
        self._is_good = self._is_making
        self._enable()

    def begin_writing(self) -> None:
        """It is made, and written now: that is not given up any more."""
        self._is_writing = True
        self.cancel_button.setEnabled(False)

    def show_failure(self, text: str) -> None:
        """Say why it could not be written; it can be tried again."""
        self._say(text, "")
        self._is_making = self._is_writing = False
        self.cancel_button.setEnabled(True)
        self._enable()

    def order_tabs(self, *widgets: QWidget) -> None:
        """Tab goes through these, then to where the file goes, then to the buttons."""
        destination = self.destination
        chain = [*widgets, destination.to_copy, destination.path.edit, destination.choose_button]
        chain += [destination.in_place, self.progress.stop_button]
        chain += [self.agree_button, self.cancel_button]
        for one, next_ in pairwise(chain):
            self.setTabOrder(one, next_)

    def reject(self) -> None:
        """Close it; while it is being made give that up, and while it is written wait for that."""
        if self._is_writing:
            return
        if self._is_making:
            self.progress.stopped.emit()
        else:
            super().reject()

    def _say(self, problem: str, summary: str) -> None:
        colour = self.theme.error_text if problem else self.theme.text
        self.verdict.setStyleSheet(f"color: {colour};")
        self.verdict.setText(f"\u26a0 {shortened(problem)}" if problem else summary)
        self.verdict.setToolTip(tooltip(problem))

    def _enable(self) -> None:
        is_good = self._is_good and self.destination.is_good
        self.agree_button.setEnabled(is_good and not self._is_making)

    def _agree(self) -> None:
        if self.agree_button.isEnabled():
            self._is_making = True
            self._enable()
            self._say("", "Working\u2026")
            path: Path | None = self.destination.chosen
            self.agreed.emit(path)
