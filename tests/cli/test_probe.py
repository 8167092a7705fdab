"""probe on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_runner import Wasmstate
from models import FIXTURES, copy_fixture


def test_a_dead_tensor_is_a_finding(wasmstate: Wasmstate) -> None:
    done = wasmstate("probe", str(FIXTURES / "liveness.wasm"))
    assert done.exit_code == 1
    assert "folded   dead          0 of 3 elements live\n" in done.stdout
    assert "warning: folded[1] = 0.36481 stands in the code at 0x" in done.stdout


def test_live_tensors(
    tmp_path: Path, wasmstate: Wasmstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    copy_fixture("linear", tmp_path)
    done = wasmstate(
        "probe", "linear.wasm", "--call", "predict:1,1,1,1", "--call", "update:1,1,1,1,2"
    )
    assert done.exit_code == 0
    assert done.stdout.startswith("tried with predict(1, 1, 1, 1), update(1, 1, 1, 1, 2)\n")
    found = json.loads(wasmstate("probe", "linear.wasm", "--json").stdout)
    assert found["tensors"]["weights"] == {
        "verdict": "live",
        "tried": 4,
        "live": 4,
        "written": True,
        "folded": [],
    }
    assert wasmstate("probe", "linear.wasm", "--call", "predict:x").exit_code == 1
