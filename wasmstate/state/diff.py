"""What changed from S1 to S2."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.binary.module import Module
from wasmstate.state.state import State


@dataclass(frozen=True, slots=True)
class CellChange:
    """One element with another value. ``index`` is ``()`` for a scalar."""

    index: tuple[int, ...]
    before: int | float
    after: int | float


@dataclass(frozen=True, slots=True)
class TensorDiff:
    """What is different about one tensor.

    Attributes:
        name: of the tensor.
        kind: ``changed``, ``added``, ``removed``, or ``reshaped`` (other type or shape).
        size: how many elements it has.
        changes: the cells whose bytes differ, in index order.
    """

    name: str
    kind: str
    size: int
    changes: tuple[CellChange, ...] = ()


def changed_cells(before: NDArray[Any], after: NDArray[Any]) -> NDArray[np.bool_]:
    """Which elements differ in their bytes, so that NaN equals NaN and 0.0 is not -0.0."""
    as_bits = f"u{before.dtype.itemsize}"
    different: NDArray[np.bool_] = before.view(as_bits) != after.view(as_bits)
    return different


def diff_states(before: State, after: State) -> list[TensorDiff]:
    """The tensors that differ, in the order of ``before``, added ones last."""
    diffs = []
    for tensor in before.tensors:
        if tensor.name not in after:
            diffs.append(TensorDiff(tensor.name, "removed", before[tensor.name].size))
            continue
        old, new = before[tensor.name], after[tensor.name]
        if old.shape != new.shape or old.dtype != new.dtype:
            diffs.append(TensorDiff(tensor.name, "reshaped", new.size))
            continue
        indices = np.argwhere(changed_cells(old, new))
        if len(indices):
            changes = tuple(
                CellChange(index, old[index].item(), new[index].item())
                for index in (tuple(map(int, each)) for each in indices)
            )
            diffs.append(TensorDiff(tensor.name, "changed", old.size, changes))
    diffs += [
        TensorDiff(tensor.name, "added", after[tensor.name].size)
        for tensor in after.tensors
        if tensor.name not in before
    ]
    return diffs


def diff(a: str | os.PathLike[str], b: str | os.PathLike[str]) -> list[TensorDiff]:
    """The tensors that differ between the states of two files.

    Raises:
        StateError: if one of them carries no readable state.
        MalformedError, OSError: if one of them cannot be read.
    """
    return diff_states(State.of(Module.open(a)), State.of(Module.open(b)))
