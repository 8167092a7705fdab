"""Ranking constants of the code by what calls give when each of them is a little different.

The constants are unfolded in a copy; there each is an element that can be changed like any other,
so that the module is compiled once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Unpack

import numpy as np
from numpy.typing import NDArray

from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.errors import CallError
from wasmstate.explore.find_constants import Constant
from wasmstate.explore.trial import Call, Image, Trial, calls_of
from wasmstate.explore.unfold import unfold_anywhere
from wasmstate.runtime.grants import GrantOptions, Grants
from wasmstate.runtime.limits import Limits
from wasmstate.state.lists import check_list
from wasmstate.state.signature import Signature
from wasmstate.state.state import State
from wasmstate.state.tensor import DTYPES, Tensor

_NAME = "wasmstate:constant:"
_TINY = 1e-9  # below which a result counts as zero
_STEP = 1 / 64
"""By what share of itself a constant is changed: exact in every float."""


@dataclass(frozen=True, slots=True)
class RankedConstant:
    """A constant and what it does.

    Attributes:
        constant: it.
        effect: by how much the results change if it changes: both relative, the largest of all
            calls. 0 if no result changes; infinite if a call then fails or gives no number.
    """

    constant: Constant
    effect: float

    def __str__(self) -> str:
        return f"{self.constant}: effect {self.effect:.3g}"


def rank_constants(
    module: ModuleLike,
    constants: Iterable[Constant],
    calls: Iterable[str | Call],
    *,
    entry_points: Mapping[str, Signature] | None = None,
    limits: Limits | None = None,
    progress: Callable[[str, float | None], object] | None = None,
    **grants: Unpack[GrantOptions],
) -> list[RankedConstant]:
    """Constants with the effect of each on what calls give, the largest effect first.

    Args:
        module: a path, bytes or a Module.
        constants: of it, as :func:`find_constants` gives them.
        calls: whose results are compared, as for :func:`discover`.
        entry_points: signatures of functions that take arrays.
        limits: of every call; two seconds if not given.
        grants: ``wasi``, ``imports``, ``allow`` and ``single_thread``, as :meth:`Session.open`
            takes them.
        progress: is called now and then with what is done, and how much of it.

    Raises:
        ArgumentError: if a call cannot be read, or does not fit the function.
        CallError: if the module cannot be run, or a call does not return.
        SectionError: if the module's constants cannot be unfolded.
    """
    module = as_module(module)
    check_list("constants", constants)
    check_list("calls", calls)
    listed, given = list(constants), calls_of(calls)
    if not listed:
        return []
    copy = _unfolded(module, listed)
    trial = Trial(copy, entry_points, limits or Limits(seconds=2.0), Grants.of(**grants))
    image, state = trial.start(), State.of(copy)
    usual = _results(trial, image, given)
    ranked = []
    for i, (constant, tensor) in enumerate(zip(listed, _added(state, len(listed)), strict=True)):
        if progress is not None:
            progress("changing constants", i / len(listed))
        region, start = trial.place(state, tensor)
        changed, share = _changed(constant)
        content = image[region]
        content = content[:start] + changed + content[start + len(changed) :]
        effect = _effect(trial, (*image[:region], content, *image[region + 1 :]), given, usual)
        ranked.append(RankedConstant(constant, effect / share))
    return sorted(ranked, key=lambda each: (-each.effect, each.constant.offset))


def _unfolded(module: Module, constants: Sequence[Constant]) -> Module:
    names = {f"{_NAME}{i}": each for i, each in enumerate(constants)}
    return unfold_anywhere(module, names, warns=False)[0]


def _added(state: State, count: int) -> list[Tensor]:
    return [state.tensor(f"{_NAME}{i}") for i in range(count)]


def _changed(constant: Constant) -> tuple[bytes, float]:
    """Another value of a constant, and by how much it differs, relative to it."""
    dtype = DTYPES[constant.dtype]
    values = np.frombuffer(constant.content, dtype)
    if dtype.kind != "f":
        with np.errstate(over="ignore"):
            changed = values + dtype.type(1)
        return changed.tobytes(), 1 / max(1.0, float(np.abs(values.astype(np.float64)).max()))
    if not np.isfinite(values).all():
        return np.ones_like(values).tobytes(), 1.0
    return np.where(values == 0, _STEP, values * (1 + _STEP)).astype(dtype).tobytes(), _STEP


def _results(trial: Trial, image: Image, calls: Sequence[Call]) -> list[NDArray[np.float64]]:
    trial.restore(image)
    return [np.ravel(np.asarray(trial.call(call) or 0, np.float64)) for call in calls]


def _effect(
    trial: Trial, image: Image, calls: Sequence[Call], usual: Sequence[NDArray[np.float64]]
) -> float:
    """The largest relative difference of a result."""
    try:
        found = _results(trial, image, calls)
    except CallError:
        trial.forget()
        return math.inf
    largest = 0.0
    for before, after in zip(usual, found, strict=True):
        if before.tobytes() == after.tobytes():
            continue
        if not (np.isfinite(before).all() and np.isfinite(after).all()):
            return math.inf
        size = max(float(np.abs(before).max(initial=0)), _TINY)
        largest = max(largest, float(np.abs(after - before).max(initial=0)) / size)
    return largest
