"""What changed from S1 to S2, tensor by tensor and cell by cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.state.compare.distance import relative_change, ulp_distance
from wasmstate.state.state import State

LIMIT = 1000
"""Cells that are told of each tensor, if nothing else is asked for."""


@dataclass(frozen=True, slots=True)
class CellChange:
    """One element with another value.

    Attributes:
        index: ``()`` for a scalar.
        before: its value in S1.
        after: its value in S2.
        relative: ``|after - before| / |before|``; infinite from 0, NaN from or to NaN.
        ulps: how many floats of the type the two are apart; ``None`` for integers and NaN.
    """

    index: tuple[int, ...]
    before: int | float
    after: int | float
    relative: float
    ulps: int | None = None

    @property
    def absolute(self) -> int | float:
        """``after - before``."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class TensorDiff:
    """What is different about one tensor.

    Attributes:
        name: of the tensor.
        kind: ``changed``, ``added``, ``removed``, or ``reshaped`` (other type or shape).
        size: how many elements it has.
        count: how many of them differ in their bytes.
        changes: these cells in index order, the first ones if there are many.
        largest: the one with the largest relative change; those with NaN do not count. ``None`` if
            there is no other.
        not_finite: how many of them are NaN or infinite in S2.
    """

    name: str
    kind: str
    size: int
    count: int = 0
    changes: tuple[CellChange, ...] = ()
    largest: CellChange | None = None
    not_finite: int = 0


def changed_cells(before: NDArray[Any], after: NDArray[Any]) -> NDArray[np.bool_]:
    """Which elements differ in their bytes, so that NaN equals NaN and 0.0 is not -0.0."""
    as_bits = f"u{before.dtype.itemsize}"
    different: NDArray[np.bool_] = before.view(as_bits) != after.view(as_bits)
    return different


def count_changed(before: State, after: State) -> int:
    """How many cells of S1 differ in S2, those of tensors with another shape included."""
    count = 0
    for name in before:
        if name not in after or not _comparable(before[name], after[name]):
            count += before[name].size
        else:
            count += int(np.count_nonzero(changed_cells(before[name], after[name])))
    return count


def diff_states(before: State, after: State, *, limit: int = LIMIT) -> list[TensorDiff]:
    """The tensors that differ, in the order of ``before``, added ones last.

    Args:
        before: S1.
        after: S2.
        limit: how many cells of each tensor are told.
    """
    diffs = []
    for tensor in before.tensors:
        if tensor.name not in after:
            diffs.append(TensorDiff(tensor.name, "removed", before[tensor.name].size))
            continue
        old, new = before[tensor.name], after[tensor.name]
        if not _comparable(old, new):
            diffs.append(TensorDiff(tensor.name, "reshaped", new.size))
            continue
        changed = changed_cells(old, new)
        if changed.any():
            diffs.append(_changed(tensor.name, old, new, np.flatnonzero(changed), limit))
    diffs += [
        TensorDiff(tensor.name, "added", after[tensor.name].size)
        for tensor in after.tensors
        if tensor.name not in before
    ]
    return diffs


def _comparable(old: NDArray[Any], new: NDArray[Any]) -> bool:
    return old.shape == new.shape and old.dtype == new.dtype


def _changed(
    name: str, old: NDArray[Any], new: NDArray[Any], flat: NDArray[np.intp], limit: int
) -> TensorDiff:
    """The diff of a tensor whose elements at the places ``flat`` differ."""
    before, after = old.reshape(-1)[flat], new.reshape(-1)[flat]
    relative = relative_change(before, after)
    is_float = old.dtype.kind == "f"

    def cell(i: int) -> CellChange:
        index = tuple(int(each) for each in np.unravel_index(flat[i], old.shape))
        known = is_float and not np.isnan(relative[i])
        one = slice(i, i + 1)
        ulps = int(ulp_distance(before[one], after[one])[0]) if known else None
        return CellChange(index, before[i].item(), after[i].item(), float(relative[i]), ulps)

    numbers = np.flatnonzero(~np.isnan(relative))
    largest = cell(int(numbers[np.argmax(relative[numbers])])) if len(numbers) else None
    return TensorDiff(
        name,
        "changed",
        old.size,
        len(flat),
        tuple(cell(i) for i in range(min(limit, len(flat)))),
        largest,
        int(np.count_nonzero(~np.isfinite(after))),
    )
