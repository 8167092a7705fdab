"""merge on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_runner import Wasmstate
from models import state_of


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wasmstate: Wasmstate) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("base", "a", "b"):
        assert (
            wasmstate("models", "new", "ucb1", "--arms", "3", "-o", f"{name}.wasm").exit_code == 0
        )
    for name, *rewards in (("a", (0, 1.0)), ("b", (2, 1.0), (0, 0.0), (2, 1.0))):
        for arm, reward in rewards:
            done = wasmstate("run", f"{name}.wasm", "update", str(arm), str(reward))
            assert done.exit_code == 0


@pytest.mark.usefixtures("files")
def test_a_report_tells_who_brought_what(wasmstate: Wasmstate) -> None:
    done = wasmstate("merge", "base.wasm", "b.wasm", "a.wasm", "-o", "out.wasm")
    assert done.stdout.splitlines() == [
        "generation 1, from 2 devices",
        "  a.wasm  generation 1   1 update  25.0%",
        "  b.wasm  generation 3  3 updates  75.0%",
        "  arms     none    as in the base",
        "  count    counts  exact",
        "  pulls    counts  exact",
        "  rewards  sum     up to rounding",
        "  alpha    none    as in the base",
    ]
    state = state_of("out.wasm")
    assert (state["pulls"].tolist(), state["rewards"].tolist()) == ([2, 0, 2], [1.0, 0.0, 2.0])
    assert (state.generation, state.update_count) == (1, 4)


@pytest.mark.usefixtures("files")
def test_json_tells_it_to_programs_and_nothing_is_written(wasmstate: Wasmstate) -> None:
    done = wasmstate("merge", "base.wasm", "b.wasm", "a.wasm", "--json")
    document = json.loads(done.stdout)
    assert (document["generation"], document["update_count"], document["exact"]) == (1, 4, True)
    assert document["devices"][1] == {
        "name": "b.wasm",
        "generation": 3,
        "updates": 3,
        "share": 0.75,
        "digest": state_of("b.wasm").digest.hex(),
        "clipped": 1.0,
    }
    assert document["tensors"][1] == {"name": "count", "rule": "counts", "precision": "exact"}
    assert sorted(path.name for path in Path().glob("*.wasm")) == ["a.wasm", "b.wasm", "base.wasm"]


@pytest.mark.usefixtures("files")
def test_what_cannot_be_merged_is_said_and_nothing_written(wasmstate: Wasmstate) -> None:
    assert wasmstate("models", "new", "ucb1", "--arms", "4", "-o", "other.wasm").exit_code == 0
    done = wasmstate("merge", "base.wasm", "a.wasm", "other.wasm", "-o", "out.wasm")
    assert (done.exit_code, Path("out.wasm").exists()) == (1, False)
    assert done.stderr.startswith("Error: base.wasm: not merged: other.wasm has no tensor arms")
    done = wasmstate("merge", "base.wasm", "a.wasm", "a.wasm", "-o", "out.wasm")
    assert (done.exit_code, "a.wasm is listed twice" in done.stderr) == (2, True)


def test_a_poisoned_device_is_clipped_and_named(
    wasmstate: Wasmstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (("base", 0), ("sound", 1), ("poisoned", 1000)):
        done = wasmstate("models", "new", "linear", "--features", "1", "-o", f"{name}.wasm")
        assert done.exit_code == 0
        if value:
            command = ("run", f"{name}.wasm", "update", f"[{value}]", str(value))
            assert wasmstate(*command).exit_code == 0
    done = wasmstate("merge", "base.wasm", "sound.wasm", "poisoned.wasm", "--robust", "clip:1")
    assert done.stdout.splitlines()[1:3] == [
        "  poisoned.wasm  generation 1  1 update  50.0%  clipped to 5e-05",
        "  sound.wasm     generation 1  1 update  50.0%",
    ]
    done = wasmstate("merge", "base.wasm", "sound.wasm", "--robust", "mode")
    assert done.stderr.startswith("Error: base.wasm: not merged: no robust rule 'mode': write")


@pytest.mark.usefixtures("files")
def test_without_devices_a_file_becomes_a_base(wasmstate: Wasmstate) -> None:
    done = wasmstate("merge", "b.wasm", "-o", "out.wasm")
    assert done.stdout == "generation 4, from 0 devices\n"
    assert state_of("out.wasm").metadata["merge"]["devices"] == 0
