"""Bars under the bytes with a line to type in: find, and go to."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from wasmstate_gui.core.bytes.search import KINDS
from wasmstate_gui.kit.elided_label import ElidedLabel
from wasmstate_gui.kit.plain_text import PlainLabel
from wasmstate_gui.kit.theme import Theme

_SHARES = 1000


class LineBar(QWidget):
    """A line to type in, and what there is to say about what was typed; Esc closes it."""

    closed = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setObjectName("line_bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.edit = QLineEdit()
        self.edit.setAccessibleName(name)
        self.edit.setClearButtonEnabled(True)
        self.note = ElidedLabel()
        self.note.setAccessibleName(f"{name}: result")
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(8, 4, 8, 4)
        self.close_button = QPushButton("Close")
        self.close_button.clicked.connect(self.shut)
        self.hide()

    def begin(self) -> None:
        """Show the bar, ready to type."""
        self.show()
        self.edit.setFocus()
        self.edit.selectAll()

    def shut(self) -> None:
        """Hide the bar."""
        self.hide()
        self.closed.emit()

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self.setStyleSheet(
            f"#line_bar {{ background: {theme.window}; border-top: 1px solid {theme.line}; }}"
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.shut()
        else:
            super().keyPressEvent(event)


class GotoBar(LineBar):
    """Where to go."""

    typed = Signal(str)
    """The text is another one."""
    chosen = Signal(str)
    """The user wants to go there."""

    def __init__(self, hint: str, parent: QWidget | None = None) -> None:
        super().__init__("Go to", parent)
        self.edit.setPlaceholderText(hint)
        self.row.addWidget(PlainLabel("Go to"))
        self.row.addWidget(self.edit, 3)
        self.row.addWidget(self.note, 2)
        self.row.addWidget(self.close_button)
        self.edit.textChanged.connect(self.typed)
        self.edit.returnPressed.connect(self._chosen)

    def _chosen(self) -> None:
        self.chosen.emit(self.edit.text())


class FindBar(LineBar):
    """What to look for, and in which direction."""

    requested = Signal(int)
    """The user wants the next (1) or the previous (-1) place."""
    changed = Signal()
    """What is looked for is something else."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Find", parent)
        self.kinds = QComboBox()
        self.kinds.addItems(KINDS)
        self.kinds.setAccessibleName("What is looked for")
        self.tolerance = QLineEdit("0")
        self.tolerance.setAccessibleName("Tolerance")
        self.tolerance.setMaximumWidth(70)
        self._tolerance_label = PlainLabel("\u00b1")
        self.previous_button = QPushButton("Previous")
        self.next_button = QPushButton("Next")
        self.progress = QProgressBar(maximum=_SHARES)
        self.progress.setAccessibleName("Progress of the search")
        self.progress.setMaximumWidth(90)
        self.progress.setTextVisible(False)
        self.edit.setMinimumWidth(90)
        self.edit.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for widget, stretch in (
            (PlainLabel("Find"), 0),
            (self.kinds, 0),
            (self.edit, 3),
            (self._tolerance_label, 0),
            (self.tolerance, 0),
            (self.previous_button, 0),
            (self.next_button, 0),
            (self.progress, 0),
            (self.note, 2),
            (self.close_button, 0),
        ):
            self.row.addWidget(widget, stretch)
        self.progress.hide()
        self.kinds.currentTextChanged.connect(self._kind_changed)
        self.edit.textChanged.connect(self.changed)
        self.tolerance.textChanged.connect(self.changed)
        self.next_button.clicked.connect(self._next)
        self.previous_button.clicked.connect(self._previous)
        self._kind_changed(KINDS[0])

    def show_progress(self, share: float | None) -> None:
        """Show how far a search has come; ``None`` when it is over."""
        self.progress.setVisible(share is not None)
        self.progress.setValue(round(_SHARES * (share or 0)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            is_back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.requested.emit(-1 if is_back else 1)
        else:
            super().keyPressEvent(event)

    def _kind_changed(self, kind: str) -> None:
        is_number = kind not in ("bytes", "text")
        self._tolerance_label.setVisible(is_number)
        self.tolerance.setVisible(is_number)
        hints = {"bytes": "de ad be ef", "text": "text, as UTF-8"}
        self.edit.setPlaceholderText(hints.get(kind, "a number"))
        self.changed.emit()

    def _next(self) -> None:
        self.requested.emit(1)

    def _previous(self) -> None:
        self.requested.emit(-1)
