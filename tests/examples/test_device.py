"""examples/device.mjs: a device in JavaScript that keeps the state of a model in its file."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from node import ROOT, needs_package
from wasmstate import Module, Session, State, check, history, models

DEVICE = ROOT / "examples" / "device.mjs"


def device(path: Path, *calls: list[Any]) -> subprocess.CompletedProcess[str]:
    lines = "".join(json.dumps(call) + "\n" for call in calls)
    words = ["node", str(DEVICE), str(path)]
    return subprocess.run(words, capture_output=True, text=True, input=lines)


@needs_package
def test_a_device_in_javascript_and_python_commit_to_one_file_in_turn(tmp_path: Path) -> None:
    rows = np.random.default_rng(5).normal(size=(24, 3)).tolist()
    both, one = tmp_path / "both.wasm", tmp_path / "one.wasm"
    for path in (both, one):
        path.write_bytes(models.new("linear", features=2).to_bytes())
    both.chmod(0o640)
    for start in range(0, 24, 8):
        with Session.open(both, persist="on-close", keep=3) as session:
            for *x, y in rows[start : start + 4]:
                session.update(x, y)
        done = device(both, *(["update", x, y] for *x, y in rows[start + 4 : start + 8]))
        assert done.stderr == f"generation {start // 4 + 2}\n"
    with Session.open(one) as session:
        for *x, y in rows:
            session.update(x, y)
    assert not check(both)
    assert State.of(Module.open(both)).contents() == State.of(Module.open(one)).contents()
    assert State.of(Module.open(both)).update_count == 24
    assert [each.generation for each in history(both)] == [3, 4, 5, 6]
    assert both.stat().st_mode & 0o777 == 0o640


@needs_package
def test_a_device_commits_nothing_after_a_line_that_the_schema_forbids(tmp_path: Path) -> None:
    path = tmp_path / "line.wasm"
    path.write_bytes(models.new("linear", features=2).to_bytes())
    before = path.read_bytes()
    done = device(path, ["update", [1.0, 2.0], 3.0], ["update", [1.0], 3.0])
    assert done.returncode == 1
    assert "update, argument x: 2 are needed, 1 given" in done.stderr
    assert path.read_bytes() == before
