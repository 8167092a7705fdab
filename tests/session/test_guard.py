"""A guard takes back what makes a model worse than it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from wasmstate import (
    Guard,
    Module,
    SchemaError,
    Session,
    State,
    StateError,
    history,
    models,
    read_log,
    replay,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A line that has learned y = 2 x."""
    path = tmp_path / "line.wasm"
    models.new("linear", features=1, lr=0.1).save(path)
    with Session.open(path) as session:
        x = np.linspace(-1, 1, 400).reshape(-1, 1)
        session.update_many(x, 2 * x[:, 0])
    return path


def test_rows_that_spoil_the_model_are_taken_back(path: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Session.open(path, persist="every:1000", record=log) as session:
        good = session.state
        guard = Guard(session, "loss <= frozen + 0.02", window=10)
        rng = np.random.default_rng(1)
        for x in rng.uniform(-1, 1, 50):
            assert guard.update([x], 2 * x) is None
        assert session.state.contents() != good.contents()
        # Labels of a broken sensor: what is learned from them fits the next ones no better.
        found = [guard.update([x], rng.normal() * 9) for x in rng.uniform(-1, 1, 10)]
        rollback = next(each for each in found if each is not None)
        assert rollback.loss > rollback.frozen + 0.02
        assert rollback.row == 50 + found.index(rollback)
        assert guard.rollbacks[0] == rollback
        assert guard.rows == 60
    steps = list(replay(path, read_log(log.read_bytes())))
    assert all(step.is_same for step in steps)
    taken_back = next(step for step in steps if not step.name)
    assert taken_back.after.contents() == good.contents()


def test_what_makes_the_model_better_stays(path: Path) -> None:
    """The world has changed: y = -2 x. The copy that does not learn goes on erring."""
    with Session.open(path, persist="on-close") as session:
        guard = Guard(session, "loss <= frozen + 0.02", window=20)
        for x in np.random.default_rng(2).uniform(-1, 1, 300):
            guard.update([x], -2 * x)
        assert guard.rollbacks == []
        assert session.predict([1.0]) == pytest.approx(-2, abs=0.05)


def test_a_rollback_is_the_next_generation(path: Path) -> None:
    with Session.open(path) as session:
        good = session.state
        guard = Guard(session, "loss < 0", window=2)  # never holds
        for x in (0.5, 1.0):
            guard.update([x], 9.0)
        assert len(guard.rollbacks) == 1
    now = State.of(Module.open(path))
    assert now.contents() == good.contents()
    assert (now.generation, now.update_count) == (4, good.update_count + 2)
    assert history(path)[-1].generation == 4


def test_what_cannot_be_guarded_is_refused(path: Path, tmp_path: Path) -> None:
    with Session.open(path) as session:
        with pytest.raises(SchemaError, match="there is no 'los'; there are loss, frozen"):
            Guard(session, "los < 1")
        with pytest.raises(SchemaError, match="a window has at least 1 row, not 0"):
            Guard(session, "loss < 1", window=0)
        with pytest.raises(StateError, match="belongs to another module"):
            session.restore(State.of(models.new("ols", features=1)))
    other = tmp_path / "bandit.wasm"
    models.new("ucb1", arms=2).save(other)
    with Session.open(other) as session, pytest.raises(SchemaError, match="no loss: update"):
        Guard(session, "loss < 1")
