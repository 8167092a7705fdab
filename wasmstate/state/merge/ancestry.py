"""Whether devices may be merged: the same code and tensors, one start, nobody twice.

A header names the state that a file's history began with and the one before; a merged state also
names, in its metadata, what was merged. Together they tell from which file a device started.

Source: docs/format.md, "Merging".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wasmstate.binary.module import Module
from wasmstate.errors import SchemaError, StateError
from wasmstate.state.change.personalize import DEVICE_KEY
from wasmstate.state.compare.history import base_of, history
from wasmstate.state.digest import module_digest
from wasmstate.state.metadata_keys import MERGE_KEY
from wasmstate.state.state import State

WATCHED_KEY = "watched"
"""In the metadata of a detector: the update of its model up to which it has seen losses."""

# What a device did: it differs between devices, and that is right.
_OWN_KEYS = {MERGE_KEY, DEVICE_KEY, WATCHED_KEY}


@dataclass(frozen=True, slots=True)
class Ancestry:
    """What a device tells of its past.

    Attributes:
        name: in messages.
        generation: of its state.
        digest: of its state.
        past: digests by generation, as far as the file proves them: those of the records that it
            keeps, its own state's too, and of the state that each of them came from.
        merge: what the metadata say of the merge that it started from, or ``None``.
        device: the id of the device, if the metadata keep it.
    """

    name: str
    generation: int
    digest: bytes
    past: Mapping[int, bytes]
    merge: Mapping[str, Any] | None
    device: object = None


@dataclass(frozen=True)
class Device:
    """What is merged of a module.

    Attributes:
        state: that it carries.
        ancestry: its name, and what it tells of its past.
    """

    state: State
    ancestry: Ancestry

    @property
    def name(self) -> str:
        """In messages."""
        return self.ancestry.name


def device_of(name: str, module: Module) -> Device:
    """Read a module that is merged.

    Raises:
        StateError: if it carries no state, a damaged one, one of other code, or all of memory.
    """
    state = _state_of(name, module)
    past: dict[int, bytes] = {0: base_of(state)}
    if state.generation:
        past[state.generation - 1] = state.record.lineage.parent_digest
    for entry in history(module):
        if entry.state is not None and entry.link != "foreign":
            past[entry.state.generation] = entry.state.digest
            if entry.state.generation:
                before = entry.state.generation - 1
                past.setdefault(before, entry.state.record.lineage.parent_digest)
    told = _merge_of(name, state)
    id = state.metadata.get(DEVICE_KEY)
    return Device(state, Ancestry(name, state.generation, state.digest, past, told, id))


def _state_of(name: str, module: Module) -> State:
    try:
        state = State.of(module)
    except StateError as error:
        raise StateError(f"{name}: {error}") from error
    if state.record.read_only:
        raise StateError(f"{name}: its state is of a newer version of the format than this")
    if state.record.lineage.module_digest != module_digest(module):
        raise StateError(f"{name}: the state belongs to another module")
    if state.is_whole_memory:
        raise StateError(f"{name}: all of memory is its state, and no rule says how to join that")
    return state


def _merge_of(name: str, state: State) -> Mapping[str, Any] | None:
    merge = state.metadata.get(MERGE_KEY)
    if merge is None:
        return None
    if not (
        isinstance(merge, dict)
        and isinstance(merge.get("generation"), int)
        and all(isinstance(merge.get(key), str) for key in ("id", "base"))
    ):
        raise SchemaError(f"{name}: the key {MERGE_KEY!r} of its metadata does not tell of a merge")
    return merge


def merged_metadata(base: Device, devices: Sequence[Ancestry]) -> dict[str, Any]:
    """The metadata of a merged state, which devices that start from it inherit."""
    digests = sorted(device.digest for device in devices)
    generation = base.state.generation + 1
    start = base.state.digest
    id = hashlib.sha256(generation.to_bytes(8, "little") + start + b"".join(digests))
    told = {
        "id": id.hexdigest(),
        "base": start.hex(),
        "generation": generation,
        "devices": len(devices),
    }
    inherited = {key: value for key, value in base.state.metadata.items() if key != DEVICE_KEY}
    return {**inherited, MERGE_KEY: told}


def check_alone(base: Device, device: Device, *, assume_base: bool) -> None:
    """Check that a device can be merged with the base.

    Raises:
        SchemaError, StateError: naming the device and what does not fit.
    """
    _check_like(base, device)
    _check_start(base, device, assume_base=assume_base)


def check_together(base: Ancestry, devices: Sequence[Ancestry], *, allow_equal: bool) -> None:
    """Check that nothing that several devices have in common would count twice.

    Raises:
        StateError: naming two devices.
    """
    _check_merges(base, devices)
    _check_ids(base, devices)
    if not allow_equal:
        _check_apart(base, devices)


def _check_like(base: Device, device: Device) -> None:
    ours, theirs = base.state, device.state
    if ours.record.lineage.module_digest != theirs.record.lineage.module_digest:
        raise StateError(f"{device.name} has other code than the base").helped_by("migrate()")
    if (ours.record.schema, ours.regions) == (theirs.record.schema, theirs.regions):
        return
    for tensor in ours.tensors:
        if tensor not in theirs.tensors:
            raise SchemaError(f"{device.name} has no tensor {tensor.name} as the base has it")
    if _schema(ours) != _schema(theirs):
        raise SchemaError(f"{device.name} has another schema than the base")


def _schema(state: State) -> tuple[Any, ...]:
    metadata = {key: value for key, value in state.metadata.items() if key not in _OWN_KEYS}
    places = [(each.kind, each.index, each.address, each.length) for each in state.regions]
    return state.tensors, dict(state.entry_points), metadata, places


def _check_start(base: Device, device: Device, *, assume_base: bool) -> None:
    start = base.state
    if base_of(start) != base_of(device.state):
        raise StateError(f"{device.name} did not start from the base: its generation 0 is another")
    if start.generation > device.state.generation:
        raise StateError(
            f"{device.name} is at generation {device.state.generation}, and the base at "
            f"{start.generation}: it cannot have started from it"
        )
    known = device.ancestry.past.get(start.generation)
    if known == start.digest or (known is None and _came_through(base, device)):
        return
    if known is not None:
        raise StateError(
            f"{device.name} did not start from the base: its generation {start.generation} is "
            "another"
        )
    if not assume_base:
        raise StateError(
            f"{device.name} does not tell whether it has gone through generation "
            f"{start.generation}, the base: it can only be assumed, by who knows it. "
            "Who starts from a merge, be it of the base alone, can always tell"
        ).helped_by("assume_base")


def _came_through(base: Device, device: Device) -> bool:
    """Whether the merge that a device started from is the base, or was made from it."""
    ours, theirs = base.ancestry.merge, device.ancestry.merge
    if theirs is None:
        return False
    is_merge = ours is not None and ours["generation"] == base.state.generation
    return theirs["base"] == base.state.digest.hex() or (
        is_merge and ours is not None and theirs["id"] == ours["id"]
    )


def _check_merges(base: Ancestry, devices: Sequence[Ancestry]) -> None:
    """Two devices that started from a later merge have that in common, too."""
    ours = None if base.merge is None else base.merge["id"]
    seen: dict[str, str] = {}
    for device in devices:
        if device.merge is None or device.merge["id"] == ours:
            continue
        other = seen.setdefault(device.merge["id"], device.name)
        if other != device.name:
            raise StateError(
                f"{other} and {device.name} started from what was merged later, at generation "
                f"{device.merge['generation']}: give that file as the base, else it counts twice"
            )


def _check_ids(base: Ancestry, devices: Sequence[Ancestry]) -> None:
    """Two files of one device: what it had learned before the older one counts twice."""
    seen: dict[str, str] = {}
    for device in devices:
        if isinstance(device.device, str) and device.device != base.device:
            other = seen.setdefault(device.device, device.name)
            if other != device.name:
                raise StateError(
                    f"{other} and {device.name} are both of device {device.device}: give one, "
                    "else what it learned counts twice"
                )


def _check_apart(base: Ancestry, devices: Sequence[Ancestry]) -> None:
    """Nobody's state may be another's, or one that another has gone through."""
    seen: dict[tuple[int, bytes], Ancestry] = {}
    start = base.generation
    for device in devices:
        for generation, digest in sorted(device.past.items(), reverse=True):
            if generation <= start or digest == base.digest:
                continue
            other = seen.setdefault((generation, digest), device)
            if other is device:
                continue
            advice = "are they one device?"
            if generation < min(other.generation, device.generation):
                advice = "give that generation as the base, else what they share counts twice."
            raise StateError(
                f"{other.name} and {device.name} had the same state at generation {generation}: "
                f"{advice} That two happened to learn the same has to be allowed"
            ).helped_by("allow_equal")
