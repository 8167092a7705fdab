"""Changes that are in memory only, and what would lose them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMessageBox, QWidget

from wasmstate_gui.core.texts import sentence
from wasmstate_gui.core.window import status
from wasmstate_gui.document.controller import Controller
from wasmstate_gui.kit.dialogs import ask_about_changes


class Unwritten(QObject):
    """Asks before anything is done that would lose changes."""

    def __init__(self, controller: Controller, window: QWidget) -> None:
        super().__init__(window)
        self._controller = controller
        self._window = window
        self._afterwards: Callable[[], object] | None = None
        self.question: QMessageBox | None = None
        controller.settled.connect(self._go_on)

    @property
    def exists(self) -> bool:
        """Whether there are such changes."""
        document = self._controller.document
        return document is not None and document.is_dirty

    def ask_before(self, action: Callable[[], object]) -> None:
        """Do something that drops S in memory, after asking if it is not on disk."""
        document = self._controller.document
        if document is None or not document.is_dirty:
            action()
            return
        self._afterwards = action
        what = sentence(status.disk_changes(document))
        self.question = ask_about_changes(self._window, what, self._controller.write, self._drop)

    def _drop(self) -> None:
        action, self._afterwards = self._afterwards, None
        self._controller.stop()
        self._controller.revert()
        if action is not None:
            action()

    def _go_on(self) -> None:
        """Do what was asked about, once the changes are written."""
        action = self._afterwards
        if action is not None and self._controller.document is not None and not self.exists:
            self._afterwards = None
            action()
