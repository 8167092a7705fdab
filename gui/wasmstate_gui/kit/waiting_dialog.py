"""Waiting for what a wizard begins with."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from wasmstate_gui.kit.progress_row import ProgressRow

_WIDTH = 480


class WaitingDialog(QDialog):
    """Shown only if it takes a while; closing it gives up."""

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(_WIDTH)
        self.progress = ProgressRow()
        column = QVBoxLayout(self)
        column.addWidget(self.progress)
        self.progress.stopped.connect(self.reject)

    def show_progress(self, text: str, share: float | None) -> None:
        """It has taken a while already."""
        self.progress.show_progress(text, share)
        if not self.isVisible():
            self.open()
