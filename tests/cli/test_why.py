"""why on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_runner import Wasmstate
from models import copy_fixture, state_of, write_model

TEXT = """(module (memory (export "memory") 1) (global (export "w") i32 (i32.const 64))
  (func $set (param f64) (f64.store (i32.const 72) (local.get 0)))
  (func (export "update") (param f64) (call $set (f64.mul (local.get 0) (f64.const 2))))
  (func (export "spoil") (call $set (f64.const 1)) (unreachable)))"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_model(Path("m.wasm"), TEXT, "w:f64[2]@sym:w")


def test_the_store_and_the_calls_that_led_to_it(path: Path, wasmstate: Wasmstate) -> None:
    done = wasmstate("why", "m.wasm", "update", "-1.5", "--cell", "w[1]")
    lines = done.stdout.splitlines()
    assert lines[0] == "w[1]: 0.0 -> -3.0"
    assert lines[1].startswith("  f64.store align=8 at 0x")
    assert lines[1].endswith(", address 72, operand -3.0")
    assert lines[2] == "  in set(-3.0)"
    assert lines[3].startswith("  called at 0x")
    assert lines[3].endswith(" in update(-1.5)")
    assert (len(lines), state_of(path).generation) == (4, 0)


def test_a_cell_that_is_not_written(path: Path, wasmstate: Wasmstate) -> None:
    done = wasmstate("why", "m.wasm", "update", "1", "--cell", "w[0]")
    assert done.stdout == "update(1) writes nothing to w[0]\n"


def test_a_call_that_traps_is_a_finding(path: Path, wasmstate: Wasmstate) -> None:
    done = wasmstate("why", "m.wasm", "spoil", "--cell", "w")
    assert done.exit_code == 1
    assert done.stdout.startswith("w[1]: 0.0 -> 1.0\n")
    assert done.stderr.startswith("Error: m.wasm: spoil() trapped")


def test_the_answer_as_json(tmp_path: Path, wasmstate: Wasmstate) -> None:
    path = copy_fixture("bandit", tmp_path)
    done = wasmstate("why", str(path), "update", "2", "1.0", "--cell", "successes", "--json")
    found = json.loads(done.stdout)
    (write,) = found["writes"]
    assert (write["cell"], write["before"], write["after"]) == ("successes[2]", 1.0, 2.0)
    assert write["stack"][0]["function"] == "update"
    assert write["stack"][0]["args"] == [2, 1.0]
    assert (found["count"], found["value"], found["problem"]) == (1, None, None)


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (("update", "1"), 2, "Missing option '--cell'"),
        (("update", "1", "--cel", "w"), 2, "No such option '--cel'. Did you mean '--cell'?"),
        (("update", "1", "--cell", "w[2]"), 1, "w has the shape [2], no element [2]"),
        (("update", "--cell", "w"), 1, "takes 1 argument, 0 given"),
    ],
)
def test_what_cannot_be_is_said(
    path: Path, wasmstate: Wasmstate, arguments: tuple[str, ...], status: int, text: str
) -> None:
    done = wasmstate("why", "m.wasm", *arguments)
    assert (done.exit_code, text in done.stderr) == (status, True), done.stderr
