"""N updates, close, open, M updates: the same bits as N + M updates. And the right numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import copy_fixture, state_of
from wasmstate import Session, State, check

NUMBERS = st.floats(-10, 10)
INPUTS: dict[str, st.SearchStrategy[tuple[Any, ...]]] = {
    "bandit": st.tuples(st.integers(0, 3), st.floats(0, 1)),
    "linear": st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
    "welford": st.tuples(st.floats(-1e100, 1e100)),
}


def learn(name: str, parts: Sequence[Sequence[tuple[Any, ...]]], persist: str) -> State:
    """Update with each part in a session of its own; gives the state in the file."""
    with TemporaryDirectory() as folder:
        path = copy_fixture(name, Path(folder))
        for part in parts:
            with Session.open(path, persist=persist, durability="none") as session:
                for each in part:
                    session.update(*each)
                session.flush()
        assert check(path) == []
        return state_of(path)


@pytest.mark.parametrize("persist", ["every-change", "on-close", "manual"])
@pytest.mark.parametrize("name", INPUTS)
@settings(deadline=None, max_examples=15)
@given(data=st.data())
def test_saving_and_loading_in_between_changes_no_bit(
    name: str, persist: str, data: st.DataObject
) -> None:
    inputs = data.draw(st.lists(INPUTS[name], max_size=20))
    cut = data.draw(st.integers(0, len(inputs)))
    if name == "linear":  # a step of 0.05 makes it diverge if the inputs are large
        inputs = [tuple(number / 4 for number in each) for each in inputs]
    whole = learn(name, [inputs], persist)
    parts = learn(name, [inputs[:cut], inputs[cut:]], persist)
    assert parts.contents() == whole.contents()
    assert parts.digest == whole.digest
    assert parts.update_count == whole.update_count == len(inputs)


def test_predictions_go_on_as_well(tmp_path: Path) -> None:
    rewards = np.random.default_rng(3).random(60)
    arms: dict[int, list[int]] = {}
    for size in (60, 7, 1):
        path = copy_fixture("bandit", tmp_path)
        arms[size] = []
        for start in range(0, 60, size):
            with Session.open(path) as session:
                for reward in rewards[start : start + size]:
                    arms[size].append(session.predict())
                    session.update(arms[size][-1], reward)
    assert arms[60] == arms[7] == arms[1]
    assert len(set(arms[60])) > 1


def test_linear_is_bit_equal_to_numpy(tmp_path: Path) -> None:
    path = copy_fixture("linear", tmp_path)
    data = np.random.default_rng(4).normal(size=(1000, 5))
    weights, bias, rate = np.zeros(4), np.float64(0), np.float64(0.05)
    for *x, y in data:
        predicted = bias
        for weight, each in zip(weights, x, strict=True):
            predicted = predicted + weight * each
        step = rate * (predicted - y)
        weights = weights - step * np.array(x)
        bias = bias - step
    with Session.open(path, persist="on-close") as session:
        for row in data:
            session.update(*row)
    state = state_of(path)
    assert state["weights"].tobytes() == weights.tobytes()
    assert state["bias"].tobytes() == bias.tobytes()


def test_welford_agrees_with_numpy(tmp_path: Path) -> None:
    path = copy_fixture("welford", tmp_path)
    data = np.random.default_rng(5).normal(size=5000)
    with Session.open(path, persist="on-close") as session:
        for x in data:
            session.update(x)
        assert session.predict() == pytest.approx(data.mean(), rel=1e-12, abs=1e-12)
        assert session.call("variance") == pytest.approx(data.var(ddof=1), rel=1e-12)
