"""What the user may do to the file, and when; who does it are its parts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import QObject, Signal

from wasmstate.state.state import State
from wasmstate_gui.core.calls.protocol import Call, Outcome
from wasmstate_gui.core.document.document import Document
from wasmstate_gui.core.document.snapshot import Snapshot
from wasmstate_gui.core.remedies import told
from wasmstate_gui.core.timeline import stepping
from wasmstate_gui.core.timeline.timeline import Timeline
from wasmstate_gui.core.window.picture import Picture
from wasmstate_gui.document.disk import Disk
from wasmstate_gui.document.hand_edits import HandEdits
from wasmstate_gui.document.run_calls import Calls
from wasmstate_gui.document.shown_document import Change, Shown
from wasmstate_gui.kit.jobs import Jobs


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

    settled = Signal()
    """Nothing is under way any more."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = Jobs(self)
        self._jobs.finished.connect(self._catch_up)
        self._shown = Shown(self._jobs, self)
        self._calls = Calls(self._shown, self)
        self._calls.result.connect(self.result)
        self._calls.finished.connect(self._called)
        self._hand_edits = HandEdits(self._shown, self)
        self._hand_edits.typed_changed.connect(self.typed_changed)
        self._disk = Disk(self._shown, self._jobs, self)
        self._disk.read.connect(self._begin)
        self._disk.stale.connect(self.look_again)
        self._disk.reverted.connect(self.reverted)
        self._disk.said.connect(self.said)
        self._disk.failed.connect(self.failed)
        self._shown.failed.connect(self.failed)
        self._shown.changed.connect(self.changed)
        self._afterwards: list[Callable[[], None]] = []
        self._missed = False

    @property
    def picture(self) -> Picture | None:
        """What is shown, as the panels need it."""
        return self._shown.picture

    @property
    def document(self) -> Document | None:
        """What is shown."""
        return self._shown.document

    @property
    def timeline(self) -> Timeline | None:
        """The steps of the file."""
        return self._shown.timeline

    @property
    def typed(self) -> dict[int, int]:
        """Bytes that were typed and are not in the picture yet, by offset."""
        return self._hand_edits.typed

    @property
    def is_running(self) -> bool:
        """Whether a call is under way, or what it did not shown yet."""
        return self._calls.is_running

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way: a call, reading, writing, computing what to show."""
        return self.is_running or self._jobs.is_busy

    @property
    def is_computing(self) -> bool:
        """Whether the next picture is being made, the timeline with it."""
        return self._shown.is_computing

    @property
    def worker_id(self) -> int:
        """The process id of the worker; 0 if there is none."""
        return self._calls.process_id

    def prepare_with(self, work: Callable[[], None]) -> None:
        """Have this worked out, too, before a picture is shown, in whatever thread that is."""
        self._shown.prepare = work

    def open(self, path: Path) -> None:
        """Read a file and show it; what takes longer than to show it is found out afterwards."""
        self._disk.open(path.absolute())

    def call(self, call: Call) -> None:
        """Call an exported function from the shown step on; what S becomes is the next step."""
        if not self._when_free(partial(self.call, call)):
            return
        document, timeline = self.document, self.timeline
        if document is None or document.state is None or timeline is None or self.is_busy:
            return
        if not timeline.fits(document.state.contents()):
            # There was no state before bytes were overwritten.
            self._shown.timeline = stepping.timeline_of(document.base)
        self._calls.start(call, document.state)
        self.running_changed.emit(True)

    def ask(self, call: Call, answered: Callable[[Outcome], None]) -> None:
        """Have a call done on a copy of the module, and give what was noted of it."""
        if self._when_free(partial(self.ask, call, answered)) and not self.is_busy:
            self._calls.ask(call, answered)
            self.running_changed.emit(True)

    def stop(self) -> None:
        """End the call under way."""
        self._calls.stop()

    def go(self, step: int) -> None:
        """Show another step of the timeline; the disk stays what it is."""
        timeline = self.timeline
        if timeline is None or self.is_running or step not in timeline:
            return

        def make(document: Document) -> Document:
            timeline.go(step)
            return stepping.at_step(document, timeline)

        is_light = not timeline.has_patches or self._shown.is_small
        self._shown.apply(Change(make, is_light))

    @property
    def since(self) -> Literal["step", "chosen", "disk"]:
        """What changes are marked against: the step before, the one that was chosen, the file."""
        is_chosen = self.timeline is not None and self.timeline.s1 is not None
        return "chosen" if is_chosen and self._shown.since == "step" else self._shown.since

    def compare_with(self, since: Literal["step", "disk"], s1: int | None = None) -> None:
        """Mark what changed since the last ``step`` or since ``s1``, or what is not on ``disk``."""
        self._shown.compare_with(since, s1)

    def edit(self, change: Callable[[State], State], text: str) -> None:
        """Give S other values by hand: a step of the timeline, as any other.

        Args:
            change: makes the new state of the one shown; what it raises is told.
            text: what is done, as the timeline shows it.
        """
        if not self.is_running:
            self._hand_edits.edit(change, text)

    def overwrite(self, offset: int, data: bytes, *, is_raw: bool) -> None:
        """Overwrite bytes: those of S become other values, all others are taken as they are."""
        document = self.document
        if document is None or self.is_running or document.theirs is not None:
            self.said.emit("Not edited: a call is under way, or the file changed on disk")
        else:
            self._hand_edits.overwrite(offset, data, is_raw=is_raw)

    def do(self, work: Callable[[], Any], done: Callable[[Any], None], title: str) -> None:
        """Do something beside the window, after what is under way.

        Args:
            work: runs in another thread; raises WasmstateError or OSError.
            done: is called here with what it gave.
            title: of the message, if it failed.
        """
        if self.is_busy:
            if self.is_running:
                self.said.emit("This waits for the call that is under way; Esc ends it")
            self._afterwards.append(partial(self.do, work, done, title))
            return

        def took(result: Any) -> None:
            if isinstance(result, Exception):
                self.failed.emit(title, told(result))
            else:
                done(result)

        self._jobs.start(work, took)

    def write(self) -> None:
        """Write everything to the file, unless somebody else has written to it since."""
        if not self._when_free(self.write):
            return
        document = self.document
        if document is not None and document.is_dirty and not self.is_busy:
            self._disk.write(document)

    def save_copy(self, path: Path) -> None:
        """Write what is shown to a new file."""
        if not self._when_free(partial(self.save_copy, path)):
            return
        if self.document is not None:
            self._disk.save_copy(self.document, path)

    def revert(self) -> None:
        """Go back to what is on disk, which is read again."""
        document = self.document
        if document is None or self.is_busy:
            return
        if document.is_dirty or document.newest is not None:
            self._disk.revert(document)
        if self._when_free(self.show_change):
            self.show_change()

    def come_back(self, document: Document) -> None:
        """Undo a revert, if the file is still the same."""
        if self.document is not None and self.document.disk is document.disk:
            self.go(document.step)

    def compare_theirs(self, done: Callable[[], None]) -> None:
        """Show what S here and S on disk differ in, then do something; or show it no longer."""
        document = self.document
        if document is not None and document.is_beside_theirs:
            self._shown.apply(Change(Document.alone))
        elif document is not None and document.can_compare_theirs:
            self._shown.apply(Change(Document.beside_theirs, done=done))

    def take_theirs(self) -> None:
        """Settle a conflict by dropping what was done here."""
        self._disk.take_theirs()

    def keep_mine(self) -> None:
        """Settle a conflict by keeping S as it is here; the next write replaces theirs."""
        self._disk.keep_mine()

    def look_again(self) -> None:
        """Read the file again, because it has changed."""
        if self.document is None:
            return
        if self.is_busy:
            self._missed = True
        else:
            self._disk.look_again(self.document)

    def show_change(self) -> None:
        """Show what the window itself has made of the file, whether it is followed or not."""
        self._disk.is_awaited = True
        self.look_again()

    @property
    def is_following(self) -> bool:
        """Whether what other programs make of the file is shown."""
        return self._disk.is_following

    def follow(self, *, on: bool) -> None:
        """Show what other programs make of the file, or only say that they made something."""
        self._disk.follow(on=on)

    def show_checked(self, found: Snapshot, done: Callable[[], None]) -> None:
        """Show what was found wrong with the file, if it is still the same; then do something."""
        self._disk.show_checked(found, done)

    def close(self) -> None:
        """End the process and drop what is under way."""
        self._shown.forget()
        self._afterwards.clear()
        self._calls.close()
        self._jobs.close()

    def _begin(self, picture: Picture) -> None:
        self._calls.forget()
        self._hand_edits.forget()
        self._shown.begin(picture, stepping.timeline_of(picture.document.disk))
        self.opened.emit()

    def _called(self) -> None:
        self.running_changed.emit(False)
        self._catch_up()

    def _when_free(self, action: Callable[[], None]) -> bool:
        """Whether nothing is being computed; if something is, the action is done afterwards."""
        is_showing = self.is_computing or self.is_running
        if self._calls.is_calling or not is_showing:
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
