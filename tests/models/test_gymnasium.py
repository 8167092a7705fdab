"""Agents of Gymnasium's environments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from guest import session_on
from wasmstate import SchemaError, State
from wasmstate.gymnasium import agent, play


@dataclass
class Space:
    """A Box, or a Discrete."""

    shape: tuple[int, ...] = ()
    low: Any = None
    high: Any = None
    n: int | None = None
    start: int = 0


@dataclass
class Corridor:
    """Ten steps to the right end; the actions are 5, left, and 6, right."""

    is_endless: bool = False
    at: float = 0.0
    steps: int = 0
    observation_space: Space = field(
        default_factory=lambda: Space((1,), np.array([0.0]), np.array([1.0]))
    )
    action_space: Space = field(default_factory=lambda: Space(n=2, start=5))

    def reset(self, *, seed: int | None = None) -> tuple[Any, dict[str, Any]]:
        self.at, self.steps = 0.0, 0
        return [self.at], {}

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        self.at = max(self.at + {5: -0.1, 6: 0.1}[action], 0.0)
        self.steps += 1
        is_there = self.at > 0.95 and not self.is_endless
        return [self.at], -1.0, is_there, self.steps == 100, {}


def test_an_agent_learns_the_way() -> None:
    env = Corridor()
    with session_on(agent(env, seed=1, lr=0.02, epsilon_decay=0.9)) as session:
        for _ in range(60):
            play(session, env)
        learned = session.state
        assert play(session, env, learn=False) == -10
        assert session.state.contents() == learned.contents()
        assert learned["episodes"] == 60


def test_a_truncated_episode_is_cut_off_and_a_terminated_one_ends() -> None:
    for is_endless in (True, False):
        env = Corridor(is_endless=is_endless)
        with session_on(agent(env, seed=1, epsilon=1.0)) as session:
            assert play(session, env) == -env.steps
            assert session.state["count"] == env.steps
            assert session.state["running"] == (env.steps == 100)


def test_bounds_are_those_of_the_space_or_given() -> None:
    state = State.of(agent(Corridor(), high=[0.5]))
    assert (state["low"].tolist(), state["high"].tolist()) == ([0.0], [0.5])


def test_a_space_that_it_cannot_take_is_refused() -> None:
    env = Corridor(observation_space=Space((1,), np.array([-np.inf]), np.array([3.4e38])))
    with pytest.raises(SchemaError) as caught:
        agent(env)
    assert str(caught.value) == (
        "low[0] is -inf: give low, the range in which this number is usual"
    )
    with pytest.raises(SchemaError, match=r"high\[0\] is 3.4e\+38: give high"):
        agent(env, low=[0])
    with pytest.raises(SchemaError, match="low has 2 numbers, and an observation 1"):
        agent(env, low=[0, 1])
    with pytest.raises(SchemaError, match=r"low\[0\] = 1 is not below high\[0\]"):
        agent(env, low=[1], high=[1])
    with pytest.raises(SchemaError, match=r"sarsa takes observations Box\(n\) and actions Disc"):
        agent(Corridor(action_space=Space((2,), [0, 0], [1, 1])))


def test_cart_pole_is_balanced() -> None:
    gymnasium = pytest.importorskip("gymnasium")
    env = gymnasium.make("CartPole-v1")
    limits = np.array([2.4, 3.0, 0.21, 3.5])
    with session_on(agent(env, low=-limits, high=limits, seed=1)) as session:
        scores = [play(session, env, seed=i) for i in range(40)]
        assert np.mean(scores[-10:]) > 300
