"""Wizards: chosen, judged while it is typed, agreed to, written, opened."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal

from wasmstate import Discovery, donors
from wasmstate.binary.module import Module
from wasmstate.storage.commit import write_new
from wasmstate_gui.core.calls.trial_calls import Calls
from wasmstate_gui.core.document.destination import free_name
from wasmstate_gui.core.remedies import told
from wasmstate_gui.core.texts import sentence
from wasmstate_gui.core.wizards.attach_plan import AttachPlan, Offer
from wasmstate_gui.core.wizards.bake_plan import BakingPlan
from wasmstate_gui.core.wizards.graft_plan import GraftPlan
from wasmstate_gui.core.wizards.graft_plan import Offer as Exports
from wasmstate_gui.core.wizards.new_model_plan import NewModel, families
from wasmstate_gui.core.wizards.plan import Made, Plan, Verdict
from wasmstate_gui.document.controller import Controller
from wasmstate_gui.document.file_undo import InPlace, Undoer
from wasmstate_gui.kit.jobs import Jobs
from wasmstate_gui.kit.remote_plan import RemotePlan, StoppedError
from wasmstate_gui.kit.themed_window import ThemedWindow
from wasmstate_gui.kit.waiting_dialog import WaitingDialog
from wasmstate_gui.wizards.attach_dialog import AttachDialog
from wasmstate_gui.wizards.bake_dialog import BakingDialog
from wasmstate_gui.wizards.find_dialog import FindDialog
from wasmstate_gui.wizards.graft_dialog import GraftDialog
from wasmstate_gui.wizards.new_model_dialog import NewModelDialog
from wasmstate_gui.wizards.wizard_dialog import WizardDialog

_TELL_MS = 200  # from one picture of the progress to the next; what is sooner done shows none
_STOPPED = Verdict(hint="Stopped. It is tried again when something else is chosen.")


class Wizards(QObject):
    """Takes the user from a choice to a file. Nothing is written before it is agreed to.

    What is chosen is judged and made in a process of its own, which can be given up at any time;
    what was made there is written here.
    """

    made = Signal(object)
    """The path of a new file."""
    judged = Signal()
    """The dialog shows what would come of what is chosen now."""

    def __init__(self, controller: Controller, undoer: Undoer, window: ThemedWindow) -> None:
        super().__init__(window)
        self._controller = controller
        self._undoer = undoer
        self._window = window
        self._jobs = Jobs(self)
        self._path = Path()
        self.plan: RemotePlan | None = None
        """What the dialog is about."""
        self._has_changed = False
        self._since = QElapsedTimer()
        self._teller = QTimer(self, interval=_TELL_MS)
        self._teller.timeout.connect(self._tell)
        self._shows: WizardDialog | FindDialog | WaitingDialog | None = None
        self.waiting: WaitingDialog | None = None
        self.dialog: WizardDialog | None = None

    def new_model(self) -> None:
        """Make a file with a model that has learned nothing yet."""
        if self.plan is None:
            dialog = NewModelDialog(families(), self._model_path, self._window.theme, self._window)
            self.plan = RemotePlan(NewModel)
            self._begin(dialog)

    def attach(self) -> None:
        """Give the module that is shown a state."""
        self._look(AttachPlan.of, self._show_attach)

    def bake(self) -> None:
        """Write S into data segments and globals."""
        self._look(BakingPlan.of, partial(self._show_baking, is_undo=False))

    def unbake(self) -> None:
        """Undo that."""
        undo = partial(BakingPlan.of, is_undo=True)
        self._look(undo, partial(self._show_baking, is_undo=True))

    def graft(self) -> None:
        """Add the functions of another module."""
        self._look(GraftPlan.of, self._show_graft)

    def close(self) -> None:
        """Give up what is under way."""
        self._end()
        self._jobs.close()

    def _show_attach(self, offer: Offer) -> None:
        dialog = AttachDialog(self._path, offer, self._window.theme, self._window)
        dialog.find_wanted.connect(self._begin_finding)
        self._begin(dialog)

    def _show_baking(self, _offer: None, *, is_undo: bool) -> None:
        theme, window = self._window.theme, self._window
        self._begin(BakingDialog(self._path, theme, window, is_undo=is_undo))

    def _show_graft(self, offer: Exports) -> None:
        shipped = [(name, donors.summary(name)) for name in donors.names()]
        theme, window = self._window.theme, self._window
        self._begin(GraftDialog(self._path, offer, shipped, theme, window))

    def _look(self, make: Callable[[Path], Plan], show: Callable[[Any], None]) -> None:
        """Look at the file that is shown, and begin a wizard with it."""
        document = self._controller.document
        if document is None or self.plan is not None:
            return
        if document.is_dirty:
            self._controller.said.emit("Write your changes or revert them, then do this")
            return
        self._path = document.disk.path
        self.plan = RemotePlan(partial(make, self._path))
        self.waiting = WaitingDialog(f"Looking at {self._path.name}", self._window)
        self.waiting.rejected.connect(self._end)
        self._ask(self.waiting, partial(self._looked, show), "offer")

    def _looked(self, show: Callable[[Any], None], result: Any) -> None:
        waiting, self.waiting = self.waiting, None
        if waiting is not None:
            waiting.accept()
            waiting.deleteLater()  # it may never have been shown, and so never be closed
        if isinstance(result, Exception):
            self._end()
            self._controller.failed.emit("This cannot be done.", told(result))
        else:
            show(result)

    def _model_path(self, family: str) -> Path:
        document = self._controller.document
        folder = Path.cwd() if document is None else document.disk.path.parent
        if not os.access(folder, os.W_OK):
            folder = Path.home()
        return free_name(folder / f"{family}.wasm")

    def _begin(self, dialog: WizardDialog) -> None:
        self.dialog = dialog
        dialog.changed.connect(self._changed)
        dialog.agreed.connect(self._make)
        dialog.progress.stopped.connect(self._stop)
        dialog.finished.connect(self._end)
        self._changed()
        dialog.open()

    def _end(self) -> None:
        """The dialog is closed, or there will be none."""
        plan, self.plan, self.dialog, self.waiting = self.plan, None, None, None
        self._quiet()
        if plan is not None:
            plan.stop()
            self._jobs.start(plan.close, _nothing)

    def _ask(
        self,
        shows: WizardDialog | FindDialog | WaitingDialog,
        done: Callable[[Any], None],
        method: str,
        *args: Any,
    ) -> None:
        """Ask the plan something; a dialog shows the progress if it takes a while."""
        plan = self.plan
        assert plan is not None
        self._shows = shows
        self._since.start()
        self._teller.start()
        ask = partial(plan.ask, method, *args)
        self._jobs.start(ask, partial(self._answered, plan, done))

    def _answered(self, plan: RemotePlan, done: Callable[[Any], None], result: Any) -> None:
        if plan is self.plan:  # else its dialog is gone
            self._quiet()
            done(result)

    def _quiet(self) -> None:
        self._teller.stop()
        if self._shows is not None:
            self._shows.progress.clear()
        self._shows = None

    def _tell(self) -> None:
        """Show what is being done, and for how long."""
        if self.plan is not None and self._shows is not None:
            progress = self.plan.progress
            text = f"{sentence(progress.text)}: {self._since.elapsed() // 1000} s"
            self._shows.show_progress(text, progress.share)

    def _stop(self) -> None:
        if self.plan is not None:
            self.plan.stop()

    def _changed(self) -> None:
        """Judge what is chosen; if that is under way, once more afterwards."""
        dialog = self.dialog
        self._has_changed = self._shows is not None
        if dialog is not None and not self._has_changed:
            self._ask(dialog, partial(self._judged, dialog), "judge", dialog.choice())

    def _judged(self, dialog: WizardDialog, result: Verdict | Exception) -> None:
        if self._has_changed:
            self._changed()
            return
        if isinstance(result, StoppedError):
            result = _STOPPED
        verdict = result if isinstance(result, Verdict) else Verdict(problem=told(result))
        dialog.show_verdict(verdict)
        self.judged.emit()

    def _begin_finding(self) -> None:
        dialog = self.dialog
        assert isinstance(dialog, AttachDialog)
        finder = dialog.begin_finding()
        finder.agreed.connect(self._find)
        finder.progress.stopped.connect(self._stop)

    def _find(self, calls: Calls) -> None:
        dialog = self.dialog
        assert isinstance(dialog, AttachDialog)
        assert dialog.finder is not None
        found = partial(self._found, dialog)
        self._ask(dialog.finder, found, "find", calls.calls, calls.signatures)

    def _found(self, dialog: AttachDialog, result: Discovery | Exception) -> None:
        assert dialog.finder is not None
        if isinstance(result, StoppedError):
            dialog.finder.show_failure("Stopped.")
        elif isinstance(result, Exception):
            dialog.finder.show_failure(told(result))
        else:
            dialog.show_found(result)

    def _make(self, path: Path | None) -> None:
        dialog = self.dialog
        if dialog is not None:
            done = partial(self._write, dialog, path)
            self._ask(dialog, done, "made", dialog.choice(), path is not None)

    def _write(self, dialog: WizardDialog, path: Path | None, result: Made | Exception) -> None:
        if isinstance(result, Exception):
            is_stopped = isinstance(result, StoppedError)
            dialog.show_failure("Stopped. Nothing was written." if is_stopped else told(result))
            return
        dialog.begin_writing()
        work: Callable[[], Path | InPlace]
        if path is not None:
            work = partial(_write_copy, result, path)
        else:
            work = partial(_write_over, result, self._path)
        self._jobs.start(work, partial(self._wrote, dialog))

    def _wrote(self, dialog: WizardDialog, result: Path | InPlace | Exception) -> None:
        if isinstance(result, Exception):
            dialog.show_failure(told(result))
            return
        dialog.accept()
        if isinstance(result, InPlace):
            sizes = f"{len(result.before):,} \u2192 {len(result.after):,} bytes"
            title = f"{dialog.agree_button.text()}: done."
            self._undoer.offer(result, title, f"{result.path.name}, {sizes}.")
        else:
            self.made.emit(result)


def _nothing(_result: object) -> None:
    """It is over."""


def _write_copy(made: Made, path: Path) -> Path:
    write_new(path, Module.from_bytes(made.after))
    return path


def _write_over(made: Made, path: Path) -> InPlace:
    change = InPlace(path, made.before, made.after, "The file is what it was before")
    change.write()
    return change
