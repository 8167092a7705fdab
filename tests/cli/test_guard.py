"""``wasmstate run --guard``."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_runner import Wasmstate
from models import state_of


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_guard_rolls_back_and_says_so(wasmstate: Wasmstate) -> None:
    wasmstate("models", "new", "linear", "--features", "1", "--lr", "0.5", "-o", "line.wasm")
    rows = "".join(f"{i % 7 / 7},{(-1) ** i * 50}\n" for i in range(120))
    Path("rows.csv").write_text(rows)
    run = ("run", "line.wasm", "update", "--from", "rows.csv", "--persist", "on-close")
    result = wasmstate(*run, "--guard", "loss <= frozen + 0.02")
    first = result.stderr.splitlines()[0]
    assert first.startswith("row 100: rolled back: mean loss ")
    assert first.endswith(" in the last 100 rows, 50 of the state before")
    assert state_of(Path("line.wasm"))["count"] == 20  # the rows after it


def test_a_guard_is_for_update_alone(wasmstate: Wasmstate) -> None:
    wasmstate("models", "new", "linear", "--features", "1", "-o", "line.wasm")
    for call in (("predict", "1"), ("update", "1", "1", "--watch-drift", "page_hinkley")):
        refused = wasmstate("run", "line.wasm", *call, "--guard", "loss < 1")
        assert refused.exit_code == 2
        assert "--guard is for update, without --watch-drift" in refused.stderr
    wrong = wasmstate("run", "line.wasm", "update", "1", "1", "--guard", "los < 1")
    assert wrong.exit_code == 1
    assert "there is no 'los'; there are loss, frozen" in wrong.stderr
