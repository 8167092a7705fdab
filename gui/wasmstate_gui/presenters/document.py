"""A file in the window: S1 on disk, S2 in memory, and what happens to the two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wasmstate.binary.module import Module
from wasmstate.errors import SchemaError
from wasmstate.state.describe import with_state
from wasmstate.state.state import SECTION_NAME, State
from wasmstate_gui.presenters.snapshot import Snapshot

Offsets = NDArray[np.int64]


@dataclass(frozen=True)
class Document:
    """What the window shows; it never changes in place, every event gives a new one.

    Attributes:
        disk: the file as it was last read or written.
        state: S in memory, ``None`` if the file carries none that can be read.
        before: S before the last call, write or replacement: what it is compared with.
        step: its place in the timeline.
        theirs: the file as somebody else has made it since, while S was changed here.
    """

    disk: Snapshot
    state: State | None
    before: State | None
    step: int = 0
    theirs: Snapshot | None = None

    @classmethod
    def of(cls, snapshot: Snapshot) -> Document:
        """A file just opened."""
        return cls(snapshot, snapshot.state, snapshot.state)

    @property
    def steps(self) -> int:
        """Calls of ``update()`` in memory that the disk has not seen; negative after going back."""
        if self.state is None or self.disk.state is None:
            return 0
        return self.state.update_count - self.disk.state.update_count

    @property
    def is_dirty(self) -> bool:
        """Whether S in memory differs from S on disk, or has seen more updates."""
        if self.state is None or self.disk.state is None:
            return False
        return self.steps != 0 or self.state.contents() != self.disk.state.contents()

    @cached_property
    def module(self) -> Module:
        """The module with S as it is in memory."""
        if self.state is None or not self.is_dirty:
            return self.disk.module
        return with_state(self.disk.module, self.state)

    @cached_property
    def data(self) -> bytes:
        """The bytes of :attr:`module`."""
        return self.module.to_bytes() if self.is_dirty else self.disk.data

    def compared_with(self, since: str) -> State | None:
        """The state that changes are shown against: ``step`` or ``disk``."""
        return self.disk.state if since == "disk" else self.before

    def changed(self, since: str = "step") -> Offsets:
        """Offsets of the bytes of the file that differ, in ascending order."""
        nothing: Offsets = np.empty(0, np.int64)
        sections = self.module.custom_sections(SECTION_NAME)
        before = self.compared_with(since)
        if before is None or before is self.state or self.state is None or len(sections) != 1:
            return nothing
        old = np.frombuffer(before.to_content(), np.uint8)
        new = np.frombuffer(sections[0].content, np.uint8)
        if len(old) != len(new):
            return nothing
        return np.flatnonzero(old != new).astype(np.int64) + sections[0].content_offset

    def at(self, step: int, contents: Sequence[bytes], updates: int, before: State) -> Document:
        """At another step of the timeline.

        Args:
            step: its id.
            contents: of the regions.
            updates: how many calls of ``update()`` S has seen then.
            before: what it is compared with.
        """
        assert self.disk.state is not None
        seen = updates - self.disk.state.update_count
        state = self.disk.state.with_contents(contents, updates=seen)
        return replace(self, state=state, before=before, step=step)

    def written(self, snapshot: Snapshot) -> Document:
        """After S was committed and the file read again."""
        return Document(snapshot, snapshot.state, self.before, self.step)

    def replaced(self, snapshot: Snapshot) -> Document:
        """After somebody else replaced the file: followed, unless S was changed here."""
        if snapshot.data == self.disk.data:
            return replace(self, disk=snapshot, theirs=None)
        if self.is_dirty:
            return replace(self, theirs=snapshot)
        return Document(snapshot, snapshot.state, self.state or snapshot.state, self.step)

    def took_theirs(self) -> Document:
        """The conflict is settled by dropping what was done here."""
        assert self.theirs is not None
        return Document(self.theirs, self.theirs.state, self.state, self.step)

    @property
    def can_keep_mine(self) -> bool:
        """Whether S in memory fits the file that is on disk now."""
        theirs = None if self.theirs is None else self.theirs.state
        if theirs is None or self.state is None:
            return False
        ours = self.state.record.lineage.module_digest
        return theirs.record.lineage.module_digest == ours and theirs.schema == self.state.schema

    def kept_mine(self) -> Document:
        """The conflict is settled by writing what was done here over what is on disk now.

        Raises:
            SchemaError: if S does not fit: see :attr:`can_keep_mine`.
        """
        theirs = None if self.theirs is None else self.theirs.state
        if self.theirs is None or theirs is None or self.state is None:
            raise SchemaError("the file on disk carries no state that this one could replace")
        mine = theirs.with_contents(self.state.contents(), updates=self.steps)
        return Document(self.theirs, mine, theirs, self.step)
