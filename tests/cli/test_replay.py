"""``wasmstate run --record``, ``wasmstate replay`` and ``wasmstate bisect``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_runner import Wasmstate
from models import state_of, write_counter
from wasmstate import check


@pytest.fixture
def log(model: Path, wasmstate: Wasmstate) -> str:
    """Five clicks that were recorded."""
    Path("clicks.csv").write_text("arm,reward\n2,1\n0,0\n2,1\n1,0\n2,1\n")
    words = ["--from", "clicks.csv", "--record", "clicks.log", "--persist", "every:2"]
    assert wasmstate("run", str(model), "update", *words).exit_code == 0
    return "clicks.log"


def test_replay_comes_to_the_same(model: Path, log: str, wasmstate: Wasmstate) -> None:
    done = wasmstate("replay", str(model), "--log", log)
    assert done.exit_code == 0
    assert done.stdout == "5 calls: S is the same, bit for bit; it is the one in bandit.wasm\n"
    assert json.loads(wasmstate("replay", str(model), "--log", log, "--json").stdout) == {
        "calls": 5,
        "same": True,
        "differs": None,
        "is_state_of_file": True,
        "torn": 0,
    }


def test_any_moment_becomes_a_model_of_its_own(model: Path, log: str, wasmstate: Wasmstate) -> None:
    for to in (0, 3, 5):
        name = f"at{to}.wasm"
        words = ["replay", str(model), "--log", log, "--to", str(to), "-o", name]
        assert wasmstate(*words).exit_code == 0
        state = state_of(Path(name))
        assert (state.update_count, int(state["count"])) == (to, to)
        assert state.generation == (1 if to else 0)
        assert check(name) == []
        assert wasmstate(*words).exit_code == 1  # it is there already
    assert state_of(Path("at5.wasm")).contents() == state_of(model).contents()
    result = wasmstate("replay", str(model), "--log", log, "--to", "6")
    assert result.stderr == "Error: clicks.log: it tells of 5 calls only\n"


def test_bisect_finds_the_call_and_shows_what_it_changed(
    model: Path, log: str, wasmstate: Wasmstate
) -> None:
    words = ["bisect", str(model), "--log", log, "--until", "successes[2] >= 3"]
    found = wasmstate(*words)
    assert found.exit_code == 0
    lines = found.stdout.splitlines()
    assert lines[0] == "call 3, update(2, 1.0): successes[2] >= 3"
    assert lines[1].split() == ["successes[2]", "2.0", "->", "3.0"]
    assert lines[-1] == "the S before it: wasmstate replay bandit.wasm --log clicks.log --to 2"
    document = json.loads(wasmstate(*words, "--json").stdout)
    assert (document["call"], document["fn"], document["args"]) == (3, "update", [2, 1.0])


@pytest.mark.parametrize(
    ("until", "reason"),
    [
        ("count > 5", "count > 5: not true after any of 5 calls"),
        ("count >= 0", "count >= 0: it was true before the first call"),
        ("x > 0", "there is no 'x'"),
    ],
)
def test_bisect_says_when_there_is_nothing_to_find(
    model: Path, log: str, wasmstate: Wasmstate, until: str, reason: str
) -> None:
    result = wasmstate("bisect", str(model), "--log", log, "--until", until)
    assert result.exit_code == 1
    assert reason in result.stderr


def test_a_torn_log_is_read_and_a_damaged_one_refused(
    model: Path, log: str, wasmstate: Wasmstate
) -> None:
    content = Path(log).read_bytes()
    Path(log).write_bytes(content[:-3])
    torn = wasmstate("replay", str(model), "--log", log)
    assert torn.exit_code == 0
    assert "4 calls: S is the same" in torn.stdout
    assert "Warning: clicks.log: the last " in torn.stderr
    Path(log).write_bytes(content[:-60] + b"\xff" + content[-59:])
    damaged = wasmstate("replay", str(model), "--log", log)
    assert damaged.exit_code == 1
    assert "checksum mismatch" in damaged.stderr


def test_a_record_never_replaces_a_file(model: Path, log: str, wasmstate: Wasmstate) -> None:
    before = Path(log).read_bytes()
    result = wasmstate("run", str(model), "update", "1", "1", "--record", log)
    assert result.exit_code == 1
    assert "clicks.log: not recorded: File exists" in result.stderr
    assert Path(log).read_bytes() == before


def test_a_run_that_was_refused_leaves_no_log_in_the_way_of_the_next(
    model: Path, wasmstate: Wasmstate
) -> None:
    words = ["run", str(model), "update", "1", "1", "--record", "new.log"]
    for refused in (["--until", "nothing > 1"], ["--watch-drift", "nobody"]):
        assert wasmstate(*words, *refused).exit_code
        assert not Path("new.log").exists()
    assert wasmstate("run", str(model), "update", "one", "--record", "new.log").exit_code
    assert not Path("new.log").exists()
    assert wasmstate(*words, "--until", "count > 100").exit_code == 0
    assert Path("new.log").exists()


def test_a_record_in_segments_is_replayed_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wasmstate: Wasmstate
) -> None:
    monkeypatch.chdir(tmp_path)
    write_counter(Path("m.wasm"))
    for _ in range(2):
        words = ("run", "m.wasm", "update", "2", "--times", "3", "--record", "calls.log")
        assert wasmstate(*words, "--record-limit", "100kB").exit_code == 0
    assert not Path("calls.log").exists()
    done = wasmstate("replay", "m.wasm", "--log", "calls.log")
    said = "6 calls: S is the same, bit for bit; it is the one in m.wasm\n"
    assert (done.exit_code, done.stdout) == (0, said)
    done = wasmstate("run", "m.wasm", "update", "2", "--record", "x", "--record-limit", "9 apples")
    assert (done.exit_code, "is no size such as 10MB" in done.stderr) == (2, True)
    done = wasmstate("run", "m.wasm", "update", "2", "--record", "x", "--record-limit", "1kB")
    assert (done.exit_code, "has no room for segments" in done.stderr) == (1, True)
