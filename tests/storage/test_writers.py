"""Writers of one file wait for each other, and none writes over what another has committed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from models import state_of, write_counter
from wasmstate import check

EACH = 50


@pytest.mark.parametrize("writers", [2, 4])
def test_no_generation_is_lost_and_a_reader_always_sees_a_whole_state(
    writers: int, tmp_path: Path
) -> None:
    path = write_counter(tmp_path / "model.wasm")
    script = Path(__file__).with_name("adder.py")
    processes = [
        subprocess.Popen(
            [sys.executable, script, path, str(EACH)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(writers)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    seen = [0]
    while any(process.poll() is None for process in processes):
        state = state_of(path)
        assert state["total"] == state.generation
        seen.append(state.generation)
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert seen == sorted(seen)
    assert len(set(seen)) > 2
    state = state_of(path)
    assert (state.generation, int(state["total"])) == (writers * EACH, writers * EACH)
    assert check(path) == []
