"""Writers of one file wait for each other, and none writes over what another has committed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from models import state_of, write_counter
from support import THOROUGH
from wasmstate import StateConflictError, check, commit
from wasmstate.storage.filesystem import FileSystem, using


@contextmanager
def start(
    count: int, each: int, durability: str, path: Path
) -> Iterator[list[subprocess.Popen[str]]]:
    """So many adders, each of them ready; none is left when the test is over."""
    script = Path(__file__).with_name("adder.py")
    command = [sys.executable, str(script), str(path), str(each), durability]
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


@pytest.mark.parametrize(
    ("writers", "each", "durability"),
    [(2, 50, "full"), (4, 1000 if THOROUGH else 200, "none")],
)
def test_no_generation_is_lost_and_a_reader_always_sees_a_whole_state(
    writers: int, each: int, durability: str, tmp_path: Path
) -> None:
    path = write_counter(tmp_path / "model.wasm")
    seen = [0]
    with start(writers, each, durability, path) as processes:
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
    assert (state.generation, int(state["total"])) == (writers * each, writers * each)
    assert check(path) == []


class Overtaken(FileSystem):
    """While the lock is waited for, another writer commits."""

    def __init__(self, path: Path) -> None:
        self._path: Path | None = path

    def lock(self, fd: int, *, wait: bool) -> bool:
        path, self._path = self._path, None
        if path is not None:
            with using(FileSystem()):
                commit(path, state_of(path).with_values({"total": 100}))
        return super().lock(fd, wait=wait)


class Trusting(Overtaken):
    """The file that the lock was taken on is not looked at again."""

    def fstat(self, fd: int) -> os.stat_result:
        self._last = super().fstat(fd)
        return self._last

    def stat(self, path: Path) -> os.stat_result:
        return self._last


def test_a_writer_that_was_overtaken_is_told_both_generations(tmp_path: Path) -> None:
    path = write_counter(tmp_path / "model.wasm")
    with using(Overtaken(path)), pytest.raises(StateConflictError) as caught:
        commit(path, state_of(path).with_values({"total": 1}))
    assert (caught.value.expected, caught.value.found) == (0, 1)
    assert state_of(path)["total"] == 100


def test_without_a_second_look_at_the_file_a_commit_would_be_lost(tmp_path: Path) -> None:
    """The bug, planted: the lock is that of a file which is no longer there."""
    path = write_counter(tmp_path / "model.wasm")
    with using(Trusting(path)):
        commit(path, state_of(path).with_values({"total": 1}))
    assert (state_of(path).generation, int(state_of(path)["total"])) == (1, 1)
