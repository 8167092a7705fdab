"""Wizards: chosen, judged while it is typed, agreed to, written, opened."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from wasmstate import donors
from wasmstate.binary.module import Module
from wasmstate.storage.commit import write_new
from wasmstate_gui.controller import Controller
from wasmstate_gui.jobs import Jobs
from wasmstate_gui.panels.attach_dialog import AttachDialog
from wasmstate_gui.panels.baking_dialog import BakingDialog
from wasmstate_gui.panels.graft_dialog import GraftDialog
from wasmstate_gui.panels.new_model_dialog import NewModelDialog
from wasmstate_gui.panels.wizard_dialog import WizardDialog
from wasmstate_gui.presenters.attach_plan import AttachPlan
from wasmstate_gui.presenters.baking_plan import BakingPlan
from wasmstate_gui.presenters.destination import free_name
from wasmstate_gui.presenters.file_plan import FilePlan
from wasmstate_gui.presenters.graft_plan import GraftPlan
from wasmstate_gui.presenters.new_model import NewModel, families
from wasmstate_gui.presenters.wizard import Plan, Verdict
from wasmstate_gui.shell import Shell
from wasmstate_gui.undoer import InPlace, Undoer


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

    def attach(self) -> None:
        """Give the module that is shown a state."""
        self._look(_attach_plan, self._show_attach)

    def bake(self) -> None:
        """Write S into data segments and globals."""
        self._look(BakingPlan, self._show_baking)

    def unbake(self) -> None:
        """Undo that."""
        self._look(partial(BakingPlan, is_undo=True), self._show_baking)

    def graft(self) -> None:
        """Add the functions of another module."""
        self._look(_graft_plan, self._show_graft)

    def _show_attach(self, plan: AttachPlan) -> None:
        self._begin(plan, AttachDialog(plan, self._window.theme, self._window))

    def _show_baking(self, plan: BakingPlan) -> None:
        self._begin(plan, BakingDialog(plan, self._window.theme, self._window))

    def _show_graft(self, plan: GraftPlan) -> None:
        shipped = [(name, donors.summary(name)) for name in donors.names()]
        self._begin(plan, GraftDialog(plan, shipped, self._window.theme, self._window))

    def _look(self, plan: Callable[[Path, bytes], FilePlan], show: Callable[[Any], None]) -> None:
        """Read the file that is shown, and begin a wizard with it."""
        document = self._controller.document
        if document is None or self.dialog is not None or self._jobs.is_busy:
            return
        if document.is_dirty:
            self._controller.said.emit("Write your changes or revert them, then do this")
            return
        path = document.disk.path

        def took(result: FilePlan | Exception) -> None:
            if isinstance(result, Exception):
                self._controller.failed.emit("This cannot be done.", str(result))
            else:
                show(result)

        self._jobs.start(lambda: plan(path, path.read_bytes()), took)

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

    def _write(self, path: Path | None) -> None:
        plan, dialog = self._plan, self.dialog
        if plan is None or dialog is None:
            return
        make = partial(plan.make, dialog.choice())
        work: Callable[[], Path | InPlace]
        if path is not None:
            work = partial(_write_copy, make, path)
        else:
            assert isinstance(plan, FilePlan)
            work = partial(_write_over, make, plan)
        self._jobs.start(work, partial(self._wrote, dialog))

    def _wrote(self, dialog: WizardDialog, result: Path | InPlace | Exception) -> None:
        if isinstance(result, Exception):
            dialog.show_failure(str(result))
            return
        dialog.accept()
        if isinstance(result, InPlace):
            sizes = f"{len(result.before):,} \u2192 {len(result.after):,} bytes"
            title = f"{dialog.agree_button.text()}: done."
            self._undoer.offer(result, title, f"{result.path.name}, {sizes}.")
        else:
            self.made.emit(result)


def _attach_plan(path: Path, before: bytes) -> AttachPlan:
    plan = AttachPlan(path, before)
    _ = plan.rows  # what takes its time is done here, beside the window
    return plan


def _graft_plan(path: Path, before: bytes) -> GraftPlan:
    plan = GraftPlan(path, before)
    _ = plan.exports, plan.fitting
    return plan


def _write_copy(make: Callable[[], Module], path: Path) -> Path:
    write_new(path, make())
    return path


def _write_over(make: Callable[[], Module], plan: FilePlan) -> InPlace:
    after = make().to_bytes()
    change = InPlace(plan.path, plan.before, after, "The file is what it was before")
    change.write()
    return change
