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
        steps: calls of ``update()`` that are in memory and not on disk.
        theirs: the file as somebody else has made it since, while S was changed here.
    """

    disk: Snapshot
    state: State | None
    before: State | None
    steps: int = 0
    theirs: Snapshot | None = None

    @classmethod
    def of(cls, snapshot: Snapshot) -> Document:
        """A file just opened."""
        return cls(snapshot, snapshot.state, snapshot.state)

    @property
    def is_dirty(self) -> bool:
        """Whether S in memory differs from S on disk, or has seen more updates."""
        if self.state is None or self.disk.state is None:
            return False
        return self.steps > 0 or self.state.contents() != self.disk.state.contents()

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

    def stepped(self, contents: Sequence[bytes] | None, updates: int, start: State) -> Document:
        """After a call.

        Args:
            contents: of the regions; ``None`` if they are what they are here.
            updates: how many calls of ``update()`` this counts as.
            start: S when the call began: for a run of many, not the step before.
        """
        assert self.state is not None
        known = self.state.update_count - start.update_count
        if contents is None and updates == known:
            return self
        state = self.state.with_contents(
            self.state.contents() if contents is None else contents, updates=updates - known
        )
        return replace(self, state=state, before=start, steps=self.steps + updates - known)

    def reverted(self) -> Document:
        """Back to what is on disk."""
        return Document(self.disk, self.disk.state, self.state, 0, None)

    def written(self, snapshot: Snapshot) -> Document:
        """After S was committed and the file read again."""
        return Document(snapshot, snapshot.state, self.before)

    def replaced(self, snapshot: Snapshot) -> Document:
        """After somebody else replaced the file: followed, unless S was changed here."""
        if snapshot.data == self.disk.data:
            return replace(self, disk=snapshot, theirs=None)
        if self.is_dirty:
            return replace(self, theirs=snapshot)
        return Document(snapshot, snapshot.state, self.state or snapshot.state)

    def took_theirs(self) -> Document:
        """The conflict is settled by dropping what was done here."""
        assert self.theirs is not None
        return Document(self.theirs, self.theirs.state, self.state)

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
        return Document(self.theirs, mine, theirs, self.steps)
