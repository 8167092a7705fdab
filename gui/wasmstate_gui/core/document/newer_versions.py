"""Versions of the file that other programs made and that wait to be shown."""

from __future__ import annotations

from dataclasses import dataclass

from wasmstate.state.state import State
from wasmstate_gui.core.document.snapshot import Snapshot

_MOST = 1000
_MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Newer:
    """What other programs made of the file since the version that is known as the one on disk.

    Attributes:
        snapshot: the newest version.
        count: how many versions there were.
        states: S of each, oldest first, as many of the last ones as there is room for.
    """

    snapshot: Snapshot
    count: int = 0
    states: tuple[State, ...] = ()

    @classmethod
    def after(cls, before: Newer | None, snapshot: Snapshot) -> Newer:
        """With one more version."""
        states = () if before is None else before.states
        if snapshot.state is not None:
            size = max(1, len(snapshot.state.record.payload))
            states = (*states, snapshot.state)[-min(_MOST, 1 + _MOST_BYTES // size) :]
        return cls(snapshot, 1 if before is None else before.count + 1, states)
