"""A new model has what was asked for, or says what cannot be."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

from wasmstate import ArgumentError, Module, SchemaError, Session, State
from wasmstate.models import describe, names, new
from wasmstate.models.family import random_numbers


def test_options_become_values_and_shapes_of_the_state() -> None:
    state = State.of(new("epsilon_greedy", arms=5, epsilon=0.25))
    assert state["arms"] == 5
    assert state["epsilon"] == 0.25
    assert state["pulls"].shape == state["rewards"].shape == (5,)
    assert state.tensor("arms").bounds == (">= 5", "<= 5")
    assert state.tensor("epsilon").bounds == ("finite", ">= 0", "<= 1")
    assert state.tensor("pulls").merge == "counts"
    assert state.metadata["model"] == "epsilon_greedy"


def test_options_that_are_not_given_have_their_defaults() -> None:
    state = State.of(new("bootstrap_thompson", arms=2))
    assert state["replicates"] == 100
    assert state["successes"].shape == (2, 100)
    assert state["prior"].tolist() == [1, 1]


def test_rls_starts_with_the_variance_that_was_asked_for() -> None:
    state = State.of(new("rls", features=2, variance=50))
    assert state["covariance"].tolist() == [[50, 0, 0], [0, 50, 0], [0, 0, 50]]


def test_a_state_is_as_small_as_its_options() -> None:
    sizes = [
        sum(region.length for region in State.of(new("ols", features=features)).regions)
        for features in (2, 40)
    ]
    assert sizes == [8 + 8 + 8 + 8 * 3 + 8 * 9, 8 + 8 + 8 + 8 * 41 + 8 * 41 * 41]


def test_a_seed_gives_what_splitmix64_gives() -> None:
    # The first numbers that splitmix64.c prints for the seed 1234567.
    first = [6457827717110365317, 3203168211198807973]
    assert list(islice(random_numbers(1234567), 2)) == first
    assert State.of(new("thompson", arms=2, seed=1234567))["rng"].tolist() == first


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("thomson", {}, f"there is no model 'thomson'; there are {', '.join(names())}"),
        ("thompson", {}, "thompson needs arms: how many there are to choose from"),
        ("thompson", {"arms": 0}, "arms must be >= 1, not 0"),
        ("thompson", {"arms": 257}, "arms must be <= 256, not 257"),
        ("thompson", {"arms": 2.5}, "arms must be a whole number, not 2.5"),
        ("thompson", {"arms": True}, "arms must be a whole number, not True"),
        (
            "thompson",
            {"arms": 2, "legs": 4},
            "thompson has no option 'legs'; it has arms, decisions, default_reward",
        ),
        (
            "thompson",
            {"arms": 2, "seed": -1},
            "the seed must be a whole number from 0 to 2**64 - 1, not -1",
        ),
        (
            "thompson",
            {"arms": 2, "seed": True},
            "the seed must be a whole number from 0 to 2**64 - 1, not True",
        ),
        ("linear", {"features": 2, "lr": 0}, "lr must be > 0, not 0.0"),
        ("linear", {"features": 2, "lr": "fast"}, "lr must be a number, not 'fast'"),
        ("linear", {"features": 2, "lr": float("inf")}, "lr must be finite, not inf"),
        ("linear", {"features": 2, "lr": float("nan")}, "lr must be > 0, not nan"),
        ("linear", {"features": 2, "lr": 1e300}, "lr must be <= 1e9, not 1e+300"),
        ("linucb", {"arms": 2, "features": 2, "l2": 1e10}, "l2 must be <= 1e9, not 10000000000.0"),
        ("thompson", {"arms": 10**30}, None),
        (
            "linear",
            {"features": 2, "seed": 1},
            "linear has no random numbers: it takes no seed",
        ),
        (
            "bootstrap_thompson",
            {"arms": 65},
            "arms * replicates = 6500 does not fit one page of memory: at most 6400 can be",
        ),
    ],
)
def test_what_cannot_be_is_said(name: str, options: dict[str, Any], message: str | None) -> None:
    with pytest.raises(SchemaError) as caught:
        new(name, **options)
    assert message in (None, str(caught.value))


def test_a_new_bandit_learns_on_disk(tmp_path: Any) -> None:
    path = tmp_path / "ads.wasm"
    path.write_bytes(new("ucb1", arms=3).to_bytes())
    for arm in range(3):
        with Session.open(path) as session:
            assert session.predict() == arm
            session.update(arm, float(arm == 1))
    with Session.open(path) as session:
        assert session.generation == 3
        assert session.predict() == 1
        assert session.call("estimate", 1) == 1
        assert [param.name for param in session.params("update")] == ["arm", "reward"]


def test_a_new_model_takes_arrays_and_refuses_what_it_must_not_be(tmp_path: Any) -> None:
    path = tmp_path / "line.wasm"
    path.write_bytes(new("linear", features=2, lr=0.1).to_bytes())
    with Session.open(path) as session:
        session.update([1.0, 2.0], 3.0)
        assert session.predict([1.0, 2.0]) == pytest.approx(3.6)
        for args, message in [
            (([1.0, float("nan")], 1.0), "update, argument x[1] = nan is not finite"),
            (([1.0, 2.0], float("inf")), "update, argument y = inf is not finite"),
            (([1e200, 2.0], 1.0), "update, argument x[0] = 1e+200 is not <= 1e50"),
            (([1.0], 1.0), "update, argument x has the shape [2], the value given has [1]"),
        ]:
            with pytest.raises(ArgumentError) as caught:
                session.update(*args)
            assert str(caught.value) == message
        assert session.generation == 1
    assert State.of(Module.open(path))["weights"].tolist() == pytest.approx([0.6, 1.2])


def test_a_family_tells_of_itself() -> None:
    family = describe("logistic")
    assert [option.name for option in family.options] == ["features", "lr", "scale"]
    assert not family.takes_seed
    assert describe("softmax").takes_seed
