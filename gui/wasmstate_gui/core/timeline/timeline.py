"""Every state that was, and the way back: a tree of steps.

Stepping from an older state starts a branch; nothing is lost by going back. A step keeps what it
changed; now and then one keeps the whole state, so that none is far from it.
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate_gui.core.document.delta import apply_delta, changed_bytes, encode_delta
from wasmstate_gui.core.document.edited_source import Patches
from wasmstate_gui.core.timeline.tracks import CellPlace, Tracks

MOST_STEPS = 100_000
MOST_BYTES = 256 << 20
_KEY_STEPS = 500  # at most so many deltas are applied on the way to a state
_KEY_BYTES = 16 << 10
_ENTRY_BYTES = 200  # what a step costs besides its delta, roughly


@dataclass(frozen=True, slots=True)
class Event:
    """What made a step.

    Attributes:
        kind: ``opened``, ``call``, ``edit`` or ``external`` (another program replaced the file).
        text: as the timeline shows it, ``update(arm=3, reward=1.0)``.
        updates: how many calls of ``update()`` the state has seen after it.
        value: what the call gave.
        size: the norm of the change, ``dS``; ``None`` if it is not known.
        patches: the bytes of the file that are overwritten after it.
        drift: what a detector told with it; empty if it told nothing.
        call: the name and the arguments of a call.
    """

    kind: str
    text: str
    updates: int
    value: object = None
    size: float | None = None
    patches: Patches = ()
    drift: str = ""
    call: tuple[str, Sequence[Any]] | None = None


@dataclass(slots=True)
class _Step:
    number: int
    parent: int
    event: Event
    delta: bytes
    lengths: list[int]  # of the regions
    since_key: tuple[int, int]  # steps and bytes of deltas since a state was kept whole
    next: int = -1  # the child that going forward leads to
    trouble: str = ""


class Timeline:
    """The steps of one file.

    A step's id is its place in the order of making; ids are never used twice.

    Args:
        contents: of the regions of the state, as the file was opened.
        event: how it came about.
    """

    def __init__(
        self,
        contents: Sequence[bytes],
        event: Event,
        *,
        most_steps: int = MOST_STEPS,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._most = (most_steps, most_bytes)
        whole = b"".join(contents)
        lengths = [len(each) for each in contents]
        self._steps = {0: _Step(0, -1, event, b"", lengths, (0, 0))}
        self._shapes = {tuple(lengths)}  # more than one where memory has grown
        self._forks: dict[int, list[int]] = {}  # the children, where there are several
        self._keys = {0: whole}
        self._bytes = len(whole)
        self._next_id = 1
        self._here = 0
        self._contents = np.frombuffer(whole, np.uint8).copy()
        self._tracks = Tracks()
        self.path: list[int] = [0]
        """The ids from the oldest step to the newest of this branch; another object once steps
        were left out or the branch was changed, else the same one, longer."""
        self.notable: list[int] = []
        """The steps that another program made, those with which a drift was told, and those from
        which a call did not return."""
        self.on_disk: int | None = 0
        """The step that is in the file; ``None`` if none of them is."""
        self.s1: int | None = None
        """The step that others are compared with; ``None`` for the one before each."""
        self.s1_contents: list[bytes] = []

    @property
    def here(self) -> int:
        """The id of the step that is shown."""
        return self._here

    @property
    def position(self) -> int:
        """Where in :attr:`path` that is."""
        return self.position_of(self._here)

    def position_of(self, id: int) -> int:
        """Where in :attr:`path` a step is, if it is on it."""
        return self._steps[id].number - self._steps[self.path[0]].number

    def __len__(self) -> int:
        return len(self._steps)

    def __contains__(self, id: object) -> bool:
        return id in self._steps

    @property
    def patches(self) -> set[Patches]:
        """What is overwritten after any of the steps, each once."""
        return {step.event.patches for step in self._steps.values()}

    @property
    def has_patches(self) -> bool:
        """Whether bytes of the file are overwritten at any step."""
        return any(step.event.patches for step in self._steps.values())

    def replace_patches(self, by: Mapping[Patches, Patches]) -> None:
        """The file is another one, over which the same bytes are shown by other patches."""
        for step in self._steps.values():
            step.event = replace(step.event, patches=by[step.event.patches])

    def fits(self, contents: Sequence[bytes]) -> bool:
        """Whether these are contents of the same regions."""
        return tuple(len(each) for each in contents) in self._shapes

    def number(self, id: int) -> int:
        """How many steps lie before it."""
        return self._steps[id].number

    def event(self, id: int) -> Event:
        """What made a step."""
        return self._steps[id].event

    @property
    def call(self) -> tuple[str, Sequence[Any]] | None:
        """The name and the arguments of the call that made the shown step.

        ``None`` if it was no call, or if the state before it is not kept any more.
        """
        is_known = self.parent(self._here) is not None
        return self._steps[self._here].event.call if is_known else None

    def parent(self, id: int) -> int | None:
        """The step before; ``None`` if there is none any more."""
        parent = self._steps[id].parent
        return parent if parent in self._steps else None

    def changed_bytes(self, id: int) -> int:
        """How many bytes of the state a step changed."""
        return changed_bytes(self._steps[id].delta)

    def trouble(self, id: int) -> str:
        """What a call from here on ran into, if it did not return."""
        return self._steps[id].trouble

    def note_trouble(self, text: str) -> None:
        """A call from the shown step on did not return."""
        self._steps[self._here].trouble = text
        if self._here not in self.notable:
            self.notable.append(self._here)

    def compare_with(self, id: int | None) -> None:
        """Compare all steps with this one; with ``None`` each with the one before."""
        self.s1 = id
        self.s1_contents = [] if id is None else self.contents(id)

    def contents(self, id: int | None = None) -> list[bytes]:
        """Contents of the regions after a step; after the shown one by default."""
        id = self._here if id is None else id
        whole, lengths = self._whole(id), self._steps[id].lengths
        ends = np.cumsum(lengths).tolist()
        return [whole[end - length : end] for end, length in zip(ends, lengths, strict=True)]

    def add(self, event: Event, contents: Sequence[bytes]) -> int:
        """A step from the shown one to another state, which is shown from now on."""
        delta = encode_delta(self._contents.tobytes(), b"".join(contents))
        return self.add_delta(event, delta, [len(each) for each in contents])

    def add_delta(self, event: Event, delta: bytes, lengths: list[int] | None = None) -> int:
        """Add a step whose change is known already.

        Args:
            event: what made it.
            delta: from the shown state to the new one.
            lengths: of the regions in the new one; ``None`` if they are what they were.
        """
        id, parent = self._next_id, self._steps[self._here]
        self._next_id += 1
        steps, size = parent.since_key[0] + 1, parent.since_key[1] + len(delta)
        lengths = parent.lengths if lengths is None else lengths
        self._shapes.add(tuple(lengths))
        self._contents = apply_delta(self._contents, delta, sum(lengths))
        if steps >= _KEY_STEPS or size > max(_KEY_BYTES, len(self._contents)):
            steps = size = 0
            self._keys[id] = self._contents.tobytes()
            self._bytes += len(self._contents)
        self._steps[id] = _Step(parent.number + 1, self._here, event, delta, lengths, (steps, size))
        self._bytes += len(delta) + _ENTRY_BYTES
        if parent.next in self._steps:
            self._forks.setdefault(self._here, [parent.next]).append(id)
        parent.next = id
        if event.kind == "external" or event.drift:
            self.notable.append(id)
        if self.path[-1] == self._here:
            self.path.append(id)
        else:
            self.path = [*self.path[: self.position + 1], id]
            self._tracks.cut(0, len(self.path) - 1)
        self._tracks.note(len(self.path) - 1, self._contents)
        self._here = id
        self._forget()
        return id

    def go(self, id: int) -> None:
        """Show another step."""
        self._contents = np.frombuffer(self._whole(id), np.uint8).copy()
        self._here = id
        steps = self._steps
        if not self.is_on_path(id):
            before = self.path
            self.path = [*reversed(list(self._ancestors(id)))]
            while steps[self.path[-1]].next in steps:
                self.path.append(steps[self.path[-1]].next)
            for each, after in itertools.pairwise(self.path):
                steps[each].next = after
            both = zip(before, self.path, strict=False)
            self._tracks.cut(0, sum(1 for one, other in both if one == other))

    def branches(self, id: int) -> list[int]:
        """The steps that were made from the same state as this one, it included, in order."""
        return self._forks.get(self._steps[id].parent, [id])

    def forks(self) -> list[int]:
        """The steps of this branch from which others go off."""
        return sorted(id for id in self._forks if self.is_on_path(id))

    def others(self, id: int) -> list[int]:
        """The steps made from a step, without the one that going forward leads to."""
        return [each for each in self._forks.get(id, []) if each != self._steps[id].next]

    def line_from(self, id: int) -> list[int]:
        """A step and those that going forward leads to."""
        found = [id]
        while self._steps[found[-1]].next in self._steps:
            found.append(self._steps[found[-1]].next)
        return found

    def is_on_path(self, id: int) -> bool:
        """Whether a step is on the branch that is shown."""
        at = self.position_of(id)
        return 0 <= at < len(self.path) and self.path[at] == id

    def other_branch(self, by: int) -> int | None:
        """The step to show for the next (1) or last (-1) branch at the nearest fork behind."""
        id: int | None = self._here
        while id is not None:
            siblings = self.branches(id)
            if len(siblings) > 1:
                return siblings[(siblings.index(id) + by) % len(siblings)]
            id = self.parent(id)
        return None

    def series(self, cells: Iterable[CellPlace]) -> list[array[float]]:
        """The values of cells after each step of :attr:`path`.

        New steps are noted for these cells from now on, until others are asked for.
        """
        return self._tracks.along(
            cells, self.path, self._whole, lambda step: self._steps[step].delta
        )

    def _ancestors(self, id: int) -> Iterator[int]:
        """A step and those before it."""
        at: int | None = id
        while at is not None:
            yield at
            at = self.parent(at)

    def _whole(self, id: int) -> bytes:
        if id == self._here:
            return self._contents.tobytes()
        deltas = []
        for at in self._ancestors(id):
            if at in self._keys:
                break
            deltas.append(self._steps[at])
        state: NDArray[np.uint8] = np.frombuffer(self._keys[at], np.uint8).copy()
        for step in reversed(deltas):
            state = apply_delta(state, step.delta, sum(step.lengths))
        return state.tobytes()

    def _forget(self) -> None:
        """Leave out the oldest steps, a tenth at a time, when there are too many."""
        steps, size = self._most
        if len(self._steps) <= steps and self._bytes <= size:
            return
        ids = list(self._steps)
        gone = set(ids[: max(1, len(ids) // 10)])
        for id in ids:
            if id not in gone and self._steps[id].parent in gone and id not in self._keys:
                self._keys[id] = self._whole(id)
                self._bytes += len(self._keys[id])
                self._steps[id].since_key = (0, 0)
        for id in gone:
            self._bytes -= len(self._steps.pop(id).delta) + _ENTRY_BYTES
            self._bytes -= len(self._keys.pop(id, b""))
            self._forks.pop(id, None)
        before, self.path = self.path, [id for id in self.path if id not in gone]
        self._tracks.cut(len(before) - len(self.path), len(before))
        self.notable = [id for id in self.notable if id not in gone]
        if self.on_disk in gone:
            self.on_disk = None
        if self.s1 in gone:
            self.compare_with(None)
