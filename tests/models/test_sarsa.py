"""SARSA(lambda) with a Fourier basis: the loop of the paper, episodes in S, and what it finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wasmtime
from numpy.typing import NDArray

from guest import Guest, session_on
from sarsa_loop import Loop
from wasmstate import Module, Session, State, TrapError, merge, models
from wasmstate.models import resize

OPTIONS: dict[str, Any] = {"observations": 2, "actions": 3, "order": 3, "lr": 0.05}


def walk(action: int, x: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """A place in a square; the actions go left, right, and up."""
    moved = x + [[-0.1, 0.0], [0.1, 0.0], [0.0, 0.1]][action] + rng.normal(size=2) * 0.01
    return np.clip(moved, -1, 1)


def test_it_is_the_loop() -> None:
    guest = Guest.new("sarsa", **OPTIONS).with_values(low=[-2.0, 0.0], high=[2.0, 1.0])
    loop = Loop(3, 3, [-2.0, 0.0], [2.0, 1.0], 0.05)
    rng = np.random.default_rng(1)
    for _ in range(40):
        x = rng.uniform(-1.2, 1.2, 2)
        action = guest.call("start", x)
        loop.traces[:] = 0
        for _ in range(25):
            reward, after = float(rng.normal()), walk(action, x, rng)
            following = guest.call("step", reward, after)
            loop.learn(x, action, reward, after, following)
            x, action = after, following
        guest.call("end", 1.0)
        loop.learn(x, action, 1.0, x, None)
        np.testing.assert_allclose(guest["weights"], loop.weights, rtol=1e-9, atol=1e-11)
    for action in range(3):
        expected = loop.weights[action] @ loop.terms(x)
        assert guest.call("value", x, action) == pytest.approx(expected, rel=1e-9)
    assert guest.call("best", x) == np.argmax(loop.weights @ loop.terms(x))
    assert [int(guest["count"]), int(guest["episodes"])] == [40 * 26, 40]


def test_logged_steps_are_learned_as_played_ones() -> None:
    played, logged = (Guest.new("sarsa", **OPTIONS) for _ in range(2))
    rng = np.random.default_rng(2)
    columns: list[list[Any]] = [[], [], [], [], [], []]
    for _ in range(3):
        x = rng.uniform(-1, 1, 2)
        action = played.call("start", x)
        for step in range(20):
            reward, after = float(rng.normal()), walk(action, x, rng)
            last = step == 19
            following = 0 if last else played.call("step", reward, after)
            if last:
                played.call("end", reward)
            row = (x, action, reward, after, following, int(last))
            for column, value in zip(columns, row, strict=True):
                column.append(value)
            x, action = after, following
    logged.feed(*columns)
    assert logged["weights"].tolist() == played["weights"].tolist()


def test_it_explores_less_from_episode_to_episode() -> None:
    guest = Guest.new("sarsa", **OPTIONS, epsilon=0.6, epsilon_decay=0.5)
    guest.call("update", [0.0, 0.0], 2, 1.0, [0.0, 0.0], 0, 1)
    for share in (0.6, 0.3, 0.15):
        chosen = []
        guest.call("start", [0.0, 0.0])
        for _ in range(1500):
            best = guest.call("best", [0.0, 0.0])
            chosen.append(guest.call("step", 0.0, [0.0, 0.0]) != best)
        assert np.mean(chosen) == pytest.approx(share * 2 / 3, abs=0.04)


def test_it_finds_the_way() -> None:
    """The way right is paid at its end."""
    guest = Guest.new("sarsa", observations=1, actions=2, order=3, lr=0.02, epsilon_decay=0.95)
    steps = []
    rng = np.random.default_rng(3)
    for _ in range(60):
        x = np.array([-0.5])
        action = guest.call("start", x)
        for _ in range(200):
            x = np.clip(x + [-0.1, 0.1][action] + rng.normal() * 0.01, -1, 1)
            if x[0] > 0.9:
                guest.call("end", 0.0)
                break
            action = guest.call("step", -1.0, x)
        steps.append(int(guest["count"]))
    assert np.diff(steps)[-10:].mean() < 20


def test_a_device_that_was_switched_off_goes_on_with_its_episode(tmp_path: Path) -> None:
    path = tmp_path / "agent.wasm"
    models.new("sarsa", **OPTIONS, seed=5).save(path)
    whole = Guest(Module.open(path), "sarsa")
    rng = np.random.default_rng(4)
    xs = rng.uniform(-1, 1, (30, 2))
    actions = [whole.call("start", xs[0]), *(whole.call("step", 0.5, x) for x in xs[1:])]
    whole.call("end", 1.0)
    for i, x in enumerate(xs):
        with Session.open(path) as session:
            given = (x,) if i == 0 else (0.5, x)
            assert session.call("step" if i else "start", *given) == actions[i]
    with Session.open(path) as session:
        session.call("end", 1.0)
        assert session.state.contents() == whole.state.contents()


def test_an_episode_that_is_cut_off_teaches_nothing_more() -> None:
    guest = Guest.new("sarsa", **OPTIONS)
    guest.call("start", [0.0, 0.0])
    guest.call("step", 1.0, [0.5, 0.5])
    weights = guest["weights"].tolist()
    guest.call("start", [0.0, 0.0])
    assert guest["weights"].tolist() == weights
    assert not guest["traces"].any()
    assert [int(guest["count"]), int(guest["episodes"])] == [1, 2]


def test_steps_without_an_episode_and_rows_within_one_trap() -> None:
    guest = Guest.new("sarsa", **OPTIONS)
    row = ([0.0, 0.0], 0, 1.0, [0.0, 0.0], 0, 1)
    for call in (("step", 1.0, [0.0, 0.0]), ("end", 1.0)):
        with pytest.raises(wasmtime.Trap):
            guest.call(*call)
    guest.call("start", [0.0, 0.0])
    with pytest.raises(wasmtime.Trap):
        guest.call("update", *row)
    guest.call("end", 0.0)
    guest.call("update", *row)


def test_an_error_says_whether_an_episode_is_running() -> None:
    with session_on(models.new("sarsa", **OPTIONS, seed=1)) as session:
        with pytest.raises(TrapError, match=r": no episode is running: start\(\) begins one$"):
            session.call("step", 1.0, [0.0, 0.0])
        session.call("start", [0.0, 0.0])
        with pytest.raises(TrapError, match="an episode is running, and rows of a log are learned"):
            session.update([0.0, 0.0], 0, 1.0, [0.0, 0.0], 0, 1)


def test_devices_are_merged_by_their_steps_and_no_episode_goes_on(tmp_path: Path) -> None:
    base = models.new("sarsa", **OPTIONS, seed=5)
    paths = []
    for i in range(2):
        paths.append(tmp_path / f"{i}.wasm")
        base.save(paths[-1])
        with Session.open(paths[-1]) as session:
            session.call("start", [0.1 * i, 0.0])
            for step in range(1 + 2 * i):
                session.call("step", 1.0, [0.1 * step, 0.0])
    states = [State.of(Module.open(path)) for path in paths]
    state = State.of(merge(base, paths).module)
    expected = states[0]["weights"] * 0.25 + states[1]["weights"] * 0.75
    np.testing.assert_allclose(state["weights"], expected, rtol=1e-12)
    assert [int(state[name]) for name in ("count", "episodes", "running")] == [4, 2, 0]
    assert not state["traces"].any()


def test_an_action_that_leaves_ends_the_episode() -> None:
    module = models.new("sarsa", **OPTIONS, seed=5)
    guest = Guest(module, "sarsa")
    for _ in range(3):
        guest.call("start", [0.0, 0.0])
        guest.call("step", 1.0, [0.5, 0.0])
    learned = module.with_custom("wasmstate.state", guest.state.to_content())
    state = State.of(resize(learned, drop={"actions": [0]}))
    assert state["weights"].tolist() == guest["weights"][1:].tolist()
    assert [int(state["running"]), int(state["last_action"])] == [0, 0]
