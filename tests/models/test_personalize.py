"""Copies of one model that explore on their own, each by the id of its device."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from guest import Guest
from wasmstate import (
    ArgumentError,
    Module,
    Session,
    State,
    StateError,
    merge,
    models,
    personalize,
    read_log,
    replay,
)

DRAWING = ["thompson", "bootstrap_thompson", "epsilon_first", "softmax", "exp3"]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "base.wasm"
    models.new("thompson", arms=10, seed=1).save(path)
    return path


def rng(path: Path) -> Any:
    return State.of(Module.open(path))["rng"].tolist()


@pytest.mark.parametrize("name", DRAWING)
def test_thirty_copies_of_one_base_try_at_least_nine_of_ten_arms(name: str) -> None:
    base = models.new(name, arms=10, seed=1)
    copies = [Guest(personalize(base, device), name) for device in range(30)]
    own = [[copy.call("act") for _ in range(6)] for copy in copies]
    for first in range(4):
        # bootstrap_thompson has arms that its replicates, the same in all copies, favour.
        tried = {arm for each in own for arm in each[first : first + 1 + (name[0] == "b")]}
        assert len(tried) >= 9, first


def test_the_id_is_kept_and_mixed_in_once(base: Path) -> None:
    at_first = rng(base)
    with Session.open(base, device=4711) as session:
        own = session.state["rng"].tolist()
        assert session.generation == 1
    assert own == rng(base) != at_first
    assert State.of(Module.open(base)).metadata["device"] == "4711"
    with Session.open(base, device="4711") as session:
        assert session.state["rng"].tolist() == own
        assert session.generation == 1
    with Session.open(base, device="4712") as session:
        assert session.state["rng"].tolist() != own


def test_going_back_behind_the_id_mixes_it_in_again(base: Path) -> None:
    with Session.open(base, device=1, persist="manual") as session:
        own = session.state["rng"].tolist()
        session.call("act")
        session.rollback()
        assert session.state["rng"].tolist() == own


def test_a_model_that_draws_nothing_keeps_the_id_with_its_next_commit(tmp_path: Path) -> None:
    path = tmp_path / "line.wasm"
    models.new("ucb1", arms=2).save(path)
    with Session.open(path, device="a") as session:
        assert session.generation == 0
        session.update(1, 1.0)
    assert State.of(Module.open(path)).metadata["device"] == "a"


def test_a_device_that_was_recorded_is_replayed(base: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Session.open(base, device=1, record=log) as session:
        session.update(session.call("act"), 1.0)
    steps = list(replay(base, read_log(log.read_bytes())))
    assert [step.name for step in steps] == ["", "act", "update"]
    assert all(step.is_same for step in steps)


def test_a_merge_takes_a_device_once(base: Path, tmp_path: Path) -> None:
    start = Module.open(base)
    paths = []
    for i, device in enumerate(["a", "b", "a"]):
        paths.append(tmp_path / f"{i}.wasm")
        personalize(start, device).save(paths[-1])
        with Session.open(paths[-1], device=device) as session:
            session.update(i, 1.0)
    merged = merge(start, paths[:2]).module
    state = State.of(merged)
    assert state["pulls"][:2].tolist() == [1, 1]
    assert "device" not in state.metadata
    with pytest.raises(StateError) as caught:
        merge(start, paths)
    assert str(caught.value) == (
        f"{paths[0]} and {paths[2]} are both of device a: give one, else what it learned counts "
        "twice"
    )


def test_copies_of_a_personalized_base_are_merged(base: Path, tmp_path: Path) -> None:
    """Whoever was given a base with an id may not have known that it has one."""
    start = personalize(base, "factory")
    paths = []
    for i in range(2):
        paths.append(tmp_path / f"{i}.wasm")
        start.save(paths[-1])
        with Session.open(paths[-1]) as session:
            session.update(i, 1.0)
    assert State.of(merge(start, paths).module)["count"] == 2


def test_an_id_is_printable_text(base: Path) -> None:
    for wrong in ("", "a\n", "x" * 256):
        with pytest.raises(ArgumentError) as caught:
            personalize(base, wrong)
        assert str(caught.value) == (
            f"the id of a device is 1 to 255 bytes of printable text, not {wrong!r}"
        )
        with pytest.raises(ArgumentError):
            Session.open(base, device=wrong)
