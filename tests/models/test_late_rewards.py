"""Rewards that come late, in any order, twice or never: each decision is learned from once."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from guest import Guest, session_on
from wasmstate import ArgumentError, SchemaError, Session, State, merge, models, read_log, replay
from wasmstate.models import resize

ANY = ["epsilon_greedy", "epsilon_first", "softmax", "linucb"]
SHARES = ["thompson", "bootstrap_thompson", "ucb1", "exp3"]
KNOWN = ["epsilon_greedy", "epsilon_first", "softmax", "exp3"]
RATES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.55, 0.6, 0.65, 0.75)


def bandit(name: str, **options: Any) -> Session:
    if models.describe(name).takes_seed:
        options.setdefault("seed", 3)
    if name == "linucb":
        options.setdefault("features", 2)
    return session_on(models.new(name, **{"arms": 4, "decisions": 8} | options))


def context(name: str) -> list[Any]:
    return [[0.5, -1.0]] if name == "linucb" else []


@pytest.mark.parametrize("name", ANY + SHARES)
def test_a_decision_is_learned_from_once(name: str) -> None:
    with bandit(name) as session:
        first, second = (models.decide(session, *context(name)) for _ in range(2))
        assert (first.id, second.id, first.status) == (0, 1, "waiting")
        assert [int(session.state["count"]), session.call("chosen", 1)] == [0, second.arm]
        assert models.reward(session, second.id, 1)
        assert session.state["count"] == 1
        learned = session.state.contents()
        assert not models.reward(session, second.id, 1)
        assert not models.reward(session, second.id, 0)
        assert session.state.contents() == learned
        assert models.reward(session, first.id, 0)
        assert session.state["count"] == 2
        kept = models.decisions(session.state)
        assert [(each.id, each.arm, each.status, each.reward) for each in kept] == [
            (0, first.arm, "rewarded", 0.0),
            (1, second.arm, "rewarded", 1.0),
        ]


@pytest.mark.parametrize("name", ANY + SHARES)
def test_a_decision_whose_place_is_needed_is_learned_from_by_default(name: str) -> None:
    with bandit(name, decisions=2, default_reward=1) as session:
        first = models.decide(session, *context(name))
        models.decide(session, *context(name))
        assert session.state["count"] == 0
        models.decide(session, *context(name))
        assert session.state["count"] == 1
        if "rewards" in session.state:
            assert session.state["rewards"][first.arm] == 1.0
        assert not models.reward(session, first.id, 0)
        assert [each.id for each in models.decisions(session.state)] == [1, 2]


@pytest.mark.parametrize("name", KNOWN)
def test_a_decision_keeps_the_probability_that_its_arm_had(name: str) -> None:
    with bandit(name) as session:
        session.update_many([0, 1, 2, 2], [0.0, 1.0, 1.0, 0.5])
        before = [session.call("propensity", arm) for arm in range(4)]
        decision = models.decide(session)
        session.update_many([decision.arm] * 50, [1.0] * 50)
        (kept,) = models.decisions(session.state)
        assert kept.propensity == decision.propensity == before[decision.arm]


def test_a_decision_keeps_its_context() -> None:
    with bandit("linucb", arms=3) as session:
        decision = models.decide(session, [2.0, 3.0])
        session.predict([9.0, 9.0])
        models.reward(session, decision.id, 5.0)
        state = session.state
        assert decision.propensity is None
        assert models.decisions(state)[0].context is not None
        np.testing.assert_array_equal(state["xy"][decision.arm], [10.0, 15.0])
        np.testing.assert_array_equal(state["xx"][decision.arm], [[4.0, 6.0], [6.0, 9.0]])


@pytest.mark.parametrize("name", ANY + SHARES)
def test_a_decision_among_the_arms_that_are_available_is_one_of_them(name: str) -> None:
    with bandit(name) as session:
        for arm in range(4):
            session.update(*context(name), arm, 1.0)
        choice = models.choose(session, [1, 3], *context(name))
        first = models.decide(session, *context(name), available=[1, 3])
        others = [models.decide(session, *context(name), available=[3, 1]) for _ in range(5)]
        assert (first.id, first.arm, first.propensity) == (0, choice.arm, choice.propensity)
        assert {each.arm for each in [first, *others]} <= {1, 3}
        pulls = int(session.state["count"])
        for each in [*others, first]:
            assert models.reward(session, each.id, 1.0)
        assert int(session.state["count"]) == pulls + 6


@pytest.mark.parametrize("name", ANY + SHARES)
def test_where_all_arms_are_available_a_decision_is_that_of_the_kernel(name: str) -> None:
    with bandit(name) as session, bandit(name) as other:
        for _ in range(3):
            models.decide(session, *context(name), available=range(4))
            models.decide(other, *context(name))
        assert session.state.contents() == other.state.contents()
        with pytest.raises(ArgumentError, match="no one of the 4 arms is available"):
            models.decide(session, *context(name), available=[])
        assert session.state.contents() == other.state.contents()


def test_deciding_chooses_as_acting_does() -> None:
    for name in SHARES + ANY:
        with bandit(name) as session, bandit(name) as other:
            arms = [models.decide(session, *context(name)).arm for _ in range(4)]
            acted = [other.call("act", *context(name)) for _ in range(4)]
        if name not in ("ucb1", "linucb"):  # in these, decisions that wait count as pulls
            assert arms == acted, name
    assert arms[0] == acted[0]


@pytest.mark.parametrize("delays", [0, 500])
def test_rewards_that_are_late_shuffled_repeated_or_lost_count_once(delays: int) -> None:
    """Of 3,000 decisions 10 % of the rewards come twice, and 5 % never."""
    guest = Guest.new("exp3", arms=10, decisions=600)
    world, due = random.Random(delays), list[tuple[int, int]]()
    rewards: list[float] = []
    gains, learned = np.zeros(10), set[int]()
    for now in range(3000):
        id = guest.call("decide")
        rewards.append(float(world.random() < RATES[guest.call("chosen", id)]))
        for probability in (0.95, 0.10):
            if world.random() < probability:
                due.append((now + world.randint(0, delays), id))
        for each in sorted(each for each in due if each[0] <= now):
            due.remove(each)
            arm, place = guest.call("chosen", each[1]), each[1] % 600
            if guest.call("reward", each[1], rewards[each[1]]):
                assert each[1] not in learned
                learned.add(each[1])
                gains[arm] += rewards[each[1]] / guest["decision_propensity"][place]
    waiting = sum(each.status == "waiting" for each in models.decisions(guest.state))
    assert len(learned) > 2500
    assert guest["count"] == guest["pulls"].sum() == 3000 - waiting
    assert guest["rewards"].sum() == sum(rewards[id] for id in learned)
    np.testing.assert_allclose(guest["gains"], gains, rtol=1e-12)


def test_a_late_reward_is_weighted_with_the_probability_of_its_day() -> None:
    """500 pulls later the arm is likely: dividing by today's probability learns too little."""
    guest = Guest.new("exp3", arms=10, decisions=1024)
    world, waiting = random.Random(2), list[int]()
    gains = np.zeros(10)
    for _ in range(4000):
        waiting.append(guest.call("decide"))
        if len(waiting) > 500:
            id = waiting.pop(0)
            arm = guest.call("chosen", id)
            reward = float(world.random() < RATES[arm])
            gains[arm] += reward / guest["decision_propensity"][id % 1024]
            assert guest.call("reward", id, reward) == 1
    np.testing.assert_allclose(guest["gains"], gains, rtol=1e-12)


def regret(delay: int, seed: int) -> float:
    guest = Guest.new("ucb1", arms=10, decisions=1024)
    world, waiting, lost = random.Random(seed), list[tuple[int, float]](), 0.0
    for _ in range(2000):
        id = guest.call("decide")
        arm = guest.call("chosen", id)
        lost += max(RATES) - RATES[arm]
        waiting.append((id, float(world.random() < RATES[arm])))
        if len(waiting) > delay:
            guest.call("reward", *waiting.pop(0))
    return lost


def test_confidence_bounds_count_the_decisions_that_wait() -> None:
    at_once, late = (np.median([regret(delay, seed) for seed in range(3)]) for delay in (0, 200))
    assert late <= 1.5 * at_once


def test_decisions_for_one_x_go_to_different_arms_while_they_wait() -> None:
    with bandit("linucb", arms=4) as session:
        arms = [models.decide(session, [1.0, 0.5]).arm for _ in range(4)]
    assert sorted(arms) == [0, 1, 2, 3]


def test_decisions_survive_the_end_of_the_process(tmp_path: Path) -> None:
    path = tmp_path / "ads.wasm"
    models.new("exp3", arms=4, decisions=8, seed=1).save(path)
    with Session.open(path) as session:
        decision = models.decide(session)
    with Session.open(path) as session:
        assert models.reward(session, decision.id, 1.0)
    with Session.open(path) as session:
        assert not models.reward(session, decision.id, 1.0)
        assert session.state["rewards"].sum() == 1.0


def test_decisions_and_rewards_are_replayed(tmp_path: Path) -> None:
    path, log = tmp_path / "ads.wasm", tmp_path / "ads.log"
    models.new("thompson", arms=4, decisions=8, seed=1).save(path)
    with Session.open(path, record=log) as session:
        for _ in range(12):
            models.decide(session)
        models.reward(session, 11, 1.0)
    steps = list(replay(path, read_log(log.read_bytes())))
    assert len(steps) == 13
    assert all(step.is_same for step in steps)


def test_a_merged_model_waits_for_no_reward_and_gives_no_id_again(tmp_path: Path) -> None:
    base = models.new("ucb1", arms=3, decisions=4)
    paths = [tmp_path / f"{i}.wasm" for i in range(2)]
    for count, path in enumerate(paths, 1):
        base.save(path)
        with Session.open(path) as session:
            for _ in range(count):
                models.reward(session, models.decide(session).id, count / 4)
            models.decide(session)
    merged = merge(base, paths)
    state = State.of(merged.module)
    assert merged.is_exact
    assert [int(state["count"]), int(state["decided"])] == [3, 3]
    assert models.decisions(state) == []
    with session_on(merged.module) as session:
        assert not models.reward(session, 2, 1.0)
        assert models.decide(session).id == 3


def test_decisions_keep_their_arms_when_others_leave() -> None:
    with bandit("ucb1") as session:
        for _ in range(4):
            models.decide(session)
        module = models.new("ucb1", arms=4, decisions=8)
        found = State.of(resize(module_with(module, session.state), drop={"arms": [1]}))
    kept = [(each.id, each.arm, each.status) for each in models.decisions(found)]
    assert kept == [(0, 0, "waiting"), (2, 1, "waiting"), (3, 2, "waiting")]


def module_with(module: Any, state: State) -> Any:
    return module.with_custom("wasmstate.state", state.to_content())


def test_what_cannot_be_decided_or_rewarded_is_refused() -> None:
    with bandit("ucb1") as session:
        with pytest.raises(ArgumentError) as caught:
            models.reward(session, 0, 1.0)
        assert str(caught.value) == "there has been no decision 0: there has been none yet"
        models.decide(session)
        with pytest.raises(ArgumentError) as caught:
            models.reward(session, 1, 1.0)
        assert str(caught.value) == "there has been no decision 1: the ids go from 0 to 0"
        with pytest.raises(ArgumentError, match="reward = 2"):
            models.reward(session, 0, 2.0)
    with pytest.raises(SchemaError, match="default_reward has no use in a model whose decisions"):
        models.new("ucb1", arms=3, default_reward=0.5)
    refused = "the model keeps no decisions: make a bandit with room for as many as can wait"
    with bandit("ucb1", decisions=0) as session:
        for call in (models.decide, lambda each: models.reward(each, 0, 1.0)):
            with pytest.raises(SchemaError, match=refused):
                call(session)
