"""Merges devices in parts.

Source: docs/format.md, "Merging".
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.errors import SchemaError, StateBoundsError, StateError, WasmstateError
from wasmstate.escapes import listed
from wasmstate.state.lists import check_list
from wasmstate.state.merge.accumulate import Accumulator, Average, Extreme, Moments, Sum, is_pool
from wasmstate.state.merge.ancestry import Device, check_alone, check_together, device_of
from wasmstate.state.merge.next_generation import next_generation
from wasmstate.state.merge.partial import NAMED, Brought, Partial
from wasmstate.state.merge.result import Contribution, Merge, MergedTensor, Precision
from wasmstate.state.merge.robust import Clipped, Ranked, Robust, kept_part
from wasmstate.state.merge.updates import calls_of, updates_of
from wasmstate.state.state import State
from wasmstate.state.tensor import Tensor, shape_text

_BATCH_CELLS = 1 << 16  # of all devices that are added at once
_ADDED = ("sum", "counts", "chan", "mean")


class _Checked(NamedTuple):
    """A device that can take part, the tensors that it has changed, and its updates."""

    device: Device
    changed: list[str]
    updates: int


class Merger:
    """Merges devices in parts: ``merger.finish(merger.partial(a) + merger.partial(b))``.

    Args:
        base: what all devices started from: a path, bytes or a Module.
        keep_base, assume_base, robust: as for :func:`~wasmstate.merge`.

    Raises:
        SchemaError: an unknown tensor in ``keep_base``, or no robust rule.
        StateError: the base carries no state, or a damaged one.
        MalformedError: a section that is needed cannot be decoded.
    """

    def __init__(
        self,
        base: ModuleLike,
        *,
        keep_base: Collection[str] = (),
        assume_base: bool = False,
        robust: str | None = None,
    ) -> None:
        check_list("keep_base", keep_base)
        self._module = as_module(base, "base")
        self._base = device_of("the base", self._module)
        state = self._base.state
        for name in keep_base:
            state.tensor(name)
        self._keep_base = frozenset(keep_base)
        self._assume_base = assume_base
        self._robust = None if robust is None else Robust.parse(robust)
        self._values = {name: value.tobytes() for name, value in state.items()}
        self._infinite = {name for name in state if _first_not_finite(state, name) is not None}
        self._owners = _owners(state)
        options = repr((sorted(self._keep_base), self._robust)).encode()
        self._task = state.digest + options

    def partial(self, devices: Mapping[str, ModuleLike] | Sequence[ModuleLike]) -> Partial:
        """What devices have learned.

        Args:
            devices: by their names, or in any order; a path is then a device's name. They are
                read one after the other.

        Raises:
            SchemaError: a device has other tensors.
            StateBoundsError: a value that would be added is not finite.
            StateError: a device has other code, or did not start from the base; or a module
                carries no state, or a damaged one.
            MalformedError: a section that is needed cannot be decoded.
        """
        check_list("devices", devices)
        named = devices if isinstance(devices, Mapping) else _named(devices)
        return self._partial(
            self._check(device_of(name, as_module(named[name], name))) for name in sorted(named)
        )

    def partial_of_sound(
        self, devices: Iterable[tuple[str, Callable[[], Device]]]
    ) -> tuple[Partial, dict[str, WasmstateError | OSError]]:
        """The same, but a device that cannot take part is passed over.

        Args:
            devices: names, and what reads a device; it may raise what :meth:`partial` raises.

        Returns:
            The partial, and the error of each device that is not in it.
        """
        refused: dict[str, WasmstateError | OSError] = {}

        def sound() -> Iterator[_Checked]:
            for name, read in devices:
                try:
                    yield self._check(read())
                except (WasmstateError, OSError) as error:
                    refused[name] = error

        return self._partial(sound()), refused

    def finish(self, partial: Partial, *, allow_equal: bool = False) -> Merge:
        """The base with what all devices of a partial have learned.

        Args:
            partial: of this base, with the same options.
            allow_equal: as for :func:`~wasmstate.merge`.

        Raises:
            SchemaError: a device has changed a tensor that has no merge rule.
            StateBoundsError: a sum overflows, or the merged values break the bounds of the schema.
            StateError: a device is listed twice, or the partial is of another base.
        """
        if partial.task != self._task:
            raise StateError("the partial is of another base, or was made with other options")
        found = sorted(partial.devices, key=lambda each: each.ancestry.name)
        ancestries = [each.ancestry for each in found]
        check_together(self._base.ancestry, ancestries, allow_equal=allow_equal)
        updates = sum(each.updates for each in found)
        values, tensors = self._joined(partial) if found else ({}, ())
        merged = next_generation(self._module, self._base, ancestries, values, partial.calls)
        contributions = tuple(
            Contribution(
                each.ancestry.name,
                each.ancestry.generation,
                each.updates,
                each.updates / max(updates, 1),
                each.ancestry.digest.hex(),
                each.clipped,
            )
            for each in found
        )
        return Merge(merged, tensors, contributions)

    def _partial(self, devices: Iterable[_Checked]) -> Partial:
        base = self._base.state
        partial = Partial(self._task, _accumulators(base, self._robust, self._keep_base))
        cells = sum(int(np.prod(tensor.shape)) for tensor in base.tensors)
        batch: list[State] = []
        for device, changed, updates in devices:
            partial.devices.append(Brought(device.ancestry, updates, self._clipped(device.state)))
            partial.calls += calls_of(base, device.state)
            for name in changed:
                partial.count_changed(name, 1, [device.name])
            batch.append(device.state)
            if len(batch) * cells >= _BATCH_CELLS:
                self._add(partial, batch)
                batch = []
        self._add(partial, batch)
        return partial

    def _add(self, partial: Partial, batch: Sequence[State]) -> None:
        if batch:
            for accumulator in partial.accumulators.values():
                accumulator.add(self._base.state, batch)

    def _check(self, device: Device) -> _Checked:
        check_alone(self._base, device, assume_base=self._assume_base)
        updates = updates_of(self._base.state, device.name, device.state)
        values = self._values
        changed = [name for name in values if device.state[name].tobytes() != values[name]]
        for name in changed:
            tensor = self._base.state.tensor(name)
            is_kept = name in self._keep_base and tensor.merge != "chan"
            if tensor.merge in _ADDED and not is_kept:
                _check_finite(device.name, name, device.state)
                if name in self._infinite:
                    _check_finite("the base", name, self._base.state)
        return _Checked(device, changed, updates)

    def _clipped(self, device: State) -> float:
        if self._robust is None or self._robust.kind != "clip":
            return 1.0
        base = self._base.state
        return min(
            (
                kept_part(device[each.name] - base[each.name].astype("f8"), self._robust.amount)
                for each in base.tensors
                if each.merge == "mean"
            ),
            default=1.0,
        )

    def _joined(self, partial: Partial) -> tuple[dict[str, Any], tuple[MergedTensor, ...]]:
        """The values of the tensors that are not the base's, and what is to be told of all."""
        base = self._base.state
        values: dict[str, Any] = {}
        tensors: list[MergedTensor] = []
        done: dict[str, Any] = {}
        for tensor in base.tensors:
            name, owner = tensor.name, self._owners.get(tensor.name, tensor.name)
            group = [each for each in base if self._owners.get(each, each) == owner]
            changed = any(each in partial.changed for each in group)
            precision: Precision = "as in the base"
            if tensor.merge == "own" and name not in self._keep_base:
                precision, values[name] = "empty", np.zeros_like(base[name])
            elif changed and name not in self._keep_base:
                precision = _precision(tensor)
                if owner in partial.accumulators:
                    if name not in done:
                        accumulator = partial.accumulators[owner]
                        done |= accumulator.values(base, len(partial.devices))
                    values[name] = done[name]
                elif precision == "new numbers":
                    values[name] = base[name]
                else:
                    raise self._lost(tensor, *partial.changed.get(name, (0, [])))
            tensors.append(MergedTensor(name, tensor.merge, precision))
        return values, tuple(tensors)

    def _lost(self, tensor: Tensor, number: int, names: Sequence[str]) -> StateError:
        if tensor.merge == "chan":
            try:
                is_pool(self._base.state)
            except SchemaError as error:
                reason = f"tensors with the rule chan are count, mean and m2: {error}"
                return SchemaError(reason)
            return SchemaError(
                "count, mean and m2 do not have the shapes that the rule chan is for"
            )
        more = [*names, *[""] * (number - len(names))]  # only counted
        return SchemaError(
            f"{tensor.name} has no merge rule, and {listed(more, NAMED)} changed it: it can only "
            "stay as in the base, and what they learned there would be lost"
        ).helped_by("keep_base")


def _named(devices: Sequence[ModuleLike]) -> dict[str, ModuleLike]:
    paths = {os.fspath(each) for each in devices if isinstance(each, (str, os.PathLike))}
    if len(paths) == len(devices):
        return {os.fspath(each): each for each in devices if isinstance(each, (str, os.PathLike))}
    width = len(str(len(devices)))
    return {f"device {i:0{width}}": module for i, module in enumerate(devices, 1)}


def _owners(base: State) -> dict[str, str]:
    """The tensor under whose name others are accumulated: moments belong together."""
    pool = [each for each in Moments.NAMES if each in base and base.tensor(each).merge == "chan"]
    return dict.fromkeys(Moments.NAMES, "count") if len(pool) == len(Moments.NAMES) else {}


def _accumulators(
    base: State, robust: Robust | None, keep_base: frozenset[str]
) -> dict[str, Accumulator]:
    found: dict[str, Accumulator] = {}
    # Of a base that is not finite, no change is taken: see _check.
    addable = {name for name in base if _first_not_finite(base, name) is None}
    for tensor in base.tensors:
        if tensor.name not in keep_base:
            if tensor.merge in ("sum", "counts") and tensor.name in addable:
                found[tensor.name] = Sum(tensor)
            elif tensor.merge == "mean" and tensor.name in addable:
                found[tensor.name] = _average(tensor, robust)
            elif tensor.merge in ("max", "min"):
                found[tensor.name] = Extreme(tensor)
    if _owners(base) and is_pool(base) and addable.issuperset(Moments.NAMES):
        found["count"] = Moments(base)
    return found


def _average(tensor: Tensor, robust: Robust | None) -> Accumulator:
    if robust is None:
        return Average(tensor)
    return Clipped(tensor, robust) if robust.kind == "clip" else Ranked(tensor, robust)


def _precision(tensor: Tensor) -> Precision:
    is_integer = tensor.dtype[0] in "iu"
    match tensor.merge:
        case "counts" | "sum":
            return "exact" if is_integer else "up to rounding"
        case "chan":
            return "exact" if tensor.name == "count" else "up to rounding"
        case "mean":
            return "heuristic"
        case "max" | "min":
            return "exact"
    return "new numbers" if tensor.name == "rng" and tensor.nbytes == 16 else "exact"


def _check_finite(who: str, name: str, state: State) -> None:
    place = _first_not_finite(state, name)
    if place is not None:
        value = float(state[name][tuple(place)])
        raise StateBoundsError(
            f"{who}: {name}{shape_text(place)} is {value}, which cannot be added"
        )


def _first_not_finite(state: State, name: str) -> list[int] | None:
    values = state[name]
    if values.dtype.kind != "f" or np.isfinite(values).all():
        return None
    place: list[int] = np.argwhere(~np.isfinite(values))[0].tolist()
    return place
