"""What the user does and what happens to the file, turned into pictures to show."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from wasmstate.errors import DurabilityUnknownError, StateConflictError, WasmstateError
from wasmstate.session.table import Row, read_table
from wasmstate.state.signature import Param
from wasmstate.state.state import State
from wasmstate_gui.caller import Caller
from wasmstate_gui.follower import Follower
from wasmstate_gui.jobs import Jobs
from wasmstate_gui.presenters import stepping
from wasmstate_gui.presenters.document import LIGHT, Document
from wasmstate_gui.presenters.edits import Edit, edited, is_value, written
from wasmstate_gui.presenters.picture import Picture
from wasmstate_gui.presenters.snapshot import Snapshot, checked, look_at, read_snapshot
from wasmstate_gui.presenters.step_form import failure_text, result_text
from wasmstate_gui.presenters.timeline import Timeline
from wasmstate_gui.protocol import Call, Outcome, Step

WARM_UP_MS = 400
_FRAME_MS = 16
_FRAME_SHARE = 0.012  # seconds of each frame, at most, for taking in what calls did


@dataclass(frozen=True)
class _Change:
    """Something that makes another document of the one that is shown.

    Attributes:
        make: gives it, and moves the timeline with it; may take its time, and runs in another
            thread if it is likely to.
        is_light: whether it is sure to take less time than a thread.
        done: what is to happen when it is shown.
    """

    make: Callable[[Document], Document]
    is_light: bool = True
    done: Callable[[], None] | None = None


class Controller(QObject):
    """Owns the document. Every change of it is announced; nothing here blocks."""

    opened = Signal()
    """Another file is shown."""
    changed = Signal()
    """The picture is another one."""
    typed_changed = Signal()
    """Bytes were typed; what they make of the file is shown soon."""
    running_changed = Signal(bool)
    result = Signal(str, bool)
    """The line about the last call, and whether it failed."""
    said = Signal(str)
    """Something for the status bar."""
    noticed = Signal(object)
    """A :class:`Notice` with something the user can do."""
    failed = Signal(str, str)
    """A title and a text: something could not be done."""
    reverted = Signal(object)
    """The document that was left, so that it can be come back to."""

    rows_read = Signal(str, object)
    """The name of a file, and the arguments that were read from it."""

    settled = Signal()
    """Nothing is under way any more."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.picture: Picture | None = None
        self.timeline: Timeline | None = None
        self.typed: dict[int, int] = {}
        self.prepare: Callable[[], None] | None = None
        """What else is to be worked out before a picture is shown, in whatever thread that is."""
        self._since = "step"
        self._caller = Caller(self)
        self._caller.progressed.connect(self._progressed)
        self._caller.finished.connect(self._finished)
        self._jobs = Jobs(self)
        self._follower = Follower(self)
        self._follower.changed.connect(self.look_again)
        self._warm_up = QTimer(self, singleShot=True, interval=WARM_UP_MS)
        self._warm_up.timeout.connect(self._caller.warm_up)
        self._changes: deque[_Change] = deque()
        self._under_way: _Change | None = None
        self._edits: list[Edit] = []
        self._steps: deque[Step] = deque()  # told of, not in the timeline yet
        self._outcome: Outcome | None = None  # of a call of which there are such steps
        self._afterwards: list[Callable[[], None]] = []
        self._start: State | None = None
        self._call: Call | None = None
        self._done = 0
        self._missed = False
        self._is_closed = False

    @property
    def document(self) -> Document | None:
        """What is shown."""
        return None if self.picture is None else self.picture.document

    @property
    def is_running(self) -> bool:
        """Whether a call is under way, or what it did not shown yet."""
        return self._caller.is_busy or self._outcome is not None

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way: a call, reading, writing, computing what to show."""
        return self.is_running or self._jobs.is_busy

    @property
    def worker_id(self) -> int:
        """The process id of the worker; 0 if there is none."""
        return self._caller.process_id

    def open(self, path: Path) -> None:
        """Read a file and show it; what takes longer than to show it is found out afterwards."""
        path = path.absolute()
        self._jobs.start(lambda: Picture(Document.of(look_at(path))).prepare(), self._read)

    @property
    def is_computing(self) -> bool:
        """Whether the next picture is being made, the timeline with it."""
        return self._under_way is not None

    def call(self, call: Call) -> None:
        """Call an exported function from the shown step on; what S becomes is the next step."""
        if not self._when_free(partial(self.call, call)):
            return
        document, timeline = self.document, self.timeline
        if document is None or document.state is None or timeline is None or self.is_busy:
            return
        contents = document.state.contents()
        if not timeline.fits(contents):  # there was no state before bytes were overwritten
            self.timeline = stepping.timeline_of(document.base)
        self._start = document.state
        self._call, self._done = call, 0
        self._caller.call(replace(call, contents=contents))
        self.running_changed.emit(True)

    def go(self, step: int) -> None:
        """Show another step of the timeline; the disk stays what it is."""
        timeline = self.timeline
        if timeline is None or self.is_running or step not in timeline:
            return

        def make(document: Document) -> Document:
            timeline.go(step)
            return stepping.at_step(document, timeline)

        is_light = not timeline.has_patches or self._is_small
        self._apply(_Change(make, is_light))

    def edit(self, change: Callable[[State], State], text: str) -> None:
        """Give S other values by hand: a step of the timeline, as any other.

        Args:
            change: makes the new state of the one shown; what it raises is told.
            text: what is done, as the timeline shows it.
        """
        timeline = self.timeline
        if timeline is None or self.is_running:
            return

        def make(document: Document) -> Document:
            if document.state is None:
                return document
            state = change(document.state)
            if state.contents() == document.state.contents():
                return document
            stepping.add_edit(timeline, document.state, state, text)
            return stepping.at_step(document, timeline)

        self._apply(_Change(make))

    def do(self, work: Callable[[], Any], done: Callable[[Any], None], title: str) -> None:
        """Do something beside the window.

        Args:
            work: runs in another thread; raises WasmstateError or OSError.
            done: is called here with what it gave.
            title: of the message, if it failed.
        """
        if self.is_busy:
            return

        def took(result: Any) -> None:
            if isinstance(result, Exception):
                self.failed.emit(title, _reason(result))
            else:
                done(result)
            self._catch_up()

        self._jobs.start(work, took)

    def read_rows(self, path: Path, params: Sequence[Param]) -> None:
        """Read the arguments of many calls from a file."""

        def took(rows: list[Row]) -> None:
            if rows:
                self.rows_read.emit(path.name, rows)
            else:
                self.failed.emit("No arguments.", f"{path.name} has no rows")

        self.do(lambda: list(read_table(path, params)), took, "No arguments.")

    def stop(self) -> None:
        """End the call under way."""
        self._caller.stop()

    def write(self) -> None:
        """Write everything to the file, unless somebody else has written to it since."""
        if not self._when_free(self.write):
            return
        document = self.document
        if document is None or self.is_busy or not document.is_dirty:
            return
        if document.theirs is not None:
            self.said.emit("Not written: the file changed on disk, choose whose state to keep")
            return
        self._jobs.start(lambda: written(document), self._wrote)

    def revert(self) -> None:
        """Go back to what is on disk."""
        document = self.document
        if document is None or not document.is_dirty or self.is_busy:
            return
        if document.theirs is not None:
            self.take_theirs()
        else:
            self._apply(_Change(self._reverted, done=partial(self.reverted.emit, document)))

    def _reverted(self, document: Document) -> Document:
        timeline, state = self.timeline, document.disk.state
        assert timeline is not None
        if timeline.on_disk is not None:
            timeline.go(timeline.on_disk)
        elif state is not None and document.state is not None:
            stepping.add_disk(timeline, document.state, state, "the file")
        at = replace(document, step=timeline.here, edited=None)
        return replace(at, state=state, before=document.state)

    def come_back(self, document: Document) -> None:
        """Undo a revert, if the file is still the same."""
        if self.document is not None and self.document.disk is document.disk:
            self.go(document.step)

    def overwrite(self, offset: int, data: bytes, *, is_raw: bool) -> None:
        """Overwrite bytes: those of S become other values, all others are taken as they are."""
        document = self.document
        if document is None or self.is_running or document.theirs is not None:
            self.said.emit("Not edited: a call is under way, or the file changed on disk")
            return
        self.typed |= dict(enumerate(data, offset))
        self._edits.append(Edit(offset, data, is_raw))
        is_value_edit = not is_raw and is_value(document, offset)
        self._apply(_Change(self._edited, is_value_edit or self._is_small))
        if self.typed:
            self.typed_changed.emit()

    def _edited(self, document: Document) -> Document:
        edits, self._edits = self._edits, []
        timeline = self.timeline
        after = edited(document, edits)
        if timeline is None or not edits or after is document:
            return after
        last = edits[-1]
        text = f"0x{last.offset:X} = {last.data.hex(' ').upper()}"
        if after.edited is not document.edited:
            stepping.add_bytes(timeline, after, f"{text}, as it is")
            return replace(after, step=timeline.here)
        assert document.state is not None
        assert after.state is not None
        if not timeline.fits(after.state.contents()):
            self.timeline = timeline = stepping.timeline_of(document.base)
        goes_on = timeline.event(timeline.here).kind == "edit" and document.before is not None
        stepping.add_edit(timeline, document.state, after.state, text)
        # What was typed one after the other is marked together.
        before = document.before if goes_on else document.state
        return replace(after, step=timeline.here, before=before)

    @property
    def _is_small(self) -> bool:
        """Whether the whole file is checked faster than a thread would start."""
        return self.document is None or self.document.source.size <= LIGHT

    def compare_with(self, since: str) -> None:
        """Mark what changed since the last ``step``, or what is not on ``disk``."""
        self._since = since
        self._apply(_Change(lambda document: document))

    def take_theirs(self) -> None:
        """Settle a conflict by dropping what was done here."""
        if self.document is not None and self.document.theirs is not None:
            self._apply(_Change(lambda document: self._external(document.took_theirs(), document)))

    def keep_mine(self) -> None:
        """Settle a conflict by keeping S as it is here; the next write replaces theirs."""
        if self.document is not None and self.document.can_keep_mine:
            self._apply(_Change(self._kept_mine))

    def _kept_mine(self, document: Document) -> Document:
        assert self.timeline is not None
        self.timeline.on_disk = None
        return document.kept_mine()

    def _external(self, new: Document, old: Document) -> Document:
        """What another program made of the file: a step, if S is of the same tensors."""
        timeline, state = self.timeline, new.disk.state
        alike = stepping.are_alike(old.state, state)
        if timeline is None or not alike or timeline.has_patches:
            self.timeline = stepping.timeline_of(new.disk)
            return replace(new, step=0)
        assert old.state is not None
        assert state is not None
        stepping.add_disk(timeline, old.state, state, "replaced by another program")
        return replace(new, step=timeline.here)

    def look_again(self) -> None:
        """Read the file again, because it has changed."""
        document = self.document
        if document is None:
            return
        if self.is_busy:
            self._missed = True
            return
        path, disk = document.disk.path, document.disk

        def read() -> tuple[Snapshot, bool]:
            snapshot = read_snapshot(path)
            return snapshot, disk.is_same_as(snapshot)

        self._jobs.start(read, self._read_again)

    def close(self) -> None:
        """End the process and drop what is under way."""
        self._is_closed = True
        self._warm_up.stop()
        self._drop_steps()
        self._changes.clear()
        self._afterwards.clear()
        self._caller.close()
        self._jobs.close()

    def _read(self, result: Picture | Exception) -> None:
        if isinstance(result, Exception):
            self.failed.emit("The file cannot be read.", _reason(result))
        else:
            self._caller.stop()
            self._drop_steps()
            self._changes.clear()
            self._under_way = None
            self._edits, self.typed = [], {}
            self.timeline = stepping.timeline_of(result.document.disk)
            self._take(result)
            self.opened.emit()
            disk = result.document.disk
            if not disk.is_checked:
                self._jobs.start(lambda: checked(disk), self._was_checked)
        self._catch_up()

    def _was_checked(self, result: Snapshot | Exception) -> None:
        if isinstance(result, Snapshot):
            self._apply(_Change(lambda document: document.checked(result)))
        else:
            self.said.emit(f"The file cannot be checked: {_reason(result)}")
        self._catch_up()

    def _read_again(self, result: tuple[Snapshot, bool] | Exception) -> None:
        if isinstance(result, Exception):
            self.said.emit(f"The file on disk cannot be read: {_reason(result)}")
        elif self.document is not None:
            snapshot, is_same = result

            def make(document: Document) -> Document:
                after = document.replaced(snapshot, is_same=is_same)
                followed = after.theirs is None and not is_same
                return self._external(after, document) if followed else after

            self._apply(_Change(make, done=None if is_same else self._say_replaced))
        self._catch_up()

    def _say_replaced(self) -> None:
        if self.document is not None and self.document.theirs is None:
            self.said.emit("Another program has replaced the file; this is the new one")

    def _wrote(self, result: Snapshot | Exception) -> None:
        if self.document is None:
            return
        if isinstance(result, Snapshot):
            done = partial(self.said.emit, f"Written to {result.path.name}")
            self._apply(_Change(partial(self._written, result), done=done))
        elif isinstance(result, StateConflictError):
            self._missed = True
        else:
            self.failed.emit("Not written.", _reason(result))
            self._missed = isinstance(result, DurabilityUnknownError)
        self._catch_up()

    def _written(self, snapshot: Snapshot, document: Document) -> Document:
        timeline = self.timeline
        if timeline is None or timeline.has_patches:
            # Other steps lay their bytes over a file that is no more.
            self.timeline = stepping.timeline_of(snapshot)
            return replace(document.written(snapshot), step=0)
        timeline.on_disk = document.step
        return document.written(snapshot)

    def _progressed(self, steps: list[Step]) -> None:
        waits = bool(self._steps)
        self._steps.extend(steps)
        if not waits:
            self._take_steps()

    def _finished(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._steps.extend(outcome.steps)
        self._take_steps()

    def _take_steps(self) -> None:
        self._apply(_Change(self._stepped, done=self._took_steps))

    def _stepped(self, document: Document) -> Document:
        """After some of the calls that were told of: as many as fit in between two frames."""
        timeline, call = self.timeline, self._call
        if timeline is None or call is None:
            return document
        end = perf_counter() + _FRAME_SHARE
        while self._steps and perf_counter() < end:
            step = self._steps.popleft()
            stepping.add_call(timeline, call, self._done, step, document.base.functions)
            self._done += 1
        if timeline.here == document.step:
            return document
        return stepping.at_step(document, timeline, self._start)

    def _took_steps(self) -> None:
        if self._steps:
            QTimer.singleShot(_FRAME_MS, self._take_steps)  # what is shown is painted first
        elif self._outcome is not None:
            outcome, self._outcome = self._outcome, None
            self._say_outcome(outcome)

    def _drop_steps(self) -> None:
        self._steps.clear()
        self._outcome = None

    def _say_outcome(self, outcome: Outcome) -> None:
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

    def _apply(self, change: _Change) -> None:
        """Show what a change makes of the document, after the changes that came before it."""
        self._changes.append(change)
        if self._under_way is None:
            self._next_change()

    def _next_change(self) -> None:
        while self._changes and self.picture is not None:
            change = self._under_way = self._changes.popleft()
            work = partial(self._pictured, self.picture, change.make)
            if not (change.is_light and self.picture.document.is_light):
                self._jobs.start(work, partial(self._changed_elsewhere, change))
                return
            try:
                self._changed(change, work())
            except (OSError, WasmstateError) as error:
                self._changed(change, error)

    def _pictured(self, picture: Picture, make: Callable[[Document], Document]) -> Picture:
        document = make(picture.document)
        if document is not picture.document or self._since != picture.since:
            picture = Picture(document, self._since).prepare()
        if self.prepare is not None:
            self.prepare()
        return picture

    def _changed_elsewhere(self, change: _Change, result: Picture | Exception) -> None:
        if self._under_way is change:  # else another file was opened meanwhile
            self._changed(change, result)
            self._next_change()
        self._catch_up()

    def _changed(self, change: _Change, result: Picture | Exception) -> None:
        self._under_way = None
        if not self._edits:
            self.typed = {}
        if isinstance(result, Exception):
            self.failed.emit("Not changed.", _reason(result))
            self.changed.emit()
        else:
            self._take(result)
            self.changed.emit()
        if change.done is not None:
            change.done()

    def _take(self, picture: Picture) -> None:
        """Show a picture; whoever depends on the file learns of another one."""
        old, new = self.document, picture.document
        self.picture = picture
        if old is None or (old.disk, old.theirs) != (new.disk, new.theirs):
            self._follower.follow(new.disk.path, (new.theirs or new.disk).stamp)
        base = new.base
        if base.functions and (old is None or old.base is not base):
            assert base.state is not None
            record = base.state.record
            key = (record.lineage.module_digest, record.schema)
            self._caller.load(base.source, base.path, key)
            if not self._is_closed:
                self._warm_up.start()

    def _when_free(self, action: Callable[[], None]) -> bool:
        """Whether nothing is being computed; if something is, the action is done afterwards."""
        if self._caller.is_busy or (self._under_way is None and self._outcome is None):
            return True
        self._afterwards.append(action)
        return False

    def _catch_up(self) -> None:
        if self.is_busy:
            return
        if self._afterwards:
            self._afterwards.pop(0)()
            self._catch_up()
        elif self._missed:
            self._missed = False
            self.look_again()
        else:
            self.settled.emit()


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{error.strerror or error}"
    return str(error)
