"""Choosing among the arms that are available: the family's own rule, and the probability it had."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wasmstate import ArgumentError, SchemaError, Session, State, StateError, models
from wasmstate.models import choose

BANDITS = ["thompson", "bootstrap_thompson", "epsilon_greedy", "epsilon_first", "ucb1", "softmax"]
BANDITS += ["exp3"]


@pytest.fixture
def opened(tmp_path: Path) -> Any:
    def make(name: str, **options: Any) -> Session:
        path = tmp_path / f"{name}.wasm"
        path.write_bytes(models.new(name, **options).to_bytes())
        return Session.open(path, persist="manual")

    return make


def seeded(name: str, **options: Any) -> dict[str, Any]:
    return options | ({"seed": 5} if models.describe(name).takes_seed else {})


@pytest.mark.parametrize("name", BANDITS)
def test_only_what_is_available_is_chosen_and_nothing_is_learned(name: str, opened: Any) -> None:
    with opened(name, **seeded(name, arms=4)) as session:
        session.update_many([0, 1, 2, 3, 1, 1], [0, 1, 0, 1, 1, 1])
        before = session.state
        assert choose(session, [2]).arm == 2
        assert {choose(session, [3, 0]).arm for _ in range(2)} <= {0, 3}
        assert choose(session, range(4)).arm == session.predict()
        assert session.state.digest == before.digest


@pytest.mark.parametrize("name", ["epsilon_greedy", "softmax", "exp3"])
def test_propensities_of_the_available_arms_are_how_often_they_are_chosen(
    name: str, opened: Any
) -> None:
    warm = {"temperature": 1.0} if name == "softmax" else {}
    with opened(name, **seeded(name, arms=3), **warm) as session:
        session.update_many([0, 1, 2, 2], [0.0, 1.0, 1.0, 0.0])
        chosen: Counter[int] = Counter()
        told: dict[int, float | None] = {}
        rng = np.random.default_rng(1)
        state = session.state
        for _ in range(100):
            session._live.restart()
            session._live.contents = state.with_values(
                {"rng": rng.integers(1, 1 << 63, 2, dtype=np.uint64)}
            ).contents()
            choice = choose(session, [0, 2])
            chosen[choice.arm] += 1
            told[choice.arm] = choice.propensity
    assert set(chosen) == {0, 2}
    assert sum(filter(None, told.values())) == pytest.approx(1.0)
    for arm, propensity in told.items():
        assert propensity is not None
        assert chosen[arm] / 100 == pytest.approx(propensity, abs=0.15)


def test_features_and_states_are_arguments_as_of_predict(opened: Any) -> None:
    with opened("linucb", arms=3, features=2) as session:
        session.update([1.0, 0.0], 1, 5.0)
        assert choose(session, [0, 1], [1.0, 0.0]).arm == 1
        assert choose(session, [0, 2], [1.0, 0.0]).propensity is None
    with opened("q_learning", states=2, actions=3, epsilon=0.0, seed=1) as session:
        session.update(0, 2, 1.0, 1, 1)
        assert (choose(session, [1, 2], 0).arm, choose(session, [0, 1], 0).arm) == (2, 0)


def test_what_cannot_be_chosen_is_refused(opened: Any) -> None:
    with opened("ucb1", arms=3) as session:
        with pytest.raises(ArgumentError, match="no one of the 3 arms is available"):
            choose(session, [])
        with pytest.raises(ArgumentError, match=r"there is no arms\[3\] to choose: there are 3"):
            choose(session, [0, 3])
        with pytest.raises(StateError, match="belongs to another module"):
            session.call_with(State.of(models.new("ols", features=1)), "predict")
    with (
        opened("linear", features=1) as session,
        pytest.raises(SchemaError, match="the model has no arms to choose from"),
    ):
        choose(session, [0])
