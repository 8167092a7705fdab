"""``wasmstate run FILE decide`` and ``reward``, also as a co-process that is killed."""

from __future__ import annotations

import json
import random
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli_runner import Wasmstate
from models import state_of
from support import THOROUGH
from wasmstate import models

KILLS = 200 if THOROUGH else 4


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_decision_is_printed_with_its_arm_and_probability(wasmstate: Wasmstate) -> None:
    options = ("--arms", "4", "--decisions", "8", "--seed", "1")
    wasmstate("models", "new", "exp3", *options, "-o", "ads.wasm")
    decided = wasmstate("run", "ads.wasm", "decide")
    id, arm, propensity = decided.stdout.split()
    assert (id, propensity) == ("0", "0.25")
    assert wasmstate("run", "ads.wasm", "chosen", "0").stdout == f"{arm}\n"
    told = json.loads(wasmstate("run", "ads.wasm", "decide", "--json").stdout)
    assert told == {"value": 1, "arm": told["arm"], "propensity": 0.25, "generation": 2}
    assert [wasmstate("run", "ads.wasm", "reward", "0", "1.0").stdout for _ in range(2)] == [
        "1\n",
        "0\n",
    ]
    assert state_of(Path("ads.wasm"))["rewards"].sum() == 1.0


def test_a_model_that_does_not_tell_probabilities_prints_two_numbers(wasmstate: Wasmstate) -> None:
    options = ("--arms", "4", "--features", "2", "--decisions", "8")
    wasmstate("models", "new", "linucb", *options, "-o", "ads.wasm")
    assert wasmstate("run", "ads.wasm", "decide", "0.5,1").stdout == "0 0\n"


def test_rewards_come_from_a_table(wasmstate: Wasmstate) -> None:
    wasmstate("models", "new", "ucb1", "--arms", "3", "--decisions", "8", "-o", "ads.wasm")
    assert wasmstate("run", "ads.wasm", "decide", "--times", "3").stdout == "0 0\n1 1\n2 2\n"
    Path("rewards.csv").write_text("reward,id\n0.5,2\n1,0\n0.25,2\n")
    given = ("--from", "rewards.csv", "--columns", "id,reward")
    assert wasmstate("run", "ads.wasm", "reward", *given).stdout == "1\n1\n0\n"
    assert state_of(Path("ads.wasm"))["rewards"].tolist() == [1.0, 0.0, 0.5]


def test_a_co_process_decides_and_is_rewarded(wasmstate: Wasmstate) -> None:
    wasmstate("models", "new", "ucb1", "--arms", "3", "--decisions", "8", "-o", "ads.wasm")
    asked = [{"fn": "decide"}, ["reward", 0, 1.0], ["reward", 0, 1.0], ["reward", 7, 1.0]]
    lines = "\n".join(map(json.dumps, asked)).encode()
    answers = wasmstate("run", "ads.wasm", "-", input=lines).stdout.splitlines()
    first, second, third, fourth = map(json.loads, answers)
    decided = {"value": 0, "arm": 0, "propensity": None, "generation": 1, "changed": True}
    assert first == decided
    assert (second["value"], second["changed"]) == (1, True)
    assert (third["value"], third["changed"]) == (0, False)
    assert fourth["error"] == {
        "type": "ArgumentError",
        "message": "there has been no decision 7: the ids go from 0 to 0",
    }


def test_a_model_without_room_for_decisions_says_how_to_make_one(wasmstate: Wasmstate) -> None:
    wasmstate("models", "new", "ucb1", "--arms", "3", "-o", "ads.wasm")
    for call in (["decide"], ["reward", "0", "1"]):
        refused = wasmstate("run", "ads.wasm", *call)
        assert refused.exit_code == 1
        assert refused.stderr == (
            "Error: ads.wasm: the model keeps no decisions: make a bandit with room for as many as "
            "can wait for their rewards\nWhat helps: wasmstate models new --decisions\n"
        )


class CoProcess:
    """``wasmstate run FILE -``, which is killed while it answers, now and then."""

    def __init__(self, path: Path) -> None:
        command = [sys.executable, "-m", "wasmstate", "run", str(path), "-"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe)

    def ask(self, *call: Any, seconds: float | None = None) -> dict[str, Any] | None:
        """The answer; ``None`` if it was killed after so many seconds before it answered."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(call).encode() + b"\n")
        self.process.stdin.flush()
        if seconds is not None:
            is_answered = select.select([self.process.stdout], [], [], seconds)[0]
            self.process.kill()
            if not is_answered:
                self.process.communicate()
                return None
        line = self.process.stdout.readline()
        if seconds is not None:
            self.process.communicate()
        return dict(json.loads(line)) if line.endswith(b"\n") else None


def test_each_reward_counts_once_however_often_the_process_is_killed() -> None:
    """Whoever gets no answer to a reward gives it again; a decision without answer times out."""
    path, world = Path("ads.wasm"), random.Random(5)
    models.new("exp3", arms=4, decisions=1024, seed=2).save(path)
    rewards: dict[int, float] = {}
    owed: list[int] = []
    for _ in range(KILLS):
        child = CoProcess(path)
        for _ in range(world.randint(1, 4)):
            if (answer := child.ask("decide")) is not None:
                rewards[answer["value"]] = round(world.random(), 3)
                owed += [answer["value"]] * (1 + (world.random() < 0.1))
        world.shuffle(owed)
        while len(owed) > 3:
            id = owed.pop()
            child.ask("reward", id, rewards[id])
        id = owed.pop()
        if child.ask("reward", id, rewards[id], seconds=world.random() * 0.003) is None:
            owed.append(id)
    child = CoProcess(path)
    for id in owed:
        child.ask("reward", id, rewards[id])
    child.process.communicate()
    state = state_of(path)
    kept = {each.id: each for each in models.decisions(state)}
    assert {id for id, each in kept.items() if each.status == "rewarded"} == set(rewards)
    gains = np.zeros(4)
    for id, reward in rewards.items():
        assert kept[id].reward == reward
        gains[kept[id].arm] += reward / (kept[id].propensity or 0)
    assert state["count"] == len(rewards)
    np.testing.assert_allclose(state["gains"], gains, rtol=1e-12)
