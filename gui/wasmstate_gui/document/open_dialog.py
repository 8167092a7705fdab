"""Files that the user chooses."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from wasmstate_gui.core.document.destination import copy_of, path_error
from wasmstate_gui.core.remedies import told
from wasmstate_gui.core.texts import sentence
from wasmstate_gui.document.controller import Controller
from wasmstate_gui.document.samples import sample_copy
from wasmstate_gui.document.unwritten import Unwritten
from wasmstate_gui.kit.dialogs import ask_for_file, ask_for_new_file


class Opener(QObject):
    """Asks for files, and has them opened."""

    def __init__(self, controller: Controller, unwritten: Unwritten, window: QWidget) -> None:
        super().__init__(window)
        self._controller = controller
        self._unwritten = unwritten
        self._window = window

    def open(self, path: Path) -> None:
        """Show a file, after asking if changes would be lost."""
        self._unwritten.ask_before(partial(self._controller.open, path))

    def choose(self) -> None:
        """Ask for a file and open it."""
        ask_for_file(self._window, self._chosen)

    def choose_copy(self) -> None:
        """Ask for the path of a new file and write what is shown there."""
        document = self._controller.document
        if document is None:
            return
        proposed = copy_of(document.disk.path, "copy")
        ask_for_new_file(self._window, "Save a copy", proposed, self._save_copy)

    def open_sample(self) -> None:
        """Open a copy of the sample."""
        try:
            self.open(sample_copy())
        except OSError as error:
            self._controller.failed.emit("The sample cannot be opened.", told(error))

    def _save_copy(self, name: str) -> None:
        error = path_error(name)
        if error:
            self._controller.failed.emit("The copy was not written.", sentence(f"{name}: {error}."))
        else:
            self._controller.save_copy(Path(name))

    def _chosen(self, name: str) -> None:
        self.open(Path(name))
