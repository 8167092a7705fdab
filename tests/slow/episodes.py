"""What ``sarsa`` reaches on Gymnasium's environments, and how fast; ``make models`` runs it."""

from __future__ import annotations

from time import process_time
from typing import Any

import gymnasium
import numpy as np
import pytest

from guest import session_on
from sarsa_loop import Loop
from wasmstate import models
from wasmstate.gymnasium import agent, play

CART = np.array([2.4, 3.0, 0.21, 3.5])


@pytest.mark.parametrize("seed", range(5))
def test_cart_pole_is_solved(seed: int) -> None:
    """The mean of 100 episodes is 475."""
    env: Any = gymnasium.make("CartPole-v1")
    scores: list[float] = []
    with session_on(agent(env, low=-CART, high=CART, seed=seed)) as session:
        while len(scores) < 200 and not np.mean(scores[-100:] or [0]) >= 475:
            scores.append(play(session, env, seed=1000 * seed + len(scores)))
    print(f"CartPole-v1, seed {seed}: solved after {len(scores)} episodes")
    assert len(scores) <= 130


@pytest.mark.parametrize(
    ("name", "least", "options"),
    [("MountainCar-v0", -150, {}), ("Acrobot-v1", -110, {"order": 1})],
)
def test_other_environments(name: str, least: float, options: dict[str, Any]) -> None:
    env: Any = gymnasium.make(name)
    with session_on(agent(env, seed=1, discount=1.0, **options)) as session:
        scores = [play(session, env, seed=i) for i in range(300)]
    print(f"{name}: {np.mean(scores[-100:]):.0f} in the last 100 of 300 episodes")
    assert np.mean(scores[-100:]) >= least


def test_speed_beside_a_loop_in_numpy() -> None:
    rng = np.random.default_rng(0)
    rows = 4000
    x = rng.uniform(-1, 1, (rows + 1, 4))
    actions = rng.integers(0, 2, rows + 1)
    seconds: dict[str, list[float]] = {"NumPy": [], "update_many": [], "step": []}
    for _ in range(5):
        loop = Loop(2, 2, [-1] * 4, [1] * 4, 0.005)
        begin = process_time()
        for i in range(rows):
            loop.learn(x[i], int(actions[i]), 1.0, x[i + 1], int(actions[i + 1]))
        seconds["NumPy"].append(process_time() - begin)
        with session_on(models.new("sarsa", observations=4, actions=2, seed=1)) as session:
            columns = (x[:-1], actions[:-1], np.ones(rows), x[1:], actions[1:], np.zeros(rows, int))
            begin = process_time()
            session.update_many(*columns)
            seconds["update_many"].append(process_time() - begin)
            session.call("start", x[0])
            begin = process_time()
            for row in x[1:]:
                session.call("step", 1.0, row)
            seconds["step"].append(process_time() - begin)
    medians = {name: float(np.median(each)) / rows * 1e6 for name, each in seconds.items()}
    print("a step:", ", ".join(f"{name} {micros:.1f} µs" for name, micros in medians.items()))
    assert medians["NumPy"] > 5 * medians["update_many"]
