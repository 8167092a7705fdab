"""A device's own random numbers: copies of one file that do not explore in lock-step.

The id of the device is mixed into the generator of S by SHA-256, once: the metadata keep it. A
device that starts again from another file, such as a merged one, is mixed in again.

Source: docs/format.md, "Merging".
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.errors import ArgumentError
from wasmstate.state.change.bake import keep_baked
from wasmstate.state.code_match import check_belongs
from wasmstate.state.older import with_next
from wasmstate.state.record import successor
from wasmstate.state.schema import Schema
from wasmstate.state.state import State

DEVICE_KEY = "device"
"""In the metadata of a schema."""

_GENERATOR = "rng"
_GENERATOR_SIZE = 16
_MAX_SIZE = 255  # in bytes, as of names


def personalize(module: ModuleLike, device: str | int) -> Module:
    """The module for a device: its id is in the metadata, and in the random numbers.

    Args:
        module: with a state: a path, bytes or a Module.
        device: any text that no other device has, such as a serial number.

    Returns:
        The next generation; the module as it is if it is this device's already.

    Raises:
        ArgumentError: if the id is empty, too long, or has control characters.
        StateError: if the module carries no state, or one of other code.
    """
    module = as_module(module)
    before = State.of(module)
    check_belongs(before, module)
    id = device_id(device)
    if before.metadata.get(DEVICE_KEY) == id:
        return module
    state = with_own_numbers(before, id)
    schema = Schema(state.tensors, state.entry_points, {**state.metadata, DEVICE_KEY: id})
    record = successor(replace(state.record, schema=schema.encode()), before.record)
    written = with_next(module, record.encode(), record.keep)
    return keep_baked(written, State(record, schema), baked=None)


def device_id(device: str | int) -> str:
    """The id as it is kept.

    Raises:
        ArgumentError: if it cannot be one.
    """
    id = str(device)
    if not id or not id.isprintable() or len(id.encode()) > _MAX_SIZE:
        raise ArgumentError(
            f"the id of a device is 1 to {_MAX_SIZE} bytes of printable text, not {id!r}"
        )
    return id


def with_own_numbers(state: State, id: str) -> State:
    """The state with the id of a device mixed into its generator, if it has one."""
    if _GENERATOR not in state or state.tensor(_GENERATOR).nbytes != _GENERATOR_SIZE:
        return state
    seed = hashlib.sha256(state[_GENERATOR].tobytes() + id.encode()).digest()
    return state.with_values({_GENERATOR: np.frombuffer(seed[:_GENERATOR_SIZE], "<u8")})
