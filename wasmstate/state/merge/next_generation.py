"""The base with merged values, as its next generation."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from wasmstate.binary.module import Module
from wasmstate.state.change.bake import keep_baked
from wasmstate.state.digest import module_digest
from wasmstate.state.merge.ancestry import Ancestry, Device, merged_metadata
from wasmstate.state.metadata_keys import MERGE_KEY
from wasmstate.state.older import with_next
from wasmstate.state.record import successor
from wasmstate.state.schema import Schema
from wasmstate.state.state import State


def next_generation(
    module: Module,
    base: Device,
    devices: Sequence[Ancestry],
    values: Mapping[str, Any],
    calls: int,
) -> Module:
    """The base's module with the merged values.

    Args:
        module: what the devices started from.
        base: its state.
        devices: all that were merged.
        values: by tensor; those that are not there stay.
        calls: of ``update()`` on all devices.

    Raises:
        StateBoundsError: if the values break the bounds of the schema.
    """
    metadata = merged_metadata(base, devices)
    schema = Schema(base.state.tensors, base.state.entry_points, metadata)
    state = base.state.with_values(values)
    if "rng" in values:
        seed = hashlib.sha256(bytes.fromhex(metadata[MERGE_KEY]["id"])).digest()
        state = state.with_values({"rng": np.frombuffer(seed[:16], "<u8")})
    state.check_bounds()
    lineage = state.record.lineage
    record = replace(
        state.record,
        schema=schema.encode(),
        lineage=replace(
            lineage,
            update_count=lineage.update_count + calls,
            module_digest=module_digest(module),
        ),
    )
    record = successor(record, base.state.record)
    module = with_next(module, record.encode(), record.keep)
    return keep_baked(module, State(record, schema), baked=None)
