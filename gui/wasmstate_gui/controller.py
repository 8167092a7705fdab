"""What the user does and what happens to the file, turned into documents to show."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from wasmstate.errors import DurabilityUnknownError, StateConflictError
from wasmstate.state.state import State
from wasmstate.storage import commit
from wasmstate_gui.caller import Caller
from wasmstate_gui.follower import Follower
from wasmstate_gui.jobs import Jobs
from wasmstate_gui.presenters.document import Document
from wasmstate_gui.presenters.snapshot import Snapshot, read_snapshot
from wasmstate_gui.presenters.step_form import failure_text, result_text
from wasmstate_gui.protocol import Outcome, Progress

WARM_UP_MS = 400


class Controller(QObject):
    """Owns the document. Every change of it is announced; nothing here blocks."""

    opened = Signal()
    """Another file is shown."""
    changed = Signal()
    """The document is another one."""
    running_changed = Signal(bool)
    result = Signal(str, bool)
    """The line about the last call, and whether it failed."""
    said = Signal(str)
    """Something for the status bar."""
    failed = Signal(str, str)
    """A title and a text: something could not be done."""
    reverted = Signal(object)
    """The document that was left, so that it can be come back to."""

    settled = Signal()
    """Nothing is under way any more."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document: Document | None = None
        self._caller = Caller(self)
        self._caller.progressed.connect(self._progressed)
        self._caller.finished.connect(self._finished)
        self._jobs = Jobs(self)
        self._follower = Follower(self)
        self._follower.changed.connect(self.look_again)
        self._warm_up = QTimer(self, singleShot=True, interval=WARM_UP_MS)
        self._warm_up.timeout.connect(self._caller.warm_up)
        self._start: State | None = None
        self._counts = False
        self._missed = False

    @property
    def is_running(self) -> bool:
        """Whether a call is under way."""
        return self._caller.is_busy

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way: a call, reading, writing."""
        return self._caller.is_busy or self._jobs.is_busy

    @property
    def worker_id(self) -> int:
        """The process id of the worker; 0 if there is none."""
        return self._caller.process_id

    def open(self, path: Path) -> None:
        """Read a file and show it."""
        path = path.absolute()
        self._jobs.start(lambda: read_snapshot(path), self._read)

    def call(self, name: str, args: list[int | float], times: int, seconds: float | None) -> None:
        """Call an exported function; S in memory becomes what it leaves."""
        document = self.document
        if document is None or document.state is None or self.is_busy:
            return
        self._start = document.state
        self._counts = name == "update"
        self._caller.call(name, args, document.state.contents(), times, seconds)
        self.running_changed.emit(True)

    def stop(self) -> None:
        """End the call under way."""
        self._caller.stop()

    def write(self) -> None:
        """Commit S to the file, unless somebody else has committed since."""
        document = self.document
        if document is None or document.state is None or self.is_busy or not document.is_dirty:
            return
        if document.theirs is not None:
            self.said.emit("Not written: the file changed on disk, choose whose state to keep")
            return
        path, state = document.disk.path, document.state
        self._jobs.start(lambda: _written(path, state), self._wrote)

    def revert(self) -> None:
        """Go back to what is on disk."""
        document = self.document
        if document is not None and document.is_dirty and not self.is_busy:
            self._show(document.took_theirs() if document.theirs else document.reverted())
            if document.theirs is None:
                self.reverted.emit(document)

    def come_back(self, document: Document) -> None:
        """Undo a revert, if the file is still the same."""
        if self.document is not None and self.document.disk is document.disk:
            self._show(document)

    def take_theirs(self) -> None:
        """Settle a conflict by dropping what was done here."""
        if self.document is not None and self.document.theirs is not None:
            self._take(self.document.took_theirs())

    def keep_mine(self) -> None:
        """Settle a conflict by keeping S as it is here; the next write replaces theirs."""
        if self.document is not None and self.document.can_keep_mine:
            self._take(self.document.kept_mine())

    def look_again(self) -> None:
        """Read the file again, because it has changed."""
        document = self.document
        if document is None:
            return
        if self.is_busy:
            self._missed = True
            return
        path = document.disk.path
        self._jobs.start(lambda: read_snapshot(path), self._read_again)

    def close(self) -> None:
        """End the process and drop what is under way."""
        self._warm_up.stop()
        self._caller.close()
        self._jobs.close()

    def _read(self, result: Snapshot | Exception) -> None:
        if isinstance(result, Exception):
            self.failed.emit("The file cannot be read.", _reason(result))
        else:
            self._caller.stop()
            self._take(Document.of(result), announce=False)
            self.opened.emit()
            if result.functions:
                self._warm_up.start()
        self._catch_up()

    def _read_again(self, result: Snapshot | Exception) -> None:
        if self.document is None:
            return
        if isinstance(result, Exception):
            self.said.emit(f"The file on disk cannot be read: {_reason(result)}")
            self._catch_up()
            return
        before = self.document
        self._take(before.replaced(result))
        if result.data != before.disk.data and self.document.theirs is None:
            self.said.emit("Another program has replaced the file; this is the new one")
        self._catch_up()

    def _wrote(self, result: Snapshot | Exception) -> None:
        if self.document is None:
            return
        if isinstance(result, Snapshot):
            self._take(self.document.written(result))
            self.said.emit(f"Written to {result.path.name}")
        elif isinstance(result, StateConflictError):
            self._missed = True
        else:
            self.failed.emit("Not written.", _reason(result))
            self._missed = isinstance(result, DurabilityUnknownError)
        self._catch_up()

    def _progressed(self, progress: Progress) -> None:
        self._step_to(progress.contents, progress.done)

    def _finished(self, outcome: Outcome) -> None:
        self._step_to(outcome.contents, outcome.done)
        end = self.document.state if self.document is not None else None
        if outcome.error:
            self.result.emit(failure_text(outcome), True)
        elif self._start is not None and end is not None:
            self.result.emit(result_text(outcome, self._start, end), False)
        self.running_changed.emit(False)
        self._catch_up()

    def _step_to(self, contents: list[bytes] | None, done: int) -> None:
        if self.document is None or self._start is None or not done:
            return
        updates = done if self._counts else 0
        self._show(self.document.stepped(contents, updates, self._start))

    def _take(self, document: Document, *, announce: bool = True) -> None:
        """Show a document whose file is another one than before."""
        self._follower.follow(document.disk.path, (document.theirs or document.disk).stamp)
        if document.disk.functions:
            assert document.disk.state is not None
            record = document.disk.state.record
            self._caller.load(document.disk.data, (record.lineage.module_digest, record.schema))
        self.document = document
        if announce:
            self.changed.emit()

    def _show(self, document: Document) -> None:
        self.document = document
        self.changed.emit()

    def _catch_up(self) -> None:
        if self.is_busy:
            return
        if self._missed:
            self._missed = False
            self.look_again()
        else:
            self.settled.emit()


def _written(path: Path, state: State) -> Snapshot:
    commit(path, state)
    return read_snapshot(path)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{error.strerror or error}"
    return str(error)
