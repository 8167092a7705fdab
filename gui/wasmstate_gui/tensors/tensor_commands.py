"""Copying, saving and loading the tensor that is shown."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from wasmstate.errors import SchemaError
from wasmstate.state.state import State
from wasmstate_gui.core.remedies import told
from wasmstate_gui.core.tensors.cell_edit import with_cell
from wasmstate_gui.core.tensors.tensor_files import csv_text, load_tensor, save_tensor
from wasmstate_gui.document.controller import Controller
from wasmstate_gui.tensors.tensors_panel import TensorsPanel

_FILTERS = ["NumPy (*.npy)", "CSV (*.csv)"]


class TensorCommands(QObject):
    """What can be done with the shown tensor besides looking at it."""

    def __init__(self, controller: Controller, panel: TensorsPanel, window: QWidget) -> None:
        super().__init__(window)
        self._controller = controller
        self._panel = panel
        self._window = window
        self.dialog: QFileDialog | None = None
        panel.typed.connect(self._typed)

    def copy(self) -> None:
        """Put its values on the clipboard, as CSV."""
        row = self._panel.shown
        if row is not None:
            QGuiApplication.clipboard().setText(csv_text(row.values))
            self._controller.said.emit(f"Copied {row.tensor.name} as CSV")

    def save(self) -> None:
        """Ask for a file and write its values there."""
        row = self._panel.shown
        if row is not None:
            dialog = self._ask(f"Save {row.tensor.name}", self.save_to)
            dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            dialog.setDefaultSuffix("npy")
            dialog.selectFile(f"{row.tensor.name}.npy")
            dialog.open()

    def load(self) -> None:
        """Ask for a file and take its values from there: a step of the timeline."""
        row = self._panel.shown
        if row is not None:
            dialog = self._ask(f"Load {row.tensor.name}", self.load_from)
            dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
            dialog.open()

    def save_to(self, name: str) -> None:
        """Write its values to a file."""
        row = self._panel.shown
        if row is None:
            return
        try:
            save_tensor(Path(name), row.values)
        except (SchemaError, OSError) as error:
            self._controller.failed.emit("Not saved.", told(error))
        else:
            self._controller.said.emit(f"Saved {row.tensor.name} to {Path(name).name}")

    def load_from(self, name: str) -> None:
        """Take its values from a file."""
        row = self._panel.shown
        if row is None:
            return
        path, tensor = Path(name), row.tensor.name

        def change(state: State) -> State:
            return load_tensor(path, state, tensor)

        self._controller.edit(change, f"{tensor} loaded from {path.name}")

    def _ask(self, title: str, chosen: object) -> QFileDialog:
        self.dialog = QFileDialog(self._window, title)
        self.dialog.setNameFilters(_FILTERS)
        self.dialog.fileSelected.connect(chosen)
        return self.dialog

    def _typed(self, name: str, index: int, text: str) -> None:
        change = partial(with_cell, name=name, index=index, text=text)
        self._controller.edit(change, f"{name} edited: {text}")
