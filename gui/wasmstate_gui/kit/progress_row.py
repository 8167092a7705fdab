"""What is being done, how far it is, and a button to give it up."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from wasmstate_gui.kit.elided_label import ElidedLabel

_BAR_WIDTH = 120


class ProgressRow(QWidget):
    """Hidden until there is something to show; it keeps its room."""

    stopped = Signal()
    """What is being done is to be given up."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = QProgressBar()
        self.bar.setFixedWidth(_BAR_WIDTH)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("How much is done")
        self.label = ElidedLabel()
        self.label.setAccessibleName("What is being done")
        self.stop_button = QPushButton("&Stop")
        self.stop_button.setAutoDefault(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.bar)
        row.addWidget(self.label, 1)
        row.addWidget(self.stop_button)
        policy = self.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.setSizePolicy(policy)
        self.stop_button.clicked.connect(self.stopped)
        self.hide()

    def show_progress(self, text: str, share: float | None) -> None:
        """Show what is being done, and how much of it is if that is known."""
        self.label.show_text(text)
        self.bar.setRange(0, 0 if share is None else 100)
        if share is not None:
            self.bar.setValue(round(100 * share))
        self.show()

    def clear(self) -> None:
        """Nothing is being done any more."""
        self.hide()
