"""Regret of bandits whose rewards come late; ``make models`` runs it and prints the table."""

from __future__ import annotations

import random
from functools import partial

import numpy as np
import pytest

from guest import Guest

RATES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.55, 0.6, 0.65, 0.75)
DELAYS = (0, 200, 500)
POLICIES = ("ucb1", "thompson", "bootstrap_thompson", "epsilon_greedy", "epsilon_first")


def regret(policy: str, delay: int, seed: int) -> float:
    """What is lost in 2,000 decisions whose rewards come so many decisions late."""
    make = partial(Guest.new, policy, arms=10, decisions=512)
    guest = make() if policy == "ucb1" else make(seed=seed)
    world, waiting, lost = random.Random(seed), list[tuple[int, int]](), 0.0
    for _ in range(2000):
        id = guest.call("decide")
        arm = guest.call("chosen", id)
        lost += max(RATES) - RATES[arm]
        waiting.append((id, int(world.random() < RATES[arm])))
        if len(waiting) > delay:
            guest.call("reward", *waiting.pop(0))
    return lost


@pytest.mark.parametrize("policy", [*POLICIES, "softmax", "exp3"])
def test_regret_with_late_rewards(policy: str) -> None:
    at_once, late, later = (
        float(np.median([regret(policy, delay, seed) for seed in range(7)])) for delay in DELAYS
    )
    print(f"| `{policy}` | {at_once:.0f} | {late:.0f} | {later:.0f} |")
    if policy == "ucb1":
        assert late <= 1.5 * at_once
