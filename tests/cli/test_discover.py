"""discover on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_runner import Wasmstate
from models import FIXTURES
from wasmstate import Module, State

PULLS = ("--call", "update:0,1.0", "--call", "update:1,0.5", "--call", "update:2,0.25")


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    module = Module.open(FIXTURES / "bandit.wasm").without_custom("wasmstate.state")
    path = Path("plain.wasm")
    path.write_bytes(module.to_bytes())
    return path


def test_the_proposal_is_a_schema_that_attach_takes(plain: Path, wasmstate: Wasmstate) -> None:
    done = wasmstate("discover", "plain.wasm", *PULLS, "-o", "schema.toml")
    assert "--tensor 'successes:f64[4]@sym:successes'  high" in done.stdout
    assert "left out: 16 bytes at 1008: the stack" not in done.stdout  # update has no need of it
    assert wasmstate("attach", "plain.wasm", "--schema", "schema.toml").exit_code == 0
    assert "rng" in State.of(Module.open(plain))
    again = wasmstate("discover", "plain.wasm", *PULLS, "-o", "schema.toml")
    assert again.exit_code == 1
    assert again.stderr.endswith("schema.toml: not written, there is such a file already\n")
    again = wasmstate("discover", "plain.wasm", *PULLS, "-o", "schema.toml", "--force")
    assert again.exit_code == 0
    before = plain.read_bytes()
    again = wasmstate("discover", "plain.wasm", *PULLS, "-o", "plain.wasm", "--force")
    assert (again.exit_code, "never written over" in again.stderr) == (1, True)
    assert plain.read_bytes() == before


def test_the_proposal_as_json(plain: Path, wasmstate: Wasmstate) -> None:
    found = json.loads(wasmstate("discover", "plain.wasm", *PULLS, "--json").stdout)
    assert found["tensors"][0] == {
        "spec": "successes:f64[4]@sym:successes",
        "changed": True,
        "certainty": "high",
        "reasons": ["calls change and read it", "the symbol successes"],
    }
    assert found["needs_whole_memory"] is False


def test_nothing_to_find(plain: Path, wasmstate: Wasmstate) -> None:
    done = wasmstate("discover", "plain.wasm", "--call", "estimate:0", "--rounds", "1")
    assert "'successes:f64[4]@sym:successes'  medium" in done.stdout
    assert wasmstate("discover", "plain.wasm", "--call", "update:9,1").exit_code == 1
    assert wasmstate("discover", "plain.wasm").exit_code == 2
    done = wasmstate("discover", "plain.wasm", "--call", "predict:", "--function", "predict")
    assert (done.exit_code, "write NAME(PARAM: TYPE, ...)" in done.stderr) == (2, True)
