"""A writer that is killed at any moment leaves the state before or the state after, whole."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import numpy as np

from models import state_of, write_model
from support import THOROUGH
from wasmstate import Finding, Module, check, commit

KILLS = 2000 if THOROUGH else 200
COMMITS = 8  # that a child makes at most, more or less, before it is killed
MODEL = '(module (memory (export "memory") 2 2) (func (export "update")))'


class Committer:
    """The script committer.py, and what it says."""

    def __init__(self, path: Path) -> None:
        script = Path(__file__).with_name("committer.py")
        self._process = subprocess.Popen(
            [sys.executable, script, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        self._out = self._process.stdout.fileno()
        self._said = b""
        self._child = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        """Let it come to its end, and its child, if a failed test left one."""
        if self._child:
            os.kill(self._child, signal.SIGKILL)
        self._process.communicate(timeout=60)

    def run_and_kill(self, seconds: float) -> list[int]:
        """Start a child, kill it after so many seconds; gives the generations it reported."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"go\n")
        self._process.stdin.flush()
        while b"\n" not in self._said:
            self._listen(60)
        self._child = int(self._said.split()[0])
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._listen(left)
        os.kill(self._child, signal.SIGKILL)
        self._child = 0
        while b"dead\n" not in self._said:
            self._listen(60)
        _, *generations, _ = self._said.split()
        self._said = b""
        return [int(generation) for generation in generations]

    def _listen(self, seconds: float) -> None:
        if select.select([self._out], [], [], seconds)[0]:
            self._said += os.read(self._out, 1 << 16)


def is_leftover(finding: Finding) -> bool:
    return finding.severity == "warning" and finding.path.endswith(".wasmstate-tmp")


def seconds_of_a_commit(path: Path) -> float:
    start = time.monotonic()
    for _ in range(10):
        state = state_of(path)
        weights = np.full(8192, state.generation + 1, np.int64)
        commit(path, state.with_values({"weights": weights}))
    return (time.monotonic() - start) / 10


def test_after_kill_9_the_file_holds_the_last_state_reported_or_the_one_after(
    tmp_path: Path,
) -> None:
    path = write_model(tmp_path / "model.wasm", MODEL, "weights:i64[8192]@0")
    path.write_bytes(Module.open(path).with_custom("code", bytes(500_000), index=0).to_bytes())
    longest = COMMITS * seconds_of_a_commit(path)
    moments = random.Random(20261123)
    last, leftovers = state_of(path).generation, 0
    with Committer(path) as committer:
        for _ in range(KILLS):
            reported = committer.run_and_kill(moments.uniform(0, longest))
            last = reported[-1] if reported else last
            findings = check(path)
            assert [finding for finding in findings if not is_leftover(finding)] == []
            state = state_of(path)
            assert state.generation in (last, last + 1)
            assert np.all(state["weights"] == state.generation)
            leftovers += len(findings)
            weights = np.full(8192, state.generation + 1, np.int64)
            last = commit(path, state.with_values({"weights": weights})).generation
            assert check(path) == []
            assert os.listdir(tmp_path) == ["model.wasm"]
    print(f"{KILLS} kills, {last} generations, {leftovers} leftovers")  # noqa: T201
    assert leftovers > KILLS // 20, "too few were killed in the middle of a commit"
