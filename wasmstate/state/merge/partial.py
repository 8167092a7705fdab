"""Merging in parts: what any group of devices has learned, to be added to that of other groups.

A partial holds sums without rounding, so any grouping and any order gives the same bits: a tree
over many machines the same as one loop. Its size does not depend on the number of devices, but for
a line about each of them, and for robust rules that rank values.

Source: docs/format.md, "Merging".
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Self

from wasmstate.errors import StateError
from wasmstate.state.merge.accumulate import Accumulator
from wasmstate.state.merge.ancestry import Ancestry

NAMED = 3
"""Devices in a message."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What is kept of one device.

    Attributes:
        ancestry: its name and its past.
        updates: that it has seen beyond the base.
        clipped: as in :class:`Contribution`.
    """

    ancestry: Ancestry
    updates: int
    clipped: float


class Partial:
    """What a group of devices has learned; ``a + b`` is that of both groups.

    It survives pickling, so workers can send it. Made by :meth:`Merger.partial`.

    Attributes:
        task: digest of the base, and the options.
        accumulators: by the tensor that they are for, or the first of several.
        calls: of ``update()`` beyond the base, on all devices.
        changed: by tensor, how many devices have changed it, and the first names of them.
        devices: one entry a device, in the order of adding.
    """

    def __init__(self, task: bytes, accumulators: dict[str, Accumulator]) -> None:
        self.task = task
        self.accumulators = accumulators
        self.calls = 0
        self.changed: dict[str, tuple[int, list[str]]] = {}
        self.devices: list[Brought] = []

    def __add__(self, other: Partial) -> Partial:
        both = Partial(self.task, deepcopy(self.accumulators))
        both.calls, both.changed, both.devices = self.calls, {**self.changed}, [*self.devices]
        both += other
        return both

    def __iadd__(self, other: Partial) -> Self:
        """Add another group.

        Raises:
            StateError: if its base or its options are others.
        """
        if self.task != other.task:
            raise StateError("two partials of different bases or options cannot be added")
        for name in self.accumulators:
            self.accumulators[name] += other.accumulators[name]
        self.calls += other.calls
        for name, (number, names) in other.changed.items():
            self.count_changed(name, number, names)
        self.devices += other.devices
        return self

    def count_changed(self, tensor: str, number: int, names: Sequence[str]) -> None:
        """Count devices that have changed a tensor."""
        before, first = self.changed.get(tensor, (0, []))
        self.changed[tensor] = before + number, sorted([*first, *names])[:NAMED]
