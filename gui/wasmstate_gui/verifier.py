"""The whole file checked beside the window, every instruction of it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from wasmstate_gui.controller import Controller
from wasmstate_gui.display import Display
from wasmstate_gui.jobs import Jobs, Task, reason
from wasmstate_gui.panels.task_bar import TaskBar
from wasmstate_gui.presenters.snapshot import Snapshot, verified
from wasmstate_gui.presenters.status import verdict

_PATIENCE_MS = 150


class Verifier(QObject):
    """Verifies the file that is shown, and shows what is wrong with it."""

    begun = Signal()
    finished = Signal()
    """It is known what is wrong, or it was given up."""

    def __init__(self, controller: Controller, display: Display, bar: TaskBar) -> None:
        super().__init__(bar)
        self._controller = controller
        self._display = display
        self._bar = bar
        self._jobs = Jobs(self)
        self._task: Task | None = None
        self._share = 0.0
        # What is over at once shows no progress: it would only flicker.
        self._patience = QTimer(self, singleShot=True, interval=_PATIENCE_MS)
        self._patience.timeout.connect(self._show_progress)
        bar.cancelled.connect(self.cancel)

    @property
    def is_busy(self) -> bool:
        """Whether a file is being verified."""
        return self._task is not None

    def verify(self) -> None:
        """Look at every byte of the file, with the bytes that were overwritten in it."""
        document = self._controller.document
        if document is None or self.is_busy:
            return
        self._share = 0.0
        work = partial(_verify, document.base)
        self._task = self._jobs.start_task(work, self._verified, self._progressed)
        self._patience.start()
        self.begun.emit()

    def cancel(self) -> None:
        """Give it up."""
        if self._task is not None:
            self._task.is_cancelled = True
            self._controller.said.emit("Not verified: given up")
            self._end()

    def close(self) -> None:
        """Give up what is under way."""
        self._patience.stop()
        self._jobs.close()

    def _progressed(self, share: float) -> None:
        self._share = share
        if not self._patience.isActive():
            self._show_progress()

    def _show_progress(self) -> None:
        document = self._controller.document
        if self._task is not None and document is not None:
            self._bar.show_task(f"Verifying {document.disk.path.name}\u2026", self._share)

    def _verified(self, result: Snapshot | Exception) -> None:
        if isinstance(result, Snapshot):
            self._controller.show_checked(result, partial(self._say, result))
        else:
            self._controller.failed.emit("Not verified.", reason(result))
        self._end()

    def _say(self, found: Snapshot) -> None:
        document = self._controller.document
        if document is None or document.base is not found:
            self._controller.said.emit("The file changed while it was verified: F7 does it again")
            return
        self._controller.said.emit(verdict(found))
        if found.findings:
            self._display.show_problems()

    def _end(self) -> None:
        self._task = None
        self._patience.stop()
        self._bar.hide()
        self.finished.emit()


def _verify(snapshot: Snapshot, task: Task) -> Snapshot:
    size = max(1, snapshot.source.size)
    return verified(snapshot, lambda offset: task.report(offset / size))
