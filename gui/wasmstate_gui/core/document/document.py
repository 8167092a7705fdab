"""A file in the window: S1 on disk, S2 in memory, edits, and what happens to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wasmstate.binary.module import Module
from wasmstate.binary.source import Source
from wasmstate.errors import SchemaError
from wasmstate.state.attach.describe import with_state
from wasmstate.state.layout import TRAILER_SIZE
from wasmstate.state.state import SECTION_NAME, State
from wasmstate_gui.core.document.edited_source import (
    JoinedSource,
    PatchedSource,
    Patches,
    shown_bytes,
)
from wasmstate_gui.core.document.newer_versions import Newer
from wasmstate_gui.core.document.snapshot import Snapshot

Offsets = NDArray[np.int64]

Since = State | Literal["step", "disk"]
"""What changes are shown against: a state, S before the last step, or S on disk."""

LIGHT = 256 << 10
"""Up to this many bytes of S a change is computed at once, not in another thread."""


@dataclass(frozen=True)
class Document:
    """What the window shows; it never changes in place, every event gives a new one.

    Attributes:
        disk: the file as it was last read or written.
        state: S in memory, ``None`` if the file carries none that can be read.
        before: S before the last call, write or replacement: what it is compared with.
        step: its place in the timeline.
        theirs: the file as somebody else has made it since, while S was changed here.
        edited: the file as it is with bytes overwritten, if some are; S is not laid into it.
        newer: what somebody else has made of the file and what is not shown yet.
        half: the file as it is now, if somebody else has only begun to write it.
        is_beside_theirs: whether S is compared with what somebody else has made of it, for now.
        is_lost: True if no file can be read under the name any more.
    """

    disk: Snapshot
    state: State | None
    before: State | None
    step: int = 0
    theirs: Snapshot | None = None
    edited: Snapshot | None = None
    newer: Newer | None = None
    half: Snapshot | None = None
    is_beside_theirs: bool = False
    is_lost: bool = False

    @classmethod
    def of(cls, snapshot: Snapshot) -> Document:
        """A file just opened."""
        return cls(snapshot, snapshot.state, snapshot.state)

    @property
    def base(self) -> Snapshot:
        """The file that S belongs to: with its overwritten bytes, else as it is on disk."""
        return self.disk if self.edited is None else self.edited

    @property
    def patches(self) -> Patches:
        """The bytes that were overwritten and are not on disk."""
        source = self.base.source
        return source.patches if isinstance(source, PatchedSource) else ()

    @property
    def newest(self) -> Snapshot | None:
        """The file as it is on disk now, if it is another one than the one that is known."""
        return self.half or (None if self.newer is None else self.newer.snapshot)

    @property
    def is_light(self) -> bool:
        """Whether a change of S is computed faster than a thread would start."""
        return self.state is None or len(self.state.record.payload) <= LIGHT

    @property
    def steps(self) -> int:
        """Calls of ``update()`` in memory that the disk has not seen; negative after going back."""
        if self.state is None or self.disk.state is None:
            return 0
        return self.state.update_count - self.disk.state.update_count

    @cached_property
    def is_dirty(self) -> bool:
        """Whether anything here is not on disk: values, updates that were seen, bytes."""
        return self.edited is not None or self.has_new_values

    @cached_property
    def has_new_values(self) -> bool:
        """Whether S in memory is another one than in the file that it belongs to."""
        state, base = self.state, self.base.state
        if state is None or base is None or state is base:
            return False
        if state.update_count != base.update_count:
            return True
        return state.record.payload != base.record.payload

    @cached_property
    def module(self) -> Module:
        """The module with S as it is in memory."""
        if self.state is None or not self.has_new_values:
            return self.base.module
        return with_state(self.base.module, self.state)

    @cached_property
    def source(self) -> Source:
        """The bytes of :attr:`module`: what would be on disk if it were written now."""
        if self.module is self.base.module:
            return self.base.source
        return JoinedSource(self.module.pieces())

    def compared_with(self, since: Since) -> State | None:
        """The state that changes are shown against: ``step`` or ``disk``, or theirs."""
        if self.is_beside_theirs and self.theirs is not None:
            return self.theirs.state
        if isinstance(since, State):
            return since
        return self.disk.state if since == "disk" else self.before

    def changed(self, since: Since = "step") -> Offsets:
        """Offsets of the bytes of S that differ, and of overwritten bytes; in ascending order."""
        found = [_differing(self.disk.source, at, run) for at, run in self.patches]
        pair = self._compared(since)
        if pair is not None:
            before, state, at = pair
            at += state.record.payload_offset
            found += [
                _unequal(before.record.region_bytes(i), state.record.region_bytes(i))
                + (at + region.payload_offset)
                for i, region in enumerate(state.regions)
            ]
        return _joined(found)

    def derived(self, since: Since = "step") -> Offsets:
        """Offsets of the bytes that differ because S does: checksums, digests, counters."""
        pair = self._compared(since)
        if pair is None:
            return _joined(())
        before, _, at = pair
        old = before.to_content()
        new = self.module.custom_sections(SECTION_NAME)[0].content
        ends = (before.record.payload_offset, len(new) - TRAILER_SIZE)
        return _joined(
            (
                _unequal(old[: ends[0]], new[: ends[0]]) + at,
                _unequal(old[ends[1] :], new[ends[1] :]) + (at + ends[1]),
            )
        )

    def _compared(self, since: Since) -> tuple[State, State, int] | None:
        """S then and now, if they can be compared, and where the content of the section begins."""
        before, state = self.compared_with(since), self.state
        sections = self.module.custom_sections(SECTION_NAME)
        if before is None or state is None or before is state or len(sections) != 1:
            return None
        if not _are_comparable(before, state):
            return None
        return before, state, sections[0].content_offset

    def checked(self, found: Snapshot) -> Document:
        """After the file was checked or verified; whoever was faster wins."""
        base = self.base
        if base.source is not found.source or (base.is_verified and not found.is_verified):
            return self
        return replace(self, disk=found) if self.edited is None else replace(self, edited=found)

    def at(
        self, step: int, contents: Sequence[bytes], updates: int, before: State | None
    ) -> Document:
        """At another step of the timeline.

        Args:
            step: its id.
            contents: of the regions; what the file says counts if they are not its regions.
            updates: how many calls of ``update()`` S has seen then.
            before: what it is compared with.
        """
        whole = self.base.state
        if whole is None:
            return replace(self, step=step, state=whole, before=whole)
        try:
            state = whole.with_contents(contents, updates=updates - whole.update_count)
        except SchemaError:
            return replace(self, step=step, state=whole, before=whole)
        return replace(self, step=step, state=state, before=before)

    def written(self, snapshot: Snapshot) -> Document:
        """After everything was written and the file read again."""
        return Document(snapshot, snapshot.state, self.before, self.step)

    def replaced(self, snapshot: Snapshot, *, is_same: bool) -> Document:
        """After somebody else wrote the file: followed, unless something was changed here.

        Args:
            snapshot: the file as it is now.
            is_same: whether it holds the same bytes as before.
        """
        if is_same:
            return replace(self, disk=snapshot, theirs=None, newer=None, half=None).alone()
        if self.is_dirty:
            after = replace(self, theirs=snapshot, newer=None, half=None)
            return after.beside_theirs() if self.is_beside_theirs else after
        return Document(snapshot, snapshot.state, self.state or snapshot.state, self.step)

    def took_theirs(self) -> Document:
        """The conflict is settled by dropping what was done here."""
        assert self.theirs is not None
        return Document(self.theirs, self.theirs.state, self.state, self.step)

    @property
    def can_compare_theirs(self) -> bool:
        """Whether S is of the same tensors here and in the file that is on disk now."""
        theirs = None if self.theirs is None else self.theirs.state
        return theirs is not None and self.state is not None and _are_comparable(theirs, self.state)

    def beside_theirs(self) -> Document:
        """S is compared with what somebody else has made of it; nothing else is another."""
        return replace(self, is_beside_theirs=self.can_compare_theirs)

    def alone(self) -> Document:
        """S is compared with what it was compared with before."""
        return replace(self, is_beside_theirs=False) if self.is_beside_theirs else self

    @property
    def can_keep_mine(self) -> bool:
        """Whether S in memory fits the file that is on disk now."""
        theirs = None if self.theirs is None else self.theirs.state
        if theirs is None or self.state is None or self.edited is not None:
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


def _are_comparable(one: State, other: State) -> bool:
    """Whether each byte of one has its counterpart in the other."""
    first, second = one.record, other.record
    return (first.regions, first.schema, first.header_length) == (
        second.regions,
        second.schema,
        second.header_length,
    )


def _unequal(old: bytes, new: bytes) -> Offsets:
    """Where two byte strings of one length differ."""
    differ = np.frombuffer(old, np.uint8) != np.frombuffer(new, np.uint8)
    return np.flatnonzero(differ).astype(np.int64)


def _differing(source: Source, offset: int, run: bytes) -> Offsets:
    """Where a run differs from the bytes of a source that it is laid over."""
    old = shown_bytes(source, offset, len(run))
    return _unequal(old, run[: len(old)]) + offset


def _joined(found: Sequence[Offsets]) -> Offsets:
    """Offsets in one ascending array, each once."""
    parts = [each for each in found if len(each)]
    if len(parts) == 1:
        return parts[0]
    return np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)
