"""The bars above the map: what went wrong, what can be undone, whose state is to be kept."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from wasmstate_gui.core.document.document import Document
from wasmstate_gui.core.texts import Notice
from wasmstate_gui.core.window import status
from wasmstate_gui.document.controller import Controller
from wasmstate_gui.document.file_undo import UNDO, Undoer
from wasmstate_gui.window.panels import Panels


class Banners(QObject):
    """Shows what the controller tells, and does what is chosen."""

    diff_wanted = Signal()
    """What is on disk is compared now: it is to be seen."""
    copy_wanted = Signal()
    """The file is gone, and what is shown is to be saved."""

    def __init__(self, controller: Controller, undoer: Undoer, panels: Panels) -> None:
        super().__init__(panels)
        self._controller = controller
        self._undoer = undoer
        self._panels = panels
        self._left: Document | None = None
        page = panels.page
        controller.failed.connect(self.show_failure)
        controller.noticed.connect(page.notice.show_notice)
        controller.reverted.connect(self._reverted)
        page.notice.chosen.connect(self._chosen)
        page.conflict.chosen.connect(self._settle)

    def begin(self) -> None:
        """Another file is shown: there is nothing to undo any more."""
        self._undoer.forget()
        self._panels.page.notice.show_notice(None)

    def show(self, document: Document) -> None:
        """The document is another: what was reverted can only be come back to on the same file."""
        if self._left is not None and self._left.disk is not document.disk:
            self.forget_revert()

    def show_failure(self, title: str, text: str) -> None:
        """Something could not be done."""
        self._panels.page.notice.show_notice(Notice("conflict", title, text))
        self._panels.empty.show_failure(f"{title} {text}")

    def forget_revert(self) -> None:
        """Something else is done: a revert is not undone any more."""
        self._left = None
        self._panels.page.notice.show_notice(None)

    def _reverted(self, left: Document) -> None:
        self._left = left
        self._panels.step.show_result("", failed=False)
        self._panels.page.notice.show_notice(status.revert_notice(left))

    def _chosen(self, key: str) -> None:
        if key == UNDO:
            self._panels.page.notice.show_notice(None)
            self._undoer.undo()
            return
        left = self._left
        self.forget_revert()
        if left is not None:
            self._controller.come_back(left)

    def _settle(self, key: str) -> None:
        if key == "copy":
            self.copy_wanted.emit()
        elif key == "diff":
            self._controller.compare_theirs(self.diff_wanted.emit)
        elif key == "mine":
            self._controller.keep_mine()
        else:
            self._controller.take_theirs()
