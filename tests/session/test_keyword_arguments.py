"""Arguments by the names of the parameters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support import message
from wasmstate import ArgumentError, Session, models


@pytest.fixture
def bandit(tmp_path: Path) -> Iterator[Session]:
    path = tmp_path / "bandit.wasm"
    models.new("epsilon_greedy", arms=3).save(path)
    with Session.open(path, persist="manual") as session:
        yield session


def test_arguments_are_found_by_their_names(bandit: Session) -> None:
    bandit.update(reward=1.0, arm=2)
    bandit.update(2, reward=1.0)
    bandit.call("update", arm=0, reward=0.0)
    assert bandit.value("pulls").tolist() == [1, 0, 2]
    assert bandit.call("estimate", arm=2) == 1.0
    assert bandit.call_with(bandit.state, "estimate", arm=2) == 1.0


def test_an_array_and_a_number_are_found_by_their_names(tmp_path: Path) -> None:
    models.new("linear", features=2).save(tmp_path / "line.wasm")
    with Session.open(tmp_path / "line.wasm", persist="manual") as session:
        session.update(y=3.0, x=[1.0, 2.0])
        assert session.predict(x=[1.0, 2.0]) == session.predict([1.0, 2.0])


def test_arrays_of_rows_are_found_by_their_names(tmp_path: Path) -> None:
    rows, targets = [[1.0, 2.0], [3.0, 4.0]], [1.0, 2.0]
    for name in ("named", "placed"):
        models.new("linear", features=2).save(tmp_path / name)
    with Session.open(tmp_path / "named") as named, Session.open(tmp_path / "placed") as placed:
        named.update_many(y=targets, x=rows)
        placed.update_many(rows, targets)
        assert named.state.digest == placed.state.digest
        assert named.predict_many(x=rows).tolist() == placed.predict_many(rows).tolist()
        text = message(ArgumentError, lambda: named.update_many(x=rows))
        assert text == "update_many needs y, too; it takes x, y"
        text = message(ArgumentError, lambda: named.predict_many(z=rows))
        assert text == "predict has no argument 'z'; it takes x"


@pytest.mark.parametrize(
    ("args", "named", "text"),
    [
        ((), {"arm": 1}, "update needs reward, too; it takes arm, reward"),
        ((), {"arn": 1, "reward": 1.0}, "update has no argument 'arn'; it takes arm, reward"),
        ((1,), {"arm": 1}, "update: arm is given by its place and by its name"),
        ((1, 1.0, 2.0), {"reward": 1.0}, "update: reward is given by its place and by its name"),
    ],
)
def test_names_that_do_not_fit_are_told_and_nothing_is_learned(
    bandit: Session, args: tuple[Any, ...], named: dict[str, Any], text: str
) -> None:
    assert message(ArgumentError, lambda: bandit.update(*args, **named)) == text
    assert not bandit.is_dirty
