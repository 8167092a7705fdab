"""Wizards: chosen, judged while it is typed, agreed to, written, opened."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from wasmstate.storage.commit import write_new
from wasmstate_gui.controller import Controller
from wasmstate_gui.jobs import Jobs
from wasmstate_gui.panels.new_model_dialog import NewModelDialog
from wasmstate_gui.panels.wizard_dialog import WizardDialog
from wasmstate_gui.presenters.destination import free_name
from wasmstate_gui.presenters.new_model import NewModel, families
from wasmstate_gui.presenters.wizard import Plan, Verdict
from wasmstate_gui.shell import Shell
from wasmstate_gui.undoer import Undoer


class Wizards(QObject):
    """Takes the user from a choice to a file. Nothing is written before it is agreed to."""

    made = Signal(object)
    """The path of a new file."""
    judged = Signal()
    """The dialog shows what would come of what is chosen now."""

    def __init__(self, controller: Controller, undoer: Undoer, window: Shell) -> None:
        super().__init__(window)
        self._controller = controller
        self._undoer = undoer
        self._window = window
        self._jobs = Jobs(self)
        self._plan: Plan | None = None
        self._has_changed = False
        self.dialog: WizardDialog | None = None

    def new_model(self) -> None:
        """Make a file with a model that has learned nothing yet."""
        dialog = NewModelDialog(families(), self._model_path, self._window.theme, self._window)
        self._begin(NewModel(), dialog)

    def close(self) -> None:
        """Wait for what is under way and drop its results."""
        self._jobs.close()

    def _model_path(self, family: str) -> Path:
        document = self._controller.document
        folder = Path.cwd() if document is None else document.disk.path.parent
        if not os.access(folder, os.W_OK):
            folder = Path.home()
        return free_name(folder / f"{family}.wasm")

    def _begin(self, plan: Plan, dialog: WizardDialog) -> None:
        self._plan, self.dialog = plan, dialog
        dialog.changed.connect(self._changed)
        dialog.agreed.connect(self._write)
        dialog.finished.connect(self._finished)
        self._changed()
        dialog.open()

    def _finished(self) -> None:
        self._plan = self.dialog = None

    def _changed(self) -> None:
        """Judge what is chosen; if that is under way, once more afterwards."""
        plan, dialog = self._plan, self.dialog
        if self._jobs.is_busy:
            self._has_changed = True
        elif plan is not None and dialog is not None:
            self._has_changed = False
            judge = partial(plan.judge, dialog.choice())
            self._jobs.start(judge, partial(self._judged, dialog))

    def _judged(self, dialog: WizardDialog, result: Verdict | Exception) -> None:
        if self._has_changed:
            self._changed()
        elif dialog is self.dialog:
            verdict = result if isinstance(result, Verdict) else Verdict(problem=str(result))
            dialog.show_verdict(verdict)
            self.judged.emit()

    def _write(self, path: Path) -> None:
        plan, dialog = self._plan, self.dialog
        if plan is not None and dialog is not None:
            make = partial(plan.make, dialog.choice())
            self._jobs.start(partial(_write_copy, make, path), partial(self._wrote, dialog))

    def _wrote(self, dialog: WizardDialog, result: Path | Exception) -> None:
        if dialog is not self.dialog:
            return
        if isinstance(result, Exception):
            dialog.show_failure(str(result))
        else:
            dialog.accept()
            self.made.emit(result)


def _write_copy(make: Callable[[], Any], path: Path) -> Path:
    write_new(path, make())
    return path
