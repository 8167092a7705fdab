"""The arguments of many calls, from a table that the user chooses."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject

from wasmstate.errors import ColumnError
from wasmstate.session.table import Row, TableFormat, read_table
from wasmstate_gui.calls.columns_dialog import ColumnsDialog
from wasmstate_gui.calls.step_panel import StepPanel
from wasmstate_gui.core.calls.call_form import Form
from wasmstate_gui.core.calls.column_choice import ColumnChoice
from wasmstate_gui.document.controller import Controller
from wasmstate_gui.kit.dialogs import TABLE, ask_for_file
from wasmstate_gui.kit.themed_window import ThemedWindow


class TableRows(QObject):
    """Asks for a table, for its columns if they are called otherwise, and has its rows shown."""

    def __init__(self, controller: Controller, panel: StepPanel, window: ThemedWindow) -> None:
        super().__init__(window)
        self._controller = controller
        self._panel = panel
        self._window = window
        self.dialog: ColumnsDialog | None = None
        panel.options.rows_wanted.connect(self.choose)

    def choose(self) -> None:
        """Ask for a file."""
        ask_for_file(self._window, self.read, TABLE)

    def read(self, name: str) -> None:
        """Take the arguments from a file, if its columns are called as they are."""
        form = self._panel.form
        if form is not None:
            self._read(Path(name), form, None)

    def _read(self, path: Path, form: Form, columns: Sequence[str] | None) -> None:
        work = partial(_rows, path, form, columns)
        self._controller.do(work, partial(self._took, path, form), "No arguments.")

    def _took(self, path: Path, form: Form, result: list[Row] | ColumnChoice) -> None:
        if isinstance(result, ColumnChoice):
            self.dialog = ColumnsDialog(result, self._window.theme, self._window)
            self.dialog.agreed.connect(partial(self._read, path, form))
            self.dialog.open()
        elif result:
            self._panel.options.show_rows(path.name, result)
        else:
            self._controller.failed.emit("No arguments.", f"{path.name} has no rows")


def _rows(path: Path, form: Form, columns: Sequence[str] | None) -> list[Row] | ColumnChoice:
    try:
        return [row for _, row in read_table(path, form.columns, TableFormat(columns), form.names)]
    except ColumnError as error:
        if columns is not None:
            raise
        return ColumnChoice(path, form.columns, error, form.names.features)
