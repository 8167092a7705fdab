"""The whole file checked beside the window, every instruction of it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from wasmstate_gui.core.calls.module_transfer import load_of
from wasmstate_gui.core.document.snapshot import Snapshot, verified
from wasmstate_gui.core.problems.verify_process import Verification
from wasmstate_gui.core.remedies import told
from wasmstate_gui.core.window.status import verdict
from wasmstate_gui.document.controller import Controller
from wasmstate_gui.kit.jobs import Jobs
from wasmstate_gui.kit.remote_plan import RemotePlan
from wasmstate_gui.kit.task_bar import TaskBar

_LOOK_MS = 100


class Verifier(QObject):
    """Has the file that is shown verified, and shows what is wrong with it."""

    begun = Signal()
    found = Signal()
    """The verification found problems."""
    finished = Signal()
    """It is known what is wrong, or it was given up."""

    def __init__(self, controller: Controller, bar: TaskBar) -> None:
        super().__init__(bar)
        self._controller = controller
        self._bar = bar
        self._jobs = Jobs(self)
        self._process: RemotePlan | None = None
        self._look = QTimer(self, interval=_LOOK_MS)
        self._look.timeout.connect(self._show_progress)
        bar.cancelled.connect(self.cancel)

    @property
    def is_busy(self) -> bool:
        """Whether a file is being verified."""
        return self._process is not None

    @property
    def process_id(self) -> int:
        """Id of the process that does it; 0 without one."""
        return 0 if self._process is None else self._process.process_id

    def verify(self) -> None:
        """Look at every byte of the file, with the bytes that were overwritten in it."""
        document = self._controller.document
        if document is None or self.is_busy:
            return
        base = document.base
        process = RemotePlan(partial(Verification, load_of(base.source, base.path)))
        self._process = process
        self._jobs.start(partial(_verify, base, process), partial(self._verified, process))
        self._look.start()
        self.begun.emit()

    def cancel(self) -> None:
        """Give it up."""
        if self._process is not None:
            self._process.give_up()
            self._controller.said.emit("Not verified: given up")
            self._end()

    def close(self) -> None:
        """Give up what is under way, and wait for its end."""
        if self._process is not None:
            self._process.give_up()
        self._look.stop()
        self._jobs.close()

    def _show_progress(self) -> None:
        document, process = self._controller.document, self._process
        # What is over at once shows no progress: it would only flicker.
        if document is not None and process is not None and process.progress.share is not None:
            name = document.disk.path.name
            self._bar.show_task(f"Verifying {name}\u2026", process.progress.share)

    def _verified(self, process: RemotePlan, result: Snapshot | Exception) -> None:
        if process is not self._process:
            return  # it was given up
        if isinstance(result, Snapshot):
            self._controller.show_checked(result, partial(self._say, result))
        else:
            self._controller.failed.emit("Not verified.", told(result))
        self._end()

    def _say(self, found: Snapshot) -> None:
        document = self._controller.document
        if document is None or document.base is not found:
            self._controller.said.emit("The file changed while it was verified: F7 does it again")
            return
        self._controller.said.emit(verdict(found))
        if found.findings:
            self.found.emit()

    def _end(self) -> None:
        self._process = None
        self._look.stop()
        self._bar.hide()
        self.finished.emit()


def _verify(snapshot: Snapshot, process: RemotePlan) -> Snapshot:
    try:
        return verified(snapshot, process.ask("findings"))
    finally:
        process.close()
