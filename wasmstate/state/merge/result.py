"""What a merge gives: the module, and a report of its tensors and devices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wasmstate.binary.module import Module

Precision = Literal[
    "exact", "up to rounding", "heuristic", "new numbers", "empty", "as in the base"
]
"""How well a tensor is merged: ``exact``, bit for bit what one device would have that saw all;
``up to rounding``, the same but for rounding; ``heuristic``, an average, which is not what one
device would have; ``new numbers``, a random generator with a seed of its own; ``empty``, zeros, for
each device has its own; ``as in the base``, no device has changed it, or it was asked to stay."""


@dataclass(frozen=True, slots=True)
class MergedTensor:
    """What became of a tensor.

    Attributes:
        name: of the tensor.
        rule: its merge rule: ``sum``, ``mean``, ``max``, ``min``, ``chan``, ``counts``, ``own`` or
            ``none``; ``None`` without a rule.
        precision: how well it is merged.
    """

    name: str
    rule: str | None
    precision: Precision


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a device brought.

    Attributes:
        name: of the device.
        generation: of its state.
        updates: that it has seen beyond the base: by its tensor ``count`` if there is one, else
            as the record counts calls.
        share: of the updates of all devices, from 0 to 1.
        digest: of its state.
        clipped: the part of its steps that norm clipping left, of the tensor where it left least;
            1 if all.
    """

    name: str
    generation: int
    updates: int
    share: float
    digest: str
    clipped: float = 1.0


@dataclass(frozen=True, slots=True)
class Merge:
    """A model that has learned what devices have learned.

    Attributes:
        module: the next generation of the base.
        tensors: in the order of the schema.
        devices: in the order of their names.
    """

    module: Module
    tensors: tuple[MergedTensor, ...]
    devices: tuple[Contribution, ...]

    @property
    def is_exact(self) -> bool:
        """Whether no tensor is merged by a heuristic."""
        return all(tensor.precision != "heuristic" for tensor in self.tensors)
