"""Why a call may have trapped: numbers in S and in the arguments that no model survives.

A kernel traps before it would store something that is not finite, and an engine says of it no more
than ``unreachable``. What led there stands in S: a feature of another scale drives weights through
many generations before one call overflows.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from wasmstate.errors import TrapError, WasmstateError
from wasmstate.state.signature import Param
from wasmstate.state.state import State
from wasmstate.state.tensor import DTYPES

_HUGE = 1e50
"""Beyond it a square is not far from the largest float64; models take no such row."""
_LARGE = 1e6
"""Beyond it an argument is worth a word if S is huge: epoch seconds, for one."""
_MOST = 4


def explained(
    error: TrapError, path: str | os.PathLike[str], state: State, params: Sequence[Param], args: Any
) -> TrapError:
    """The error with what is not finite or huge; the error itself if nothing is.

    Args:
        error: of the call.
        path: of the file, whose older generations are asked since when.
        state: S before the call.
        params: that the function takes.
        args: that it was given.
    """
    episode = _episode(state, params)
    if episode is not None:
        return TrapError(f"{error}: {episode}")
    tensors = [(name, *found) for name in state if (found := _worst(state[name], _HUGE))]
    given = [
        (param.name, *found)
        for param, arg in zip(params, args, strict=False)
        if (found := _worst(_numbers(arg), _LARGE if tensors else _HUGE))
    ]
    if not tensors and not given:
        return error
    said = [
        _since(path, name, f"S holds {name}{cell} = {value:.3g}") for name, cell, value in tensors
    ]
    said += [f"the argument {name}{cell} is {value:.3g}" for name, cell, value in given]
    listed = "; ".join(said[:_MOST])
    advice = "scale what the model is given, and go back to a generation before"
    text = f"{error}: {listed}; {advice if tensors else 'scale what the model is given'}"
    return TrapError(text).helped_by("rollback()") if tensors else TrapError(text)


def _episode(state: State, params: Sequence[Param]) -> str | None:
    """What is wrong with a call of an agent, whose steps and logged rows do not mix."""
    if state.metadata.get("model") != "sarsa" or "running" not in state or not params:
        return None
    names = [param.name for param in params]
    if names[0] == "reward" and not state["running"]:
        return "no episode is running: start() begins one"
    if "next_x" in names and state["running"]:
        return "an episode is running, and rows of a log are learned between episodes: end() it"
    return None


def _numbers(value: Any) -> Any:
    try:
        return np.asarray(value, np.float64)
    except (TypeError, ValueError):
        return np.zeros(0)


def _worst(values: Any, limit: float) -> tuple[str, float] | None:
    """The first value that is not finite, else the largest beyond a limit, with its cell."""
    array = np.asarray(values)
    if array.dtype.kind != "f" or not array.size:
        return None
    size = np.abs(array.astype(DTYPES["f64"]))
    flat = np.where(np.isfinite(size), size, np.inf)
    at = int(np.argmax(flat))
    if not flat.reshape(-1)[at] > limit:
        return None
    index = np.unravel_index(at, array.shape) if array.shape else ()
    cell = f"[{','.join(str(int(i)) for i in index)}]" if index else ""
    return cell, float(array.reshape(-1)[at])


def _since(path: str | os.PathLike[str], name: str, text: str) -> str:
    """The text with the oldest generation in the file from which on the tensor is huge."""
    from wasmstate.state.compare.history import history  # noqa: PLC0415 (traps are rare)

    since, is_first = None, False
    try:
        for entry in reversed(history(path)):
            state = entry.state
            if state is None or name not in state:
                break
            is_first = _worst(state[name], _HUGE) is None
            if is_first:
                break
            since = state.generation
    except (WasmstateError, OSError):
        return text
    if since is None:
        return text
    return f"{text}, since generation {since}{'' if is_first else ' or before'}"
