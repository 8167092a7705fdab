"""A pole on a cart, balanced by a model of one page that learns with every step.

    python examples/cartpole.py [SEEDS [PICTURE.svg]]

Needs wasmstate[gymnasium]. CartPole-v1 counts as solved when the mean of 100 episodes is 475.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gymnasium
import numpy as np
from chart import draw
from numpy.typing import NDArray

from wasmstate import Session
from wasmstate.gymnasium import agent, play

EPISODES = 200
SHOWN = 60
LIMITS = np.array([2.4, 3.0, 0.21, 3.5])  # of place, speed, angle and its speed


def scores(seed: int) -> NDArray[np.float64]:
    """What each episode of one agent was paid."""
    env: Any = gymnasium.make("CartPole-v1")
    with TemporaryDirectory() as name:
        path = Path(name) / "agent.wasm"
        agent(env, low=-LIMITS, high=LIMITS, seed=seed).save(path)
        with Session.open(path, persist="every:5000") as session:
            return np.array([play(session, env, seed=1000 * seed + i) for i in range(EPISODES)])


def main(seeds: int, output: str | None) -> None:
    """Print when each agent had solved it, and draw."""
    runs = np.array([scores(seed) for seed in range(seeds)])
    means = np.array([np.convolve(run, np.ones(100) / 100, "valid") for run in runs])
    solved = [int(np.argmax(mean >= 475)) + 100 if mean.max() >= 475 else 0 for mean in means]
    print("solved after", *solved)
    if output is not None:
        low, middle, high = np.percentile(runs[:, :SHOWN], [25, 50, 75], axis=0)
        lines = {"upper quartile": high, "median": middle, "lower quartile": low}
        curves = {name: line.tolist() for name, line in lines.items()}
        draw(output, curves, low=0, high=500, digits=0, start="0", end=f"{SHOWN} episodes")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3, sys.argv[2] if len(sys.argv) > 2 else None)
