"""The file on disk: read, written, followed, and what to do when somebody else has written it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from wasmstate.errors import DurabilityUnknownError, StateConflictError
from wasmstate_gui.core.document.document import Document
from wasmstate_gui.core.document.overwrite import write_copy, written
from wasmstate_gui.core.document.snapshot import Snapshot, checked, look_at
from wasmstate_gui.core.remedies import WRITING, told
from wasmstate_gui.core.timeline import stepping
from wasmstate_gui.core.timeline.follow import Found, find, looks_back, noticed
from wasmstate_gui.core.window.picture import Picture
from wasmstate_gui.document.file_watcher import Follower
from wasmstate_gui.document.shown_document import Change, Shown
from wasmstate_gui.kit.jobs import Jobs


class Disk(QObject):
    """Reads and writes beside the window, and shows what comes of it."""

    read = Signal(object)
    """The :class:`Picture` of a file that is to be shown from now on."""
    stale = Signal()
    """The file is not what it was known to be: it has to be looked at."""
    reverted = Signal(object)
    """The document that was left, so that it can be come back to."""
    said = Signal(str)
    """Something for the status bar."""
    failed = Signal(str, str)
    """A title and a text: something could not be done."""

    def __init__(self, shown: Shown, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.is_following = True
        self._shown = shown
        self._jobs = jobs
        self.is_awaited = False
        """Whether the next version of the file is shown at once, followed or not."""
        self._follower = Follower(self)
        self._follower.changed.connect(self.stale)
        shown.disk_changed.connect(self._watch)
        shown.changed.connect(self._catch_up)

    def open(self, path: Path) -> None:
        """Read a file; what takes longer than to show it is found out afterwards."""
        self._jobs.start(lambda: Picture(Document.of(look_at(path))).prepare(), self._opened)

    def write(self, document: Document) -> None:
        """Write everything to the file, unless somebody else has written to it since."""
        if document.is_lost:
            self.said.emit("Not written: the file is gone; save a copy to keep what is here")
        elif document.theirs is not None:
            self.said.emit("Not written: the file changed on disk, choose whose state to keep")
        elif document.newest is not None:
            self._shown.apply(Change(self._caught_up))  # which asks whose state to keep
        else:
            self._jobs.start(lambda: written(document), partial(self._wrote, document))

    def save_copy(self, document: Document, path: Path) -> None:
        """Write everything to a new file; the one that is shown stays what it is."""
        self._jobs.start(partial(write_copy, document, path), partial(self._copied, path))

    def revert(self, document: Document) -> None:
        """Go back to what is on disk."""
        if document.theirs is not None:
            self.take_theirs()
        elif document.newest is not None:
            self._shown.apply(Change(self._at_newest))
        else:
            self._shown.apply(Change(self._at_disk, done=partial(self.reverted.emit, document)))

    def take_theirs(self) -> None:
        """Settle a conflict by dropping what was done here."""
        document = self._shown.document
        if document is not None and document.theirs is not None:
            self._shown.apply(Change(lambda old: self._external(old.took_theirs(), old)))

    def keep_mine(self) -> None:
        """Settle a conflict by keeping S as it is here; the next write replaces theirs."""
        document = self._shown.document
        if document is not None and document.can_keep_mine:
            self._shown.apply(Change(self._kept_mine))

    def follow(self, *, on: bool) -> None:
        """Whether what other programs make of the file is shown, or only taken note of."""
        self.is_following = on
        self._catch_up()

    def show_checked(self, found: Snapshot, done: Callable[[], None] | None = None) -> None:
        """Show what was found wrong with the file, if it is still the same; then do something."""
        self._shown.apply(Change(lambda document: document.checked(found), done=done))

    def look_again(self, document: Document) -> None:
        """Read the file again, because it has changed."""
        # What is awaited is what is read from now on, not what a reading under way still finds.
        is_awaited, self.is_awaited = self.is_awaited, False
        self._jobs.start(partial(find, document), partial(self._read_again, is_awaited))

    @property
    def _waits(self) -> bool:
        """Whether another version of the file is not shown yet."""
        return not self.is_following or looks_back(self._shown.timeline)

    def _catch_up(self) -> None:
        """Show what has waited, as soon as it need not wait any more."""
        document = self._shown.document
        if document is None or document.newer is None or self._shown.is_computing:
            return
        if document.half is None and not self._waits:
            self._shown.apply(Change(self._caught_up, done=self._say_replaced))

    def _watch(self) -> None:
        document = self._shown.document
        if document is not None:
            known = document.newest or document.theirs or document.disk
            self._follower.follow(document.disk.path, known.stamp)

    def _opened(self, result: Picture | Exception) -> None:
        if isinstance(result, Exception):
            self.failed.emit("The file cannot be read.", told(result))
            return
        self.read.emit(result)
        disk = result.document.disk
        if not disk.is_checked:
            self._jobs.start(lambda: checked(disk), self._checked)

    def _checked(self, result: Snapshot | Exception) -> None:
        if isinstance(result, Snapshot):
            self.show_checked(result)
        else:
            self.said.emit(f"The file cannot be checked: {told(result)}")

    def _read_again(self, is_awaited: bool, result: Found | Exception) -> None:
        if isinstance(result, Exception):
            self._shown.apply(Change(lambda document: replace(document, is_lost=True)))
            self.said.emit(f"The file on disk cannot be read: {told(result)}")
            return

        def make(document: Document) -> Document:
            after = noticed(document, result, waits=self._waits and not is_awaited)
            is_followed = after.disk is result.snapshot and not result.is_same
            return self._external(after, document) if is_followed else after

        self._shown.apply(Change(make, done=None if result.is_same else self._say_replaced))

    def _say_replaced(self) -> None:
        document = self._shown.document
        if document is not None and document.theirs is None and document.newest is None:
            self.said.emit("Another program has replaced the file; this is the new one")

    def _wrote(self, document: Document, result: Snapshot | Exception) -> None:
        if isinstance(result, Snapshot):
            timeline = self._shown.timeline
            is_light = timeline is None or not timeline.has_patches
            done = partial(self.said.emit, f"Written to {result.path.name}")
            make = partial(self._written, document, result)
            self._shown.apply(Change(make, is_light, done))
            return
        if not isinstance(result, StateConflictError):
            self.failed.emit("Not written.", told(result, WRITING))
        if isinstance(result, StateConflictError | DurabilityUnknownError):
            self.is_awaited = True
            self.stale.emit()

    def _copied(self, path: Path, result: Exception | None) -> None:
        if result is None:
            self.said.emit(f"Saved a copy: {path.name}")
        else:
            self.failed.emit("The copy was not written.", told(result, WRITING))

    def _written(self, wrote: Document, snapshot: Snapshot, document: Document) -> Document:
        timeline = self._shown.timeline
        if timeline is None or not stepping.keep_written(timeline, wrote, snapshot):
            self._shown.timeline = stepping.timeline_of(snapshot)
            return replace(document.written(snapshot), step=0)
        after = wrote.written(snapshot)
        # Bytes may have been typed while the file was being written.
        return after if document.step == wrote.step else stepping.at_step(after, timeline)

    def _at_disk(self, document: Document) -> Document:
        timeline, state = self._shown.timeline, document.disk.state
        assert timeline is not None
        if timeline.on_disk is not None:
            timeline.go(timeline.on_disk)
        elif state is not None and document.state is not None:
            stepping.add_disk(timeline, document.state, state, "the file")
        at = replace(document, step=timeline.here, edited=None)
        return replace(at, state=state, before=document.state)

    def _caught_up(self, document: Document) -> Document:
        """With the newest version of the file: followed, or in conflict with what was done here."""
        assert document.newest is not None
        after = document.replaced(document.newest, is_same=False)
        return after if after.theirs is not None else self._external(after, document)

    def _at_newest(self, document: Document) -> Document:
        """At the newest version of the file, without what was done here."""
        timeline = self._shown.timeline
        if timeline is not None and timeline.on_disk is not None:
            timeline.go(timeline.on_disk)
            document = stepping.at_step(document, timeline)
        after = self._caught_up(document)
        return after if after.theirs is None else self._external(after.took_theirs(), document)

    def _kept_mine(self, document: Document) -> Document:
        assert self._shown.timeline is not None
        self._shown.timeline.on_disk = None
        return document.kept_mine()

    def _external(self, new: Document, old: Document) -> Document:
        """What another program made of the file: steps, if S is of the same tensors."""
        timeline, before, last = self._shown.timeline, old.state, new.disk.state
        if timeline is None or timeline.has_patches or not stepping.are_alike(before, last):
            self._shown.timeline = stepping.timeline_of(new.disk)
            return replace(new, step=0)
        waited = () if old.newer is None else old.newer.states
        for state in [*(each for each in waited if each is not last), last]:
            if stepping.are_alike(before, state):
                assert before is not None
                assert state is not None
                stepping.add_disk(timeline, before, state, "replaced by another program")
                before = state
        return replace(new, step=timeline.here)
