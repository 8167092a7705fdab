"""A bar for work that takes its time: what it is, how far it has come, and a button to end it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from wasmstate_gui.kit.elided_label import ElidedLabel
from wasmstate_gui.kit.theme import Theme


class TaskBar(QWidget):
    """Hidden as long as nothing is under way."""

    cancelled = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setObjectName("task_bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.what = ElidedLabel()
        self.what.setAccessibleName(f"{name}: what is under way")
        self.progress = QProgressBar(maximum=100)
        self.progress.setAccessibleName(f"{name}: how much is done")
        self.cancel_button = QPushButton("Cancel  Esc")
        self.cancel_button.clicked.connect(self.cancelled)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.addWidget(self.what, 1)
        row.addWidget(self.progress, 1)
        row.addWidget(self.cancel_button)
        self.hide()

    def show_task(self, what: str, share: float) -> None:
        """Show how far it has come, 0 to 1."""
        self.what.show_text(what)
        self.progress.setValue(round(100 * share))
        self.show()

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self.setStyleSheet(
            f"#task_bar {{ background: {theme.window}; border-top: 1px solid {theme.line}; }}"
        )
