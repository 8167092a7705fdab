"""What the user does and what happens to the file, turned into documents to show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from wasmstate.errors import DurabilityUnknownError, StateConflictError, WasmstateError
from wasmstate.state.state import State
from wasmstate.storage import commit
from wasmstate_gui.caller import Caller
from wasmstate_gui.follower import Follower
from wasmstate_gui.jobs import Jobs
from wasmstate_gui.presenters import stepping
from wasmstate_gui.presenters.document import Document
from wasmstate_gui.presenters.snapshot import Snapshot, read_snapshot
from wasmstate_gui.presenters.step_form import failure_text, result_text
from wasmstate_gui.presenters.timeline import Timeline
from wasmstate_gui.protocol import Call, Outcome, Step

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
        self.timeline: Timeline | None = None
        self._caller = Caller(self)
        self._caller.progressed.connect(self._progressed)
        self._caller.finished.connect(self._finished)
        self._jobs = Jobs(self)
        self._follower = Follower(self)
        self._follower.changed.connect(self.look_again)
        self._warm_up = QTimer(self, singleShot=True, interval=WARM_UP_MS)
        self._warm_up.timeout.connect(self._caller.warm_up)
        self._start: State | None = None
        self._call: Call | None = None
        self._done = 0
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

    def call(self, call: Call) -> None:
        """Call an exported function from the shown step on; what S becomes is the next step."""
        document = self.document
        if document is None or document.state is None or self.is_busy:
            return
        self._start = document.state
        self._call, self._done = call, 0
        self._caller.call(replace(call, contents=document.state.contents()))
        self.running_changed.emit(True)

    def go(self, step: int) -> None:
        """Show another step of the timeline; the disk stays what it is."""
        document, timeline = self.document, self.timeline
        if document is None or timeline is None or self.is_busy or step not in timeline:
            return
        timeline.go(step)
        self._show(stepping.at_step(document, timeline))

    def edit(self, change: Callable[[State], State], text: str) -> None:
        """Give S other values by hand: a step of the timeline, as any other.

        Args:
            change: makes the new state of the one shown; what it raises is told.
            text: what is done, as the timeline shows it.
        """
        document, timeline = self.document, self.timeline
        if document is None or document.state is None or timeline is None or self.is_busy:
            return
        try:
            state = change(document.state)
        except (WasmstateError, OSError) as error:
            self.failed.emit("Not changed.", _reason(error))
            return
        if state.contents() == document.state.contents():
            return
        stepping.add_edit(timeline, document.state, state, text)
        self._show(stepping.at_step(document, timeline))

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
        if document is None or not document.is_dirty or self.is_busy:
            return
        if document.theirs is not None:
            self.take_theirs()
            return
        timeline, state = self.timeline, document.disk.state
        assert timeline is not None
        assert state is not None
        assert document.state is not None
        if timeline.on_disk is None:
            stepping.add_disk(timeline, document.state, state, "the file")
        else:
            timeline.go(timeline.on_disk)
        self._show(replace(document, state=state, before=document.state, step=timeline.here))
        self.reverted.emit(document)

    def come_back(self, document: Document) -> None:
        """Undo a revert, if the file is still the same."""
        if self.document is not None and self.document.disk is document.disk:
            if self.timeline is not None and document.step in self.timeline:
                self.timeline.go(document.step)
            self._show(document)

    def take_theirs(self) -> None:
        """Settle a conflict by dropping what was done here."""
        if self.document is not None and self.document.theirs is not None:
            self._take_external(self.document.took_theirs())

    def keep_mine(self) -> None:
        """Settle a conflict by keeping S as it is here; the next write replaces theirs."""
        if self.document is not None and self.document.can_keep_mine:
            assert self.timeline is not None
            self.timeline.on_disk = None
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
            document = Document.of(result)
            self.timeline = stepping.timeline_of(result)
            self._take(document, announce=False)
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
        after = before.replaced(result)
        if after.theirs is None and result.data != before.disk.data:
            self._take_external(after)
        else:
            self._take(after)
        if result.data != before.disk.data and self.document.theirs is None:
            self.said.emit("Another program has replaced the file; this is the new one")
        self._catch_up()

    def _wrote(self, result: Snapshot | Exception) -> None:
        if self.document is None:
            return
        if isinstance(result, Snapshot):
            if self.timeline is not None:
                self.timeline.on_disk = self.document.step
            self._take(self.document.written(result))
            self.said.emit(f"Written to {result.path.name}")
        elif isinstance(result, StateConflictError):
            self._missed = True
        else:
            self.failed.emit("Not written.", _reason(result))
            self._missed = isinstance(result, DurabilityUnknownError)
        self._catch_up()

    def _progressed(self, steps: list[Step]) -> None:
        self._add_steps(steps)

    def _finished(self, outcome: Outcome) -> None:
        self._add_steps(outcome.steps)
        document = self.document
        if document is not None and document.state is not None and self.timeline is not None:
            if self._caller.process_id:  # a process that was ended knows nothing any more
                self._caller.known = document.state.contents()
            if outcome.error and outcome.error != "Stopped":
                self.timeline.note_trouble(outcome.text)
                self.changed.emit()
        if outcome.error:
            self.result.emit(failure_text(outcome), True)
        elif self._start is not None and document is not None and document.state is not None:
            self.result.emit(result_text(outcome, self._start, document.state), False)
        self.running_changed.emit(False)
        self._catch_up()

    def _add_steps(self, steps: list[Step]) -> None:
        document, timeline, call = self.document, self.timeline, self._call
        if document is None or timeline is None or call is None:
            return
        stepping.add_calls(timeline, call, self._done, steps, document.disk.functions)
        self._done += len(steps)
        if timeline.here != document.step:
            self._show(stepping.at_step(document, timeline, self._start))

    def _take_external(self, document: Document) -> None:
        """Show what another program made of the file: a step, if S is of the same tensors."""
        old, state = self.document.state if self.document else None, document.disk.state
        if self.timeline is None or not stepping.are_alike(old, state):
            self.timeline = stepping.timeline_of(document.disk)
            self._take(replace(document, step=0))
            return
        assert old is not None
        assert state is not None
        stepping.add_disk(self.timeline, old, state, "replaced by another program")
        self._take(replace(document, step=self.timeline.here))

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
