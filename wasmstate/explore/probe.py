"""Trying which tensors are alive: which change what a model predicts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import NDArray

from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import ArgumentError, CallError
from wasmstate.explore.constants import Folded, find_folded
from wasmstate.explore.influence import Influence
from wasmstate.explore.trial import Call, Image, Trial, calls_of
from wasmstate.explore.trial_arguments import made_up
from wasmstate.runtime.grants import GrantOptions, Grants
from wasmstate.runtime.limits import Limits
from wasmstate.session.attach import attach
from wasmstate.state.lists import check_list
from wasmstate.state.signature import Param, Signature
from wasmstate.state.state import SECTION_NAME, State
from wasmstate.state.tensor import DTYPES, TensorSpec

Verdict = Literal["live", "update only", "written only", "dead"]
"""``live``: predictions change with it. ``update only``: what is learned does. ``written only``:
calls write it, and none reads it. ``dead``: no call does either."""

UPDATE = "update"
_TRIES = 4  # sets of arguments that are made up


@dataclass(frozen=True, slots=True)
class Probed:
    """What is known of one tensor.

    Attributes:
        name: of the tensor.
        verdict: ``live`` if predictions change with it, ``update only`` if the learned values do,
            ``written only`` if calls write and never read it, ``dead`` if no call does either.
        tried: how many of its elements were changed.
        live: how many of these changed a prediction.
        is_written: whether a call changed it.
        folded: values of it that stand in the code.
    """

    name: str
    verdict: Verdict
    tried: int
    live: int
    is_written: bool
    folded: tuple[Folded, ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """What :func:`probe` found.

    Attributes:
        tensors: in the order of the schema.
        calls: that were made.
    """

    tensors: tuple[Probed, ...]
    calls: tuple[Call, ...]

    @property
    def dead(self) -> list[str]:
        """The tensors that no call reads or writes; changing them has no effect."""
        return [each.name for each in self.tensors if each.verdict == "dead"]


def probe(
    module: ModuleLike,
    calls: Iterable[str | Call] = (),
    *,
    tensors: Iterable[str | TensorSpec] = (),
    entry_points: Mapping[str, Signature] | None = None,
    sample: int = 16,
    limits: Limits | None = None,
    **grants: Unpack[GrantOptions],
) -> Probe:
    """Change each tensor in a running instance, and see whether anything comes out differently.

    Args:
        module: a path, bytes or a Module, with a state, or without one if ``tensors`` are given;
            it is not changed.
        calls: as for :func:`wasmstate.discover`. Those of ``update`` learn, all others predict. If
            none are given, arguments for ``predict`` and ``update`` are made up.
        tensors: of a module without a state, as for :func:`wasmstate.attach`.
        entry_points: signatures, besides those of the schema.
        sample: how many elements of each tensor are changed, evenly spread.
        limits: of every call; two seconds if not given.
        grants: ``wasi``, ``imports``, ``allow`` and ``single_thread``, as :meth:`Session.open`
            takes them.

    Raises:
        ArgumentError: if a call cannot be read or does not fit; if none is given, and no arguments
            that were made up lead to a call that returns.
        CallError: if the module cannot be run, or a call that was given does not return.
        StateError: if it carries no state, or the tensors cannot be.
        ValueError: if ``sample`` is not positive; for an invalid ``wasi``.
    """
    module = as_module(module)
    check_list("calls", calls)
    check_list("tensors", tensors)
    if sample < 1:
        raise ValueError(f"sample must be positive, not {sample}")
    if not module.custom_sections(SECTION_NAME) and (specs := list(tensors)):
        module = attach(module, specs, limits=limits, **grants)
    state = State.of(module)
    trial = Trial(module, entry_points, limits or Limits(seconds=2.0), Grants.of(**grants))
    start = trial.start()
    listed = list(calls)
    made = calls_of(listed) if listed else _made_up(trial, start)
    images = [start]
    trial.restore(start)
    for call in made:
        trial.call(call)
        images.append(trial.image())
    predicting = [call for call in made if call.name != UPDATE]
    learning = [call for call in made if call.name == UPDATE]
    # From S as it is, and from S after it has learned: a cold model may not look at all of it.
    beginnings = images[:: len(images) - 1]
    reads = [[Influence(trial, i, [call]) for call in predicting] for i in beginnings]
    learns = [[Influence(trial, i, learning)] for i in beginnings if learning]
    names = {call.name for call in made}
    values = {name: state[name] for name in state}
    folded = find_folded(Spaces(module), sorted(names), values)
    found = []
    for tensor in state.tensors:
        region, address = trial.place(state, tensor)
        size = DTYPES[tensor.dtype].itemsize
        count = tensor.nbytes // size
        picked = sorted({int(i) for i in np.linspace(0, count - 1, min(sample, count))})
        live, is_read = 0, False
        for i in picked:
            at = address + i * size
            live += _matters(reads, region, at, tensor.dtype)
            is_read = is_read or _matters(learns, region, at, tensor.dtype)
        held = {image[region][address : address + tensor.nbytes] for image in images}
        verdict: Verdict = "dead"
        if live:
            verdict = "live"
        elif is_read:
            verdict = "update only"
        elif len(held) > 1:
            verdict = "written only"
        of_tensor = tuple(f for f in folded if f.cell.partition("[")[0] == tensor.name)
        found.append(Probed(tensor.name, verdict, len(picked), live, len(held) > 1, of_tensor))
    return Probe(tuple(found), tuple(made))


def _matters(beginnings: Sequence[Sequence[Influence]], region: int, at: int, dtype: str) -> bool:
    size = DTYPES[dtype].itemsize
    return any(
        influence.of_contents(region, at, _variants(influence.content(region, at, size), dtype))
        for influences in beginnings
        for influence in influences
    )


def _variants(content: bytes, dtype: str) -> Iterator[bytes]:
    """Other values of an element: a little different, opposite, far larger."""
    yield bytes([content[0] ^ 1]) + content[1:]
    value: NDArray[Any] = np.frombuffer(content, DTYPES[dtype])
    if value.dtype.kind == "f":
        with np.errstate(all="ignore"):
            others = [value * 1.25 + 0.125, -value - 1, value * 64 + 64, value * 0 - 64]
        yield from (other.astype(value.dtype).tobytes() for other in others)
        return
    yield bytes(byte ^ 0x55 for byte in content)
    yield bytes(len(content))
    yield bytes([content[0] ^ 0x10]) + content[1:]


def _made_up(trial: Trial, start: Image) -> list[Call]:
    """Calls of predict and update, with made-up arguments that they take."""
    calls: list[Call] = []
    errors: list[str] = []
    for name in ("predict", UPDATE):
        if name not in trial.program.functions:
            continue
        for k in range(_TRIES):
            call = Call(name, made_up(_params(trial, name), k))
            if call in calls:
                continue
            error = _failure(trial, start, [call])
            if error is None:
                calls.append(call)
            else:
                errors.append(f"{call}: {error}")
    while calls and _failure(trial, start, calls) is not None:
        calls.pop()  # returned alone, and not behind the others
    if not calls:
        tried = f"; tried were {'; '.join(errors)}" if errors else ""
        raise ArgumentError(
            "no arguments are known for predict and update: give calls, for example "
            f"predict:1.0,0.5{tried}"
        )
    return calls


def _failure(trial: Trial, start: Image, calls: Sequence[Call]) -> CallError | None:
    trial.restore(start)
    try:
        for call in calls:
            trial.call(call)
    except CallError as error:
        trial.forget()
        return error
    return None


def _params(trial: Trial, name: str) -> Sequence[Param]:
    signature = trial.signatures.get(name)
    if signature is not None:
        return signature.params
    return [
        Param(f"p{i}", str(each)) for i, each in enumerate(trial.program.func_type(name).params)
    ]
