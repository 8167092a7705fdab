"""What devices have learned that started from one state, in one state.

Source: docs/format.md, "Merging".
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.errors import SchemaError, StateBoundsError, StateError
from wasmstate.escapes import listed
from wasmstate.state.change.bake import keep_baked
from wasmstate.state.digest import module_digest
from wasmstate.state.lists import check_list
from wasmstate.state.merge import join
from wasmstate.state.merge.ancestry import MERGE_KEY, Device, check_devices, merged_metadata
from wasmstate.state.older import with_next
from wasmstate.state.record import successor
from wasmstate.state.schema import Schema
from wasmstate.state.state import State
from wasmstate.state.tensor import Tensor

Precision = Literal["exact", "up to rounding", "heuristic", "new numbers", "as in the base"]
"""How well a tensor is merged: ``exact``, bit for bit what one device would have that saw all;
``up to rounding``, the same but for rounding; ``heuristic``, an average, which is not what one
device would have; ``new numbers``, a random generator with a seed of its own; ``as in the base``,
no device has changed it, or it was asked to stay."""


@dataclass(frozen=True, slots=True)
class MergedTensor:
    """What became of a tensor.

    Attributes:
        name: of the tensor.
        rule: its merge rule, one of :data:`~wasmstate.state.tensor.MERGE_RULES`; ``None`` if it
            has none.
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
    """

    name: str
    generation: int
    updates: int
    share: float
    digest: str


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


def merge(
    base: ModuleLike,
    devices: Mapping[str, ModuleLike] | Sequence[ModuleLike],
    *,
    keep_base: Collection[str] = (),
    allow_equal: bool = False,
    assume_base: bool = False,
) -> Merge:
    """Join what devices have learned since they started from copies of one file.

    Each tensor is joined as its merge rule says: ``base + sum(device - base)`` where that is right,
    else an average weighted by updates. The bits of the result do not depend on the order of the
    devices. The merged module is the generation after that of ``base``; devices that start from
    copies of it are merged with it as their base. With no devices, it only becomes such a base.

    Args:
        base: what all devices started from: a path, bytes or a Module.
        devices: likewise, by their names, or in any order; a path is then a device's name.
        keep_base: tensors without a merge rule that stay as in the base although devices have
            changed them.
        allow_equal: whether two devices may have the same state, or had: small counts can be equal
            by chance. If not, it is taken for one device that is listed twice.
        assume_base: whether the base may be a later generation of the devices' common history of
            which their files do not prove that they have gone through it.

    Raises:
        SchemaError: a device has other tensors; or has changed a tensor that has no merge rule.
        StateBoundsError: a sum overflows, or the merged values break the bounds of the schema.
        StateError: a device has other code, or did not start from the base, or is listed twice; or
            a module carries no state, or a damaged one.
        MalformedError: a section that is needed cannot be decoded.
    """
    check_list("devices", devices)
    check_list("keep_base", keep_base)
    named = devices if isinstance(devices, Mapping) else _named(devices)
    start = Device.of("the base", as_module(base, "base"))
    found = [Device.of(name, as_module(named[name], name)) for name in sorted(named)]
    check_devices(start, found, allow_equal=allow_equal, assume_base=assume_base)
    for name in keep_base:
        start.state.tensor(name)
    updates = [_updates(start.state, device) for device in found]
    values, tensors = _joined(start, found, keep_base, sum(updates)) if found else ({}, ())
    merged = _next(start, found, values, sum(_calls(start, device) for device in found))
    total = max(sum(updates), 1)
    contributions = tuple(
        Contribution(
            device.name,
            device.state.generation,
            number,
            number / total,
            device.state.digest.hex(),
        )
        for device, number in zip(found, updates, strict=True)
    )
    return Merge(merged, tensors, contributions)


def _named(devices: Sequence[ModuleLike]) -> dict[str, ModuleLike]:
    paths = {os.fspath(each) for each in devices if isinstance(each, (str, os.PathLike))}
    if len(paths) == len(devices):
        return {os.fspath(each): each for each in devices if isinstance(each, (str, os.PathLike))}
    width = len(str(len(devices)))
    return {f"device {i:0{width}}": module for i, module in enumerate(devices, 1)}


def _calls(base: Device, device: Device) -> int:
    before, after = base.state.update_count, device.state.update_count
    return max(after - before, 0)


def _next(base: Device, devices: Sequence[Device], values: Mapping[str, Any], calls: int) -> Module:
    """The base's module with the merged values, as its next generation."""
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
            module_digest=module_digest(base.module),
        ),
    )
    record = successor(record, base.state.record)
    module = with_next(base.module, record.encode(), record.keep)
    return keep_baked(module, State(record, schema), baked=None)


def _updates(base: State, device: Device) -> int:
    if not _counts(base):
        return max(device.state.update_count - base.update_count, 0)
    before, after = base["count"], device.state["count"]
    if (after < before).any():
        raise StateError(f"{device.name} has counted less than the base: its counts were set back")
    return int(after.sum(dtype=object)) - int(before.sum(dtype=object))


def _counts(state: State) -> bool:
    """Whether the tensor ``count`` says how many updates there were."""
    return "count" in state and state.tensor("count").merge in ("counts", "chan")


def _joined(
    base: Device, devices: Sequence[Device], keep_base: Collection[str], updates: int
) -> tuple[dict[str, Any], tuple[MergedTensor, ...]]:
    """The values of the tensors that are not the base's, and what is to be told of all."""
    states = [device.state for device in devices]
    values: dict[str, Any] = {}
    tensors: list[MergedTensor] = []
    for tensor in base.state.tensors:
        changed = [
            device.name
            for device in devices
            if device.state[tensor.name].tobytes() != base.state[tensor.name].tobytes()
        ]
        precision: Precision = "as in the base"
        if changed and tensor.name not in keep_base:
            try:
                value, precision = _join(tensor, base.state, states, updates)
            except StateBoundsError as error:
                raise StateBoundsError(f"{tensor.name}{error}") from error
            if value is None:
                raise SchemaError(
                    f"{tensor.name} has no merge rule, and {_names(changed)} changed it: "
                    "it can only stay as in the base, and what they learned there would be lost"
                ).helped_by("keep_base")
            values[tensor.name] = value
        tensors.append(MergedTensor(tensor.name, tensor.merge, precision))
    return values, tuple(tensors)


def _names(names: Sequence[str]) -> str:
    return listed(names, 3)


def _join(
    tensor: Tensor, base: State, devices: Sequence[State], updates: int
) -> tuple[Any, Precision]:
    """The value of a tensor; ``None`` if nothing says how to join it."""
    name = tensor.name
    before, after = base[name], [device[name] for device in devices]
    is_integer = tensor.dtype[0] in "iu"
    match tensor.merge:
        case "counts" | "sum":
            return join.add_up(before, after), "exact" if is_integer else "up to rounding"
        case "max":
            return np.maximum.reduce([before, *after]), "exact"
        case "min":
            return np.minimum.reduce([before, *after]), "exact"
        case "chan":
            moments = join.pool(_moments(base), [_moments(device) for device in devices])
            return getattr(moments, name), "exact" if name == "count" else "up to rounding"
        case "mean":
            if not updates:
                raise StateError(
                    f"{name} is averaged by updates, and no device has seen any since the base"
                )
            _check_numbering(tensor, base, devices)
            weights = [_weights(tensor, base, device) for device in devices]
            return join.average(before, after, weights), "heuristic"
    return (before, "new numbers") if name == "rng" and tensor.nbytes == 16 else (None, "exact")


def _check_numbering(tensor: Tensor, base: State, devices: Sequence[State]) -> None:
    """Check that a row means the same to all devices: clusters are numbered as they are met."""
    if (base.metadata.get("model"), tensor.name) != ("kmeans", "centers") or "count" not in base:
        return
    users = np.sum([device["count"] > 0 for device in devices], axis=0)
    new = np.flatnonzero((base["count"] == 0) & (users > 1)).tolist()
    if new:
        raise StateError(
            f"{tensor.name}: the base has no center {listed(list(map(str, new)))} yet, and each "
            "device numbers its clusters as it meets them, so an average would join different "
            "ones: give devices a base that has learned a row for each cluster"
        )


def _moments(state: State) -> join.Moments:
    try:
        moments = join.Moments(state["count"], state["mean"], state["m2"])
    except SchemaError as error:
        raise SchemaError(f"tensors with the rule chan are count, mean and m2: {error}") from error
    if not join.is_pool(moments):
        raise SchemaError("count, mean and m2 do not have the shapes that the rule chan is for")
    return moments


def _weights(tensor: Tensor, base: State, device: State) -> Any:
    """How much a device has seen, for each row of the tensor if it counts by row."""
    if _counts(base):
        shape = base.tensor("count").shape
        gained = device["count"].astype(np.int64) - base["count"].astype(np.int64)
        by_row = tensor.shape[: len(shape)] == shape
        return gained if by_row else gained.sum()
    return np.array(max(device.update_count - base.update_count, 0))
