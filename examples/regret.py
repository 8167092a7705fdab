"""Three bandits on the same ten arms: what each loses to one that knows the best arm.

    python examples/regret.py [SEEDS [PICTURE.svg]]

Bernoulli rewards, 2,000 pulls, medians over the seeds; the picture shows the regret as it grows.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from chart import draw
from numpy.typing import NDArray

from wasmstate import Session, models

PULLS = 2000
RATES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.55, 0.6, 0.65, 0.75)
POLICIES = ("bootstrap_thompson", "epsilon_greedy", "thompson")


def regret(policy: str, seed: int) -> NDArray[np.float64]:
    """What a policy has lost after each pull, in expected rewards."""
    world = random.Random(seed)
    lost = np.empty(PULLS)
    with TemporaryDirectory() as name:
        path = Path(name) / "bandit.wasm"
        models.new(policy, arms=len(RATES), seed=seed).save(path)
        with Session.open(path, persist="manual") as session:
            for i in range(PULLS):
                arm = session.predict()
                session.update(arm, int(world.random() < RATES[arm]))
                lost[i] = max(RATES) - RATES[arm]
    return lost.cumsum()


def main(seeds: int, output: str | None) -> None:
    """Print medians and quartiles, and draw."""
    curves = {}
    for policy in POLICIES:
        runs = np.array([regret(policy, seed) for seed in range(seeds)])
        curves[policy] = np.median(runs, axis=0)
        low, middle, high = np.percentile(runs[:, -1], [25, 50, 75])
        print(f"{policy:20} regret {middle:6.1f}, half of the seeds {low:.1f} to {high:.1f}")
    if output is not None:
        lines = {f"{name} {curve[-1]:.0f}": curve.tolist() for name, curve in curves.items()}
        high = max(max(line) for line in lines.values())
        draw(output, lines, low=0, high=high, digits=0, start="0", end=f"{PULLS:,} pulls")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20, sys.argv[2] if len(sys.argv) > 2 else None)
