"""Files that were changed in place, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject

from wasmstate.storage.salvage import write_repair
from wasmstate_gui.core.texts import Notice
from wasmstate_gui.document.controller import Controller

UNDO = "undo_in_place"
"""The key of the button."""


@dataclass(frozen=True, slots=True)
class InPlace:
    """A change of a file itself.

    Attributes:
        path: of the file.
        before, after: its bytes.
        said: what is said when it is undone.
    """

    path: Path
    before: bytes
    after: bytes
    said: str

    @property
    def write(self) -> Callable[[], None]:
        """Does it, unless the file is another by now."""
        return partial(write_repair, self.path, self.before, self.after)


class Undoer(QObject):
    """Shows a file that was changed, and offers to undo that."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._controller = controller
        self._last: InPlace | None = None

    def offer(self, change: InPlace, title: str, text: str) -> None:
        """The file was changed: show it."""
        self._last = change
        self._controller.noticed.emit(Notice("info", title, text, ((UNDO, "Undo"),)))
        self._controller.show_change()

    def undo(self) -> None:
        """Put back what was there before the last change."""
        change, self._last = self._last, None
        if change is not None:
            write = partial(write_repair, change.path, change.after, change.before)
            self._controller.do(write, partial(self._undone, change), "Not undone.")

    def forget(self) -> None:
        """Another file is shown: there is nothing to undo any more."""
        self._last = None

    def _undone(self, change: InPlace, _result: object) -> None:
        self._controller.said.emit(change.said)
        self._controller.show_change()
