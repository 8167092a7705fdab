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
from numpy.typing import NDArray

from wasmstate import Session, models

PULLS = 2000
RATES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.55, 0.6, 0.65, 0.75)
POLICIES = {
    "bootstrap_thompson": "#1b6ca8",
    "thompson": "#2e8b57",
    "epsilon_greedy": "#c0562f",
}


def regret(policy: str, seed: int) -> NDArray[np.float64]:
    """What a policy has lost after each pull, in expected rewards."""
    world = random.Random(seed)
    lost = np.empty(PULLS)
    with TemporaryDirectory() as name:
        path = Path(name) / "bandit.wasm"
        path.write_bytes(models.new(policy, arms=len(RATES), seed=seed).to_bytes())
        with Session.open(path, persist="manual") as session:
            for i in range(PULLS):
                arm = session.predict()
                session.update(arm, int(world.random() < RATES[arm]))
                lost[i] = max(RATES) - RATES[arm]
    return lost.cumsum()


def picture(curves: dict[str, NDArray[np.float64]]) -> str:
    """Lines of median regret by pulls, as SVG."""
    top = max(float(curve[-1]) for curve in curves.values())
    lines = []
    for policy, curve in curves.items():
        at = range(0, PULLS, 20)
        points = " ".join(f"{40 + i * 0.25:.1f},{270 - curve[i] / top * 240:.1f}" for i in at)
        color, y = POLICIES[policy], 270 - curve[-1] / top * 240
        lines.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2"/>')
        lines.append(f'<text x="546" y="{y:.0f}" fill="{color}">{policy} {curve[-1]:.0f}</text>')
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="740" height="300" font-family="sans-serif" '
        'font-size="13"><rect width="740" height="300" fill="white"/>'
        '<path d="M40 20V270H540" fill="none" stroke="#888"/>'
        f'<text x="40" y="290">0</text><text x="500" y="290">{PULLS:,} pulls</text>'
        f'<text x="8" y="34">{top:.0f}</text>{"".join(lines)}</svg>\n'
    )


def main(seeds: int, output: str | None) -> None:
    """Print medians and quartiles, and draw."""
    curves = {}
    for policy in POLICIES:
        runs = np.array([regret(policy, seed) for seed in range(seeds)])
        curves[policy] = np.median(runs, axis=0)
        low, middle, high = np.percentile(runs[:, -1], [25, 50, 75])
        print(f"{policy:20} regret {middle:6.1f}, half of the seeds {low:.1f} to {high:.1f}")
    if output is not None:
        Path(output).write_text(picture(curves), encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20, sys.argv[2] if len(sys.argv) > 2 else None)
