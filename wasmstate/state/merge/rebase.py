"""A newer base with what one device has learned since its own start: ``base + (device - start)``.

The sums are those of a merge whose base is the start, and whose devices are the newer base and the
device, so a cell is rounded once. A tensor without a rule is taken from the side that changed it.

Source: docs/format.md, "Merging".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.errors import SchemaError, StateBoundsError, StateError
from wasmstate.state.change.bake import keep_baked
from wasmstate.state.change.personalize import DEVICE_KEY
from wasmstate.state.merge.accumulate import Accumulator, Extreme, Moments, Sum, is_pool
from wasmstate.state.older import with_next
from wasmstate.state.record import successor
from wasmstate.state.schema import Schema
from wasmstate.state.state import State


def rebase(base: ModuleLike, start: State, device: State) -> Module:
    """The base with what a device has learned since ``start``, as a device has it.

    The result is the generation after ``base``, and proves that it started there; ``base`` itself
    if the device has learned nothing and has no id.

    Args:
        base: what the device goes on from: a path, bytes or a Module.
        start: a state that the device had, and whose learning is in ``base``.
        device: its state now.

    Raises:
        SchemaError: the states have other tensors than the base; or a tensor without a merge rule
            was changed on both sides.
        StateBoundsError: a value is not finite, a sum overflows, or the values break the bounds of
            the schema.
        StateError: the device has counted less than at its start.
    """
    module = as_module(base, "base")
    state = State.of(module)
    for other in (start, device):
        if [(each.name, each.dtype, each.shape) for each in other.tensors] != [
            (each.name, each.dtype, each.shape) for each in state.tensors
        ]:
            raise SchemaError("the device has other tensors than the base")
    for who, each in (("the base", state), ("the start", start), ("the device", device)):
        _check_finite(who, each)
    calls = device.update_count - start.update_count
    if calls < 0:
        raise StateError(
            f"the device has made {device.update_count} updates, and {start.update_count} at its "
            "start: it was set back to an older state"
        )
    id = device.metadata.get(DEVICE_KEY)
    if id is None and not calls and device.contents() == start.contents():
        return module
    metadata = {key: value for key, value in state.metadata.items() if key != DEVICE_KEY}
    schema = Schema(
        state.tensors,
        state.entry_points,
        metadata if id is None else {**metadata, DEVICE_KEY: id},
    )
    record = state.with_values(_values(state, start, device)).record
    count = record.lineage.update_count + calls
    lineage = replace(record.lineage, update_count=count)
    record = successor(replace(record, schema=schema.encode(), lineage=lineage), state.record)
    rebased = State(record, schema)
    rebased.check_bounds()
    return keep_baked(with_next(module, record.encode(), record.keep), rebased, baked=None)


def _values(base: State, start: State, device: State) -> Mapping[str, Any]:
    values: dict[str, Any] = {}
    pool = {each for each in Moments.NAMES if each in base and base.tensor(each).merge == "chan"}
    if len(pool) == len(Moments.NAMES) and is_pool(base):
        values |= _joined(Moments(base), base, start, device)
    for tensor in base.tensors:
        name = tensor.name
        ours, then, theirs = (each[name].tobytes() for each in (device, start, base))
        if name in values:
            continue
        if tensor.merge in ("sum", "counts", "mean"):
            values |= _joined(Sum(tensor), base, start, device)
        elif tensor.merge in ("max", "min"):
            values |= _joined(Extreme(tensor), base, start, device)
        elif tensor.merge == "own" or name == "rng" or theirs == then:
            values[name] = device[name]
        elif ours not in (then, theirs):
            raise SchemaError(
                f"{name} has no merge rule, and both the device and the base have changed it"
            )
    return values


def _joined(
    accumulator: Accumulator, base: State, start: State, device: State
) -> Mapping[str, Any]:
    """``start + (base - start) + (device - start)``."""
    accumulator.add(start, [base, device])
    return accumulator.values(start, 2)


def _check_finite(who: str, state: State) -> None:
    for tensor in state.tensors:
        is_added = tensor.merge in ("sum", "counts", "mean", "chan")
        if is_added and tensor.dtype[0] == "f" and not np.isfinite(state[tensor.name]).all():
            raise StateBoundsError(f"{who}: {tensor.name} has values that are not finite")
