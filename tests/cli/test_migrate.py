"""migrate on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_runner import Wasmstate
from models import COUNTER, from_wat, state_of, write_counter
from wasmstate import attach

WIDER = COUNTER.replace('(global (export "total") i32', '(global (export "sum") i32')


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wasmstate: Wasmstate) -> None:
    monkeypatch.chdir(tmp_path)
    write_counter(Path("old.wasm"))
    assert wasmstate("run", "old.wasm", "update", "5").exit_code == 0
    module = attach(from_wat(WIDER), ["sum:i64@sym:sum", "seen:i32@1024"])
    Path("new.wasm").write_bytes(module.to_bytes())


@pytest.mark.usefixtures("models")
def test_the_plan_is_told_and_nothing_written(wasmstate: Wasmstate) -> None:
    done = wasmstate("migrate", "old.wasm", "new.wasm")
    assert done.exit_code == 1
    assert done.stdout == (
        "refused\n  sum: added\n  seen: added\n"
        "  total: refused: the new state has no such tensor: drop it, or map it to its new name\n"
        "  calls: refused: the new state has no such tensor: drop it, or map it to its new name\n"
    )
    done = wasmstate("migrate", "old.wasm", "new.wasm", "-o", "out.wasm")
    assert (done.exit_code, Path("out.wasm").exists()) == (1, False)


@pytest.mark.usefixtures("models")
def test_the_new_code_goes_on(wasmstate: Wasmstate) -> None:
    options = ("--map", "total=sum", "--map", "calls=seen")
    done = wasmstate("migrate", "old.wasm", "new.wasm", *options, "-o", "out.wasm", "--json")
    assert done.exit_code == 0
    document = json.loads(done.stdout)
    assert document["verdict"] == "compatible"
    assert document["tensors"][0] == {
        "tensor": "sum",
        "action": "kept",
        "source": "total",
        "reason": None,
    }
    assert wasmstate("run", "out.wasm", "update", "2").exit_code == 0
    state = state_of("out.wasm")
    assert (state.generation, int(state["sum"]), int(state["seen"])) == (3, 7, 1)
    again = wasmstate("migrate", "old.wasm", "new.wasm", *options, "-o", "out.wasm")
    assert (again.exit_code, "there is such a file already" in again.stderr) == (1, True)


@pytest.mark.usefixtures("models")
def test_what_is_not_there_is_said(wasmstate: Wasmstate) -> None:
    done = wasmstate("migrate", "old.wasm", "new.wasm", "--drop", "x")
    assert done.exit_code == 1
    assert done.stderr == "Error: new.wasm: no tensor 'x'; there are total, calls\n"
