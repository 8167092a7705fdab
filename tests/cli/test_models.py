"""``wasmstate models``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import pytest

from cli_runner import Wasmstate
from models import state_of
from support import THOROUGH
from wasmstate.models import names

KILLS = 20 if THOROUGH else 2


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_models_are_listed_a_line_each(wasmstate: Wasmstate) -> None:
    lines = wasmstate("models", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == names()
    assert lines[0] == "thompson             Thompson sampling for rewards between 0 and 1"


def test_models_are_listed_as_json(wasmstate: Wasmstate) -> None:
    documents = json.loads(wasmstate("models", "list", "--json").stdout)
    assert [each["name"] for each in documents] == names()
    thompson = documents[0]
    assert thompson["takes_seed"] is True
    assert [option["name"] for option in thompson["options"]] == [
        "arms",
        "decisions",
        "default_reward",
    ]
    assert thompson["options"][0] == {
        "name": "arms",
        "type": "integer",
        "default": None,
        "bounds": [">= 1", "<= 256"],
        "help": "how many there are to choose from",
    }
    assert thompson["entry_points"]["update"] == (
        "(arm: i32 >= 0 < arms, reward: f64 >= 0 <= 1) -> ()"
    )
    assert thompson["tensors"][2] == {
        "spec": "pulls:i64[arms]",
        "merge": "counts",
        "bounds": [">= 0"],
    }


def test_a_model_is_shown(wasmstate: Wasmstate) -> None:
    shown = wasmstate("models", "show", "epsilon_greedy").stdout
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "--epsilon >= 0, <= 1 0.1 how often to try any arm" in lines
    assert "--seed >= 0 by chance of the random numbers" in lines
    assert "act () -> i32" in lines
    document = json.loads(wasmstate("models", "show", "linear", "--json").stdout)
    assert document["name"] == "linear"
    assert document["takes_seed"] is False


def test_a_model_that_there_is_not_is_misuse(wasmstate: Wasmstate) -> None:
    for arguments in (["show", "thomson"], ["new", "thomson", "-o", "a.wasm"]):
        result = wasmstate("models", *arguments)
        assert result.exit_code == 2
        assert "thomson" in result.stderr


def test_a_new_model_is_written(wasmstate: Wasmstate) -> None:
    made = wasmstate("models", "new", "thompson", "--arms", "10", "--seed", "7", "-o", "ads.wasm")
    path = Path("ads.wasm")
    assert made.stdout == f"ads.wasm: thompson, {path.stat().st_size:,} bytes\n"
    assert state_of(path)["pulls"].shape == (10,)
    again = wasmstate("models", "new", "thompson", "--arms", "10", "--seed", "7", "-o", "b.wasm")
    assert again.exit_code == 0
    assert Path("b.wasm").read_bytes() == path.read_bytes()


def test_a_file_is_not_replaced_unless_that_is_asked_for(wasmstate: Wasmstate) -> None:
    Path("a.wasm").write_bytes(b"mine")
    arguments = ["models", "new", "linear", "--features", "2", "--lr", "0.5", "-o", "a.wasm"]
    refused = wasmstate(*arguments)
    assert refused.exit_code == 1
    assert "there is such a file already" in refused.stderr
    assert Path("a.wasm").read_bytes() == b"mine"
    assert wasmstate(*arguments, "--force").exit_code == 0
    assert state_of(Path("a.wasm"))["lr"] == 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["thompson"], "Missing option '--arms'"),
        (["thompson", "--arms", "0"], "Error: arms must be >= 1, not 0"),
        (["thompson", "--arms", "few"], "'few' is not a valid integer"),
        (["linear", "--features", "2", "--lr", "nan"], "Error: lr must be > 0, not nan"),
        (["linear", "--features", "2", "--seed", "1"], "No such option '--seed'"),
        (["thompson", "--arms", "2", "--seed", "-1"], "the seed must be a whole number from 0"),
    ],
)
def test_what_cannot_be_is_misuse(wasmstate: Wasmstate, arguments: list[str], message: str) -> None:
    result = wasmstate("models", "new", *arguments, "-o", "a.wasm")
    assert result.exit_code == 2
    assert message in result.stderr
    assert not Path("a.wasm").exists()


def test_help_tells_of_the_options_of_a_model(wasmstate: Wasmstate) -> None:
    shown = wasmstate("models", "new", "exp3", "--help").stdout
    assert "The share of pulls at random; 0.1 if not given." in shown
    assert "How many there are to choose from." in shown
    assert "thompson" in wasmstate("models", "new", "--help").stdout


def test_a_bandit_gets_and_loses_arms_in_place(wasmstate: Wasmstate) -> None:
    wasmstate("models", "new", "ucb1", "--arms", "3", "-o", "ads.wasm")
    for arm in ("0", "1", "2"):
        wasmstate("run", "ads.wasm", "update", arm, "1.0")
    result = wasmstate("models", "resize", "ads.wasm", "--arms", "4", "--drop-arm", "1")
    assert result.stdout == "ads.wasm: generation 4, 4 arms\n"
    assert state_of(Path("ads.wasm"))["pulls"].tolist() == [1, 1, 0, 0]
    refused = wasmstate("models", "resize", "ads.wasm", "--arms", "2")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("Error: ads.wasm: there are 4 arms, and 2 are to be left")
    assert wasmstate("models", "resize", "ads.wasm").exit_code == 2


def test_features_and_classes_have_options_of_their_own(wasmstate: Wasmstate) -> None:
    options = ("--classes", "2", "--features", "2")
    wasmstate("models", "new", "gaussian_nb", *options, "-o", "m.wasm")
    result = wasmstate("models", "resize", "m.wasm", "--classes", "3", "--drop-class", "0")
    assert result.stdout == "m.wasm: generation 1, 2 features, 3 classes\n"
    wasmstate("models", "resize", "m.wasm", "--drop-feature", "1")
    assert state_of(Path("m.wasm"))["mean"].shape == (3, 1)


def test_an_arm_is_chosen_among_those_that_are_available(wasmstate: Wasmstate) -> None:
    options = ("--arms", "3", "--epsilon", "0", "--seed", "1")
    wasmstate("models", "new", "epsilon_greedy", *options, "-o", "ads.wasm")
    wasmstate("run", "ads.wasm", "update", "1", "1.0")
    run = ("run", "ads.wasm", "predict", "--available")
    assert wasmstate(*run, "0,1").stdout == "1 1.0\n"
    told = json.loads(wasmstate(*run, "2", "--json").stdout)
    assert told == {"value": 2, "propensity": 1.0, "generation": 1}
    asked = b'{"fn": "predict", "available": [0, 2]}\n{"fn": "update", "available": [0]}\n'
    answers = wasmstate("run", "ads.wasm", "-", input=asked).stdout.splitlines()
    told = json.loads(answers[0])
    assert (told["value"], told["propensity"], told["changed"]) == (0, 1.0, False)
    assert "is a list of arms" in json.loads(answers[1])["error"]["message"]
    wasmstate("models", "new", "ucb1", "--arms", "2", "-o", "u.wasm")
    assert wasmstate("run", "u.wasm", "predict", "--available", "1").stdout == "1\n"
    misuse = wasmstate("run", "u.wasm", "predict", "--available", "x")
    assert misuse.exit_code == 2
    assert "'x' is no list of indices such as 0,2" in misuse.stderr
    misuse = wasmstate("run", "u.wasm", "update", "1", "1", "--available", "1")
    assert (misuse.exit_code, "--available is for predict" in misuse.stderr) == (2, True)
    wasmstate("models", "new", "exp3", "--arms", "3", "--decisions", "4", "-o", "late.wasm")
    assert wasmstate("run", "late.wasm", "decide", "--available", "2").stdout == "0 2 1.0\n"
    asked = b'{"fn": "decide", "available": [1]}\n["reward", 1, 1.0]\n'
    answers = wasmstate("run", "late.wasm", "-", input=asked).stdout.splitlines()
    told = [json.loads(each) for each in answers]
    assert (told[0]["value"], told[0]["arm"], told[0]["propensity"]) == (1, 1, 1.0)
    assert (told[1]["value"], told[1]["generation"]) == (1, 3)
    gone = wasmstate("run", "u.wasm", "predict", "--available", "7")
    assert "u.wasm: there is no arms[7] to choose: there are 2" in gone.stderr


def test_an_episode_goes_on_after_the_process_was_killed(wasmstate: Wasmstate) -> None:
    """Each step is committed before its action is given."""
    options = ("--observations", "2", "--actions", "3", "--seed", "1")
    for name in ("killed.wasm", "whole.wasm"):
        wasmstate("models", "new", "sarsa", *options, "-o", name)
    calls: list[list[Any]] = [["start", [0.5, 0.5]]]
    calls += [["step", 1.0, [i / KILLS, 0.25]] for i in range(KILLS)]
    calls.append(["end", 0.0])
    whole = wasmstate(
        "run", "whole.wasm", "-", input="\n".join(map(json.dumps, calls)).encode()
    ).stdout.splitlines()
    for call, expected in zip(calls, whole, strict=True):
        words = [sys.executable, "-m", "wasmstate", "run", "killed.wasm", "-"]
        with Popen(words, stdin=PIPE, stdout=PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(call).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline()) == json.loads(expected)
            process.kill()
    killed = state_of(Path("killed.wasm"))
    assert killed.contents() == state_of(Path("whole.wasm")).contents()
