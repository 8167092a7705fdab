"""The policies choose as their papers say, and find the arm that pays best."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from guest import Guest

POLICIES = [
    "thompson",
    "discounted_thompson",
    "bootstrap_thompson",
    "epsilon_greedy",
    "epsilon_first",
    "ucb1",
    "softmax",
    "exp3",
]
RATES = [0.2, 0.5, 0.8, 0.35]


def play(guest: Guest, steps: int, seed: int = 0, rates: Sequence[float] = RATES) -> list[int]:
    """Arms chosen, each paying 1 with its rate."""
    rng = np.random.default_rng(seed)
    chosen = []
    for _ in range(steps):
        arm = guest.call("predict")
        guest.call("update", arm, int(rng.random() < rates[arm]))
        chosen.append(arm)
    return chosen


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_finds_the_best_arm(policy: str) -> None:
    chosen = play(Guest.new(policy, arms=4), 1500)
    late = Counter(chosen[1000:])
    assert late.most_common(1)[0][0] == 2
    assert late[2] > 250


@pytest.mark.parametrize("policy", POLICIES)
def test_choosing_changes_nothing(policy: str) -> None:
    guest = Guest.new(policy, arms=4)
    play(guest, 20)
    before = guest.state.contents()
    assert guest.call("predict") == guest.call("predict")
    assert guest.state.contents() == before


@pytest.mark.parametrize("policy", POLICIES)
def test_acting_chooses_as_predict_does_and_then_something_else(policy: str) -> None:
    guest = Guest.new(policy, arms=4)
    chosen: Counter[int] = Counter()
    for _ in range(60):
        arm = guest.call("predict")
        assert guest.call("act") == arm
        chosen[arm] += 1
    assert guest["count"] == 0
    expected = {0} if policy in ("epsilon_greedy", "ucb1") else {0, 1, 2, 3}
    assert expected <= set(chosen)


@pytest.mark.parametrize(
    "policy",
    [each for each in POLICIES if each not in ("bootstrap_thompson", "discounted_thompson")],
)
def test_sums_are_those_of_what_was_paid(policy: str) -> None:
    guest = Guest.new(policy, arms=3)
    for arm, reward in [(0, 0.5), (2, 1.0), (2, 0.25)]:
        guest.call("update", arm, reward)
    assert guest["pulls"].tolist() == [1, 0, 2]
    assert guest["rewards"].tolist() == [0.5, 0, 1.25]
    assert [guest.call("estimate", arm) for arm in range(3)] == [0.5, 0, 0.625]


def test_thompson_chooses_as_often_as_an_arm_is_the_best_of_draws() -> None:
    guest = Guest.new("thompson", arms=2)
    guest.feed(np.repeat([0, 1], [8, 30]), np.repeat([1.0, 0.0, 1.0, 0.0], [4, 4, 18, 12]))
    chosen = [guest.call("act") for _ in range(4000)]
    rng = np.random.default_rng(5)
    first, second = rng.beta(5, 5, 200_000), rng.beta(19, 13, 200_000)
    assert np.mean(chosen) == pytest.approx((second > first).mean(), abs=0.025)


def test_thompson_takes_a_prior_of_next_to_nothing() -> None:
    guest = Guest.new("thompson", arms=2).with_values(prior=[1e-9, 1e-9])
    chosen = Counter(guest.call("act") for _ in range(400))
    # Each rate is 0 or 1; of equal ones the first arm is pulled.
    assert chosen[1] / 400 == pytest.approx(0.25, abs=0.1)


def test_epsilon_greedy_explores_as_often_as_epsilon_says() -> None:
    guest = Guest.new("epsilon_greedy", arms=4, epsilon=0.4)
    guest.feed([3, 1], [1.0, 0.5])
    chosen = Counter(guest.call("act") for _ in range(4000))
    for arm in range(4):
        probability = 0.1 + 0.6 * (arm == 3)
        assert guest.call("propensity", arm) == pytest.approx(probability, rel=1e-15)
        assert chosen[arm] / 4000 == pytest.approx(probability, abs=0.025)


def test_epsilon_first_stops_exploring() -> None:
    guest = Guest.new("epsilon_first", arms=4, explore=200)
    chosen = play(guest, 300)
    assert min(Counter(chosen[:200]).values()) > 30
    assert len(set(chosen[200:])) == 1
    assert [guest.call("propensity", arm) for arm in range(4)] == [0, 0, 1, 0]


def test_ucb1_chooses_as_the_formula_does() -> None:
    guest = Guest.new("ucb1", arms=4)
    rng = np.random.default_rng(1)
    pulls, rewards = np.zeros(4), np.zeros(4)
    for step in range(1000):
        arm = guest.call("predict")
        if step < 4:
            assert arm == step
        else:
            assert arm == np.argmax(rewards / pulls + np.sqrt(2 * math.log(step) / pulls))
        reward = float(rng.random() < RATES[arm])
        guest.call("update", arm, reward)
        pulls[arm] += 1
        rewards[arm] += reward


def test_softmax_draws_with_the_probabilities_that_it_gives() -> None:
    guest = Guest.new("softmax", arms=3, temperature=0.5)
    guest.feed([0, 1, 2], [1.0, 0.5, 0.0])
    weights = np.exp(np.array([1.0, 0.5, 0.0]) / 0.5)
    expected = weights / weights.sum()
    found = [guest.call("propensity", arm) for arm in range(3)]
    np.testing.assert_allclose(found, expected, rtol=1e-15)
    chosen = Counter(guest.call("act") for _ in range(4000))
    np.testing.assert_allclose([chosen[arm] / 4000 for arm in range(3)], expected, atol=0.025)


def test_exp3_is_the_loop() -> None:
    guest = Guest.new("exp3", arms=4, exploration=0.2)
    rng = np.random.default_rng(6)
    gains = np.zeros(4)
    for _ in range(500):
        weights = np.exp(0.2 * (gains - gains.max()) / 4)
        probabilities = 0.8 * weights / weights.sum() + 0.2 / 4
        found = [guest.call("propensity", arm) for arm in range(4)]
        np.testing.assert_allclose(found, probabilities, rtol=1e-13)
        arm, reward = guest.call("predict"), rng.random()
        guest.call("update", arm, reward)
        gains[arm] += reward / probabilities[arm]
    np.testing.assert_allclose(guest["gains"], gains, rtol=1e-13)


def test_each_reward_goes_into_half_of_the_replicates() -> None:
    guest = Guest.new("bootstrap_thompson", arms=3, replicates=100)
    guest.feed(np.full(1000, 1), np.arange(1000) % 4 == 0)
    pulls, successes = guest["pulls"], guest["successes"]
    assert pulls[[0, 2]].max() == 0
    assert abs(pulls[1].mean() - 500) < 4 * math.sqrt(250 / 100)
    assert 10 < pulls[1].std() < 22  # the binomial's is 15.8
    assert abs(successes[1].mean() - 125) < 4 * math.sqrt(62.5 / 100)
    # Each replicate starts with the weight of two rewards, whose mean is somewhere from 0 to 1.
    least, most = (np.mean((each + successes[1]) / (2 + pulls[1])) for each in (0, 2))
    assert least < guest.call("estimate", 1) < most


def test_replicates_start_from_draws_of_the_prior() -> None:
    guest = Guest.new("bootstrap_thompson", arms=1, replicates=6400)
    assert guest.call("estimate", 0) == pytest.approx(0.5, abs=4 * math.sqrt(1 / 12 / 6400))
    assert guest.call("estimate", 0) == guest.call("estimate", 0)
    other = Guest.new("bootstrap_thompson", arms=1, replicates=6400, seed=8)
    assert other.call("estimate", 0) != guest.call("estimate", 0)
    biased = guest.with_values(prior=[2.0, 6.0])
    # The variance of beta(2, 6) is 12 / (64 * 9).
    assert biased.call("estimate", 0) == pytest.approx(0.25, abs=4 * math.sqrt(1 / 48 / 6400))


def test_a_prior_of_next_to_nothing_leaves_the_mean_of_the_rewards() -> None:
    guest = Guest.new("bootstrap_thompson", arms=1, replicates=10)
    guest = guest.with_values(prior=[1e-9, 1e-9])
    guest.feed(np.zeros(500, int), np.arange(500) % 4 == 0)
    rates = guest["successes"][0] / guest["pulls"][0]
    assert guest.call("estimate", 0) == pytest.approx(rates.mean(), abs=1e-9)


def test_bad_luck_with_its_first_rewards_does_not_lose_the_best_arm() -> None:
    """With replicates that all start from one rate, it does: 0.1 and more of each pull is lost."""
    rates = [0.3, 0.4, 0.5, 0.5, 0.55, 0.6, 0.65, 0.75]
    for seed in range(8):
        guest = Guest.new("bootstrap_thompson", arms=8, seed=seed)
        lost = [0.75 - rates[arm] for arm in play(guest, 2000, seed, rates)]
        assert sum(lost[1000:]) < 60, seed


def test_bootstrap_thompson_chooses_among_equal_arms_evenly() -> None:
    guest = Guest.new("bootstrap_thompson", arms=5, replicates=1280)
    chosen = Counter(guest.call("act") for _ in range(3000))
    for arm in range(5):
        assert chosen[arm] / 3000 == pytest.approx(0.2, abs=0.03)


def test_linucb_chooses_as_the_formula_does() -> None:
    guest = Guest.new("linucb", arms=3, features=4, alpha=0.7, l2=2.0)
    rng = np.random.default_rng(8)
    truth = rng.normal(size=(3, 4))
    matrices, sums = np.array([2.0 * np.eye(4)] * 3), np.zeros((3, 4))
    for _ in range(300):
        x = rng.normal(size=4)
        inverses = np.linalg.inv(matrices)
        weights = np.einsum("kij,kj->ki", inverses, sums)
        bounds = weights @ x + 0.7 * np.sqrt(np.einsum("i,kij,j->k", x, inverses, x))
        found = [guest.call("bound", x, arm) for arm in range(3)]
        np.testing.assert_allclose(found, bounds, rtol=1e-11)
        assert guest.call("estimate", x, 1) == pytest.approx(weights[1] @ x, rel=1e-11)
        arm = guest.call("predict", x)
        assert arm == np.argmax(bounds)
        reward = truth[arm] @ x + rng.normal() / 10
        guest.call("update", x, arm, reward)
        matrices[arm] += np.outer(x, x)
        sums[arm] += x * reward
    assert guest["xy"].tolist() == sums.tolist()
    assert guest["pulls"].sum() == 300
    rows = rng.normal(size=(200, 4))
    best = [guest.call("predict", x) for x in rows] == (rows @ truth.T).argmax(axis=1)
    assert best.mean() > 0.97


def corridor(state: int, action: int) -> tuple[int, float, int]:
    """Five places in a row; the way right is paid at its end, the way left a little at once."""
    if action == 0:
        return 0, 0.02 * (state == 0), 0
    return min(state + 1, 4), float(state == 3), int(state == 3)


def test_q_learning_is_the_loop_and_finds_the_way() -> None:
    guest = Guest.new("q_learning", states=5, actions=2, lr=0.2, discount=0.9, epsilon=0.5)
    values, state = np.zeros((5, 2)), 0
    for _ in range(3000):
        action = guest.call("predict", state)
        following, reward, done = corridor(state, action)
        guest.call("update", state, action, reward, following, done)
        later = 0.0 if done else values[following].max()
        values[state, action] += 0.2 * (reward + 0.9 * later - values[state, action])
        state = 0 if done else following
    assert guest["values"].tolist() == values.tolist()
    assert [guest.call("best", state) for state in range(4)] == [1, 1, 1, 1]
    np.testing.assert_allclose(values[:4, 1], 0.9 ** np.arange(3, -1, -1), atol=0.01)


def test_q_learning_explores_as_often_as_epsilon_says() -> None:
    guest = Guest.new("q_learning", states=2, actions=4, epsilon=0.4)
    guest.call("update", 1, 2, 1.0, 0, 1)
    chosen = Counter(guest.call("act", 1) for _ in range(4000))
    assert chosen[2] / 4000 == pytest.approx(0.7, abs=0.025)
    assert chosen[0] / 4000 == pytest.approx(0.1, abs=0.025)


def test_discounted_thompson_follows_an_arm_that_gets_better() -> None:
    rng = np.random.default_rng(4)
    guests = [Guest.new(name, arms=2) for name in ("discounted_thompson", "thompson")]
    late = []
    for guest in guests:
        play(guest, 1000, rates=[0.8, 0.2])
        late.append(Counter(play(guest, 300, seed=1, rates=[0.2, 0.8])[100:])[1])
    assert late[0] > 150 > late[1]
    guest = Guest.new("discounted_thompson", arms=2, discount=0.9)
    wins, seen = np.zeros(2), np.zeros(2)
    for _ in range(50):
        arm, reward = int(rng.integers(2)), float(rng.random())
        wins, seen = wins * 0.9, seen * 0.9
        wins[arm], seen[arm] = wins[arm] + reward, seen[arm] + 1
        guest.call("update", arm, reward)
    assert guest["rewards"].tolist() == wins.tolist()
    assert guest["seen"].tolist() == seen.tolist()
    assert guest.call("estimate", 1) == wins[1] / seen[1]
    assert guest["pulls"].sum() == 50


def test_lock_in_feedback_climbs_to_the_value_that_pays_best() -> None:
    rng = np.random.default_rng(5)
    guest = Guest.new("lock_in_feedback", period=20, amplitude=0.5, gain=0.4, center=-2.0)
    center, product = -2.0, 0.0
    for step in range(4000):
        wave = math.cos(2.0 * math.pi * (step % 20) / 20)
        value = guest.call("predict")
        assert value == center + 0.5 * wave
        reward = -((value - 1.5) ** 2) + rng.normal(0, 0.5)
        product += reward * wave
        if step % 20 == 19:
            center, product = center + 0.4 * (product / 20), 0.0
        guest.call("update", reward)
    assert guest["center"] == center
    assert abs(center - 1.5) < 0.3
