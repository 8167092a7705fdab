"""Averages that a few poisoned devices cannot move far.

Source: D. Yin and others, "Byzantine-Robust Distributed Learning: Towards Optimal Statistical
Rates" (2018), for the median and the trimmed mean by cell; Z. Sun and others, "Can You Really
Backdoor Federated Learning?" (2019), for clipping by norm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from wasmstate.errors import SchemaError
from wasmstate.state.merge.accumulate import (
    Array,
    Average,
    check_numbering,
    not_averaged,
    stacked,
)
from wasmstate.state.merge.updates import weights_of
from wasmstate.state.state import State
from wasmstate.state.tensor import Tensor

_KINDS = "'median', 'trimmed:0.1' or 'clip:5'"


@dataclass(frozen=True, slots=True)
class Robust:
    """A robust rule in place of the weighted average.

    Attributes:
        kind: ``median`` and ``trimmed`` rank the devices' values cell by cell, each device with
            one vote; ``clip`` shortens the step of each device.
        amount: the part of the devices that ``trimmed`` leaves out at each end; the longest step
            of ``clip``, as a Euclidean norm.
    """

    kind: Literal["median", "trimmed", "clip"]
    amount: float

    @classmethod
    def parse(cls, text: str) -> Robust:
        """Read ``median``, ``trimmed:FRACTION`` or ``clip:NORM``.

        Raises:
            SchemaError: for any other text.
        """
        kind, colon, amount = text.partition(":")
        if text == "median":
            return cls("median", 0.5)
        try:
            number = float(amount) if colon else math.nan
        except ValueError:
            number = math.nan
        if kind == "trimmed" and 0 <= number < 0.5:
            return cls("trimmed", number)
        if kind == "clip" and 0 < number < math.inf:
            return cls("clip", number)
        raise SchemaError(
            f"no robust rule {text!r}: write {_KINDS}; a trimmed fraction is below 0.5, a norm "
            "above 0"
        )


class Ranked:
    """The values of all devices, ranked cell by cell; the middle of them is averaged.

    Its memory grows with the number of devices: no exact median is known without their values.
    """

    def __init__(self, tensor: Tensor, robust: Robust) -> None:
        self._tensor = tensor
        self._robust = robust
        self._values: list[Array] = []  # NaN where a device has no updates

    def add(self, base: State, devices: Sequence[State]) -> None:
        values = stacked(devices, self._tensor.name).astype(np.float64)
        seen = np.broadcast_to(weights_of(self._tensor, base, devices) > 0, values.shape)
        self._values.append(np.where(seen, values, np.nan).reshape(len(devices), -1))

    def __iadd__(self, other: Ranked) -> Self:
        self._values += other._values
        return self

    def values(self, base: State, devices: int) -> dict[str, Array]:
        name = self._tensor.name
        ranked = np.sort(np.concatenate(self._values), axis=0)  # NaN stand last
        votes = (~np.isnan(ranked)).sum(axis=0)
        if not votes.any():
            raise not_averaged(name)
        check_numbering(name, base, votes.reshape(self._tensor.shape))
        found = base[name].astype(np.float64).reshape(-1)
        for i, number in enumerate(votes.tolist()):
            if number:
                cut = self._cut(number)
                middle = ranked[cut : number - cut, i].tolist()
                found[i] = math.fsum(each / len(middle) for each in middle)
        if base[name].dtype.kind in "iu":
            found = np.rint(found)
        return {name: found.astype(base[name].dtype).reshape(self._tensor.shape)}

    def _cut(self, number: int) -> int:
        if self._robust.kind == "median":
            return (number - 1) // 2
        return math.floor(self._robust.amount * number)


class Clipped(Average):
    """The average of steps of which none is longer than a norm."""

    def __init__(self, tensor: Tensor, robust: Robust) -> None:
        super().__init__(tensor)
        self._norm = robust.amount

    def add(self, base: State, devices: Sequence[State]) -> None:
        start = base[self._tensor.name].astype(np.float64)
        values = stacked(devices, self._tensor.name).astype(np.float64)
        for i, value in enumerate(values):
            part = kept_part(value - start, self._norm)
            if part < 1:
                values[i] = start + (value - start) * part
        self._add(base, devices, values)


def kept_part(step: Array, norm: float) -> float:
    """The factor that shortens a step to a norm: 1 if it is no longer."""
    with np.errstate(over="ignore", under="ignore"):
        longest = float(np.abs(step).max(initial=0.0))
        if not 0 < longest < math.inf:
            return 0.0 if longest else 1.0
        # Summed exactly, so that the bits do not depend on how the array is cut.
        length = longest * math.sqrt(math.fsum(((step / longest) ** 2).reshape(-1).tolist()))
    return min(1.0, norm / length)
