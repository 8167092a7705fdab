"""The document that is shown and its timeline, and the changes that make other ones of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from PySide6.QtCore import QObject, Signal

from wasmstate.errors import WasmstateError
from wasmstate_gui.core.document.document import LIGHT, Document
from wasmstate_gui.core.remedies import told
from wasmstate_gui.core.timeline.stepping import compared
from wasmstate_gui.core.timeline.timeline import Timeline
from wasmstate_gui.core.window.picture import Picture
from wasmstate_gui.kit.jobs import Jobs


@dataclass(frozen=True)
class Change:
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


class Shown(QObject):
    """Makes one change after the other, and a picture of what comes of each.

    Args:
        jobs: where a change is made that takes its time.
    """

    changed = Signal()
    """The picture is another one."""
    disk_changed = Signal()
    """What is known of the file on disk is another, too."""
    base_changed = Signal()
    """The file that S belongs to is another, too."""
    failed = Signal(str, str)
    """A title and a text: a change could not be made."""

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.picture: Picture | None = None
        self.timeline: Timeline | None = None
        self.prepare: Callable[[], None] | None = None
        """What else is to be worked out before a picture is shown, in whatever thread that is."""
        self._jobs = jobs
        self.since: Literal["step", "disk"] = "step"
        self._changes: deque[Change] = deque()
        self._under_way: Change | None = None

    @property
    def document(self) -> Document | None:
        """What is shown."""
        return None if self.picture is None else self.picture.document

    @property
    def is_computing(self) -> bool:
        """Whether the next picture is being made, the timeline with it."""
        return self._under_way is not None

    @property
    def is_small(self) -> bool:
        """Whether the whole file is checked faster than a thread would start."""
        return self.document is None or self.document.source.size <= LIGHT

    def begin(self, picture: Picture, timeline: Timeline) -> None:
        """Show a file just opened; changes of the one before are dropped."""
        self.forget()
        self.timeline = timeline
        self._take(picture)

    def forget(self) -> None:
        """Drop the changes that are not made yet."""
        self._changes.clear()
        self._under_way = None

    def compare_with(self, since: Literal["step", "disk"], s1: int | None = None) -> None:
        """Mark what changed since the last ``step`` or since ``s1``, or what is not on ``disk``."""
        self.since = since

        def make(document: Document) -> Document:
            if self.timeline is not None:
                self.timeline.compare_with(s1)
            return document.alone()

        self.apply(Change(make))

    def apply(self, change: Change) -> None:
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
        since = compared(document, self.timeline, self.since)
        if document is not picture.document or since is not picture.since:
            picture = Picture(document, since).prepare()
        if self.prepare is not None:
            self.prepare()
        return picture

    def _changed_elsewhere(self, change: Change, result: Picture | Exception) -> None:
        if self._under_way is change:  # else another file was opened meanwhile
            self._changed(change, result)
            self._next_change()

    def _changed(self, change: Change, result: Picture | Exception) -> None:
        self._under_way = None
        if isinstance(result, Exception):
            self.failed.emit("Not changed.", told(result))
        else:
            self._take(result)
        self.changed.emit()
        if change.done is not None:
            change.done()

    def _take(self, picture: Picture) -> None:
        old, new = self.document, picture.document
        self.picture = picture
        if old is None or (old.disk, old.theirs) != (new.disk, new.theirs):
            self.disk_changed.emit()
        if old is None or old.base is not new.base:
            self.base_changed.emit()
