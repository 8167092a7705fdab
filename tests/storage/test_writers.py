"""Writers of one file wait for each other, and none writes over what another has committed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from models import state_of, write_counter
from wasmstate import check

EACH = 50


@contextmanager
def start(count: int, path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """So many adders, each of them ready; none is left when the test is over."""
    script = Path(__file__).with_name("adder.py")
    command = [sys.executable, str(script), str(path), str(EACH)]
    with ExitStack() as stack:
        processes = []
        for _ in range(count):
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            processes.append(process)
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        yield processes


def say_go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


@pytest.mark.parametrize("writers", [2, 4])
def test_no_generation_is_lost_and_a_reader_always_sees_a_whole_state(
    writers: int, tmp_path: Path
) -> None:
    path = write_counter(tmp_path / "model.wasm")
    seen = [0]
    with start(writers, path) as processes:
        for process in processes:
            say_go(process)
        while any(process.poll() is None for process in processes):
            state = state_of(path)
            assert state["total"] == state.generation
            seen.append(state.generation)
        assert [process.returncode for process in processes] == [0] * writers
    assert seen == sorted(seen)
    assert len(set(seen)) > 2
    state = state_of(path)
    assert (state.generation, int(state["total"])) == (writers * EACH, writers * EACH)
    assert check(path) == []
