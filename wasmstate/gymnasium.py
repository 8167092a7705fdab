"""Agents of Gymnasium's environments that learn in a WebAssembly module.

Environments are taken as they are; nothing of Gymnasium is imported here.

Source: Farama Foundation, "Gymnasium Documentation", version 1, "Env".
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wasmstate import models
from wasmstate.binary.module import Module
from wasmstate.errors import SchemaError
from wasmstate.session.session import Session
from wasmstate.state.attach.describe import with_state
from wasmstate.state.state import State

_HUGE = 1e6  # beyond it, a bound says that there is none: float32 has its largest number there


class Env(Protocol):
    """What is used of an environment."""

    action_space: Any
    observation_space: Any

    def reset(self, *, seed: int | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode; gives the first observation."""

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Give the observation, the reward, and whether the episode was terminated or truncated."""


def agent(
    env: Env,
    *,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    seed: int | None = None,
    **options: float,
) -> Module:
    """A ``sarsa`` model for an environment, which has learned nothing yet.

    Args:
        env: observes a vector of numbers, and has a finite number of actions.
        low: the least of each number, where 0 is in the basis; else the space's own bound.
        high: the largest, likewise. An observation beyond is taken for the bound.
        seed: as for :func:`wasmstate.models.new`.
        options: of ``sarsa``, but for the sizes.

    Raises:
        SchemaError: the spaces are others, or a bound is neither given nor finite; an option is
            invalid.
    """
    count = getattr(env.action_space, "n", None)
    shape = getattr(env.observation_space, "shape", None)
    bounds = getattr(env.observation_space, "low", None)
    if count is None or bounds is None or shape is None or len(shape) != 1:
        raise SchemaError(
            f"sarsa takes observations Box(n) and actions Discrete(n), not "
            f"{env.observation_space} and {env.action_space}"
        )
    ends = {
        "low": _ends("low", low, env.observation_space.low),
        "high": _ends("high", high, env.observation_space.high),
    }
    if not (ends["low"] < ends["high"]).all():
        i = int(np.argmax(~(ends["low"] < ends["high"])))
        raise SchemaError(f"low[{i}] = {ends['low'][i]:g} is not below high[{i}]")
    sizes = {"observations": shape[0], "actions": int(count)}
    module = models.describe("sarsa").make(seed, {**sizes, **options})
    return with_state(module, State.of(module).with_values(ends))


def play(session: Session, env: Env, *, seed: int | None = None, learn: bool = True) -> float:
    """Play one episode.

    A truncated episode is cut off: what comes after it is worth what the model says.

    Args:
        session: of a model that :func:`agent` made.
        env: that it was made for.
        seed: for ``env.reset()``.
        learn: whether to explore and learn; else the best actions are taken, and S stays.

    Returns:
        The sum of the rewards.

    Raises:
        CallError, CommitError, StateConflictError: as :meth:`wasmstate.Session.call`.
    """
    first = int(getattr(env.action_space, "start", 0))
    x, _ = env.reset(seed=seed)
    action = session.call("start" if learn else "best", _numbers(x))
    total = 0.0
    while True:
        x, reward, terminated, truncated, _ = env.step(first + action)
        total += float(reward)
        if terminated:
            if learn:
                session.call("end", float(reward))
            return total
        given = (float(reward), _numbers(x)) if learn else (_numbers(x),)
        action = session.call("step" if learn else "best", *given)
        if truncated:
            return total


def _ends(name: str, given: ArrayLike | None, bounds: Any) -> NDArray[np.float64]:
    ends = _numbers(bounds if given is None else given)
    if ends.shape != np.shape(bounds):
        raise SchemaError(f"{name} has {ends.size} numbers, and an observation {np.size(bounds)}")
    for i, value in enumerate(ends):
        if not abs(value) < _HUGE:
            raise SchemaError(
                f"{name}[{i}] is {value:g}: give {name}, the range in which this number is usual"
            )
    return ends


def _numbers(x: Any) -> NDArray[np.float64]:
    return np.asarray(x, np.float64)
