"""How much a device has learned beyond the base."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import StateError
from wasmstate.state.state import State
from wasmstate.state.tensor import Tensor


def updates_of(base: State, name: str, device: State) -> int:
    """The updates of a device beyond the base.

    Raises:
        StateError: if it has counted less than the base.
    """
    if not _has_counts(base):
        return calls_of(base, device)
    before, after = base["count"], device["count"]
    if (after < before).any():
        raise StateError(f"{name} has counted less than the base: its counts were set back")
    return int(after.sum(dtype=object)) - int(before.sum(dtype=object))


def calls_of(base: State, device: State) -> int:
    """The calls of ``update()`` beyond the base, as the records count them."""
    return max(device.update_count - base.update_count, 0)


def weights_of(tensor: Tensor, base: State, devices: Sequence[State]) -> NDArray[np.int64]:
    """Updates for each device, and for each row of the tensor if ``count`` is by row.

    Returns:
        An array of shape ``(devices, *rows, 1, 1...)``, to be broadcast to the tensor's shape.
    """
    rank = len(tensor.shape)
    if not _has_counts(base):
        calls = [calls_of(base, device) for device in devices]
        return np.array(calls, np.int64).reshape(-1, *[1] * rank)
    shape = base.tensor("count").shape
    counts: NDArray[np.int64] = np.stack([device["count"] for device in devices]).astype(np.int64)
    gained: NDArray[np.int64] = counts - base["count"].astype(np.int64)
    if tensor.shape[: len(shape)] == shape:
        return gained.reshape(*gained.shape, *[1] * (rank - len(shape)))
    total: NDArray[np.int64] = gained.reshape(len(devices), -1).sum(axis=1)
    return total.reshape(-1, *[1] * rank)


def _has_counts(state: State) -> bool:
    """True if the tensor ``count`` says how many updates there were."""
    return "count" in state and state.tensor("count").merge in ("counts", "chan")
