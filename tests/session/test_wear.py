"""What commits write: estimated, kept within a budget, counted, and seen by the kernel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from models import state_of, write_counter
from wasmstate import Session, replace_section
from wasmstate.session.policy import Policy
from wasmstate.session.wear import estimate_wear

STRACE = shutil.which("strace")


@pytest.mark.parametrize(
    ("persist", "commits"),
    [
        ("every-change", 86_400),
        ("every:100", 864),
        ("every:60s", 1440),
        ("every:0.5s", 86_400),
        ("budget:8MB/day", 1000),
        ("budget:1MB/hour", 3000),
        ("budget:1TB/day", 86_400),
    ],
)
def test_a_policy_says_how_often_it_commits(persist: str, commits: float) -> None:
    wear = estimate_wear(5000, persist, 86_400)
    assert wear.bytes_per_commit == 8192
    assert wear.commits_per_day == pytest.approx(commits, rel=0.03)
    assert wear.bytes_per_day == wear.bytes_per_commit * wear.commits_per_day


def test_years_follow_from_the_data_sheet() -> None:
    wear = estimate_wear(4096, "every-change", 1000)
    years = 4096 * 1000 * 100 / 4096 / 1000 / 365.25  # a hundred cycles are a hundred days
    assert wear.years(4096 * 1000, 100) == pytest.approx(years)
    assert wear.years(4096 * 1000, 100, amplification=4) == pytest.approx(years / 4)


@pytest.mark.parametrize("persist", ["on-close", "manual"])
def test_who_closes_sessions_knows_how_often(persist: str) -> None:
    with pytest.raises(ValueError, match="say nothing of how often"):
        estimate_wear(5000, persist, 1)


@pytest.mark.parametrize("persist", ["budget:0MB/day", "budget:2/week", "budget:MB/day", "budget:"])
def test_an_invalid_budget_is_refused(persist: str) -> None:
    with pytest.raises(ValueError, match=re.escape("budget:SIZE/day (as in budget:20MB/day)")):
        Policy.parse(persist)


def test_a_budget_that_is_spent_waits_and_the_end_of_the_session_does_not(tmp_path: Path) -> None:
    path = write_counter(tmp_path / "model.wasm")
    with Session.open(path, persist="budget:1kB/day") as session:
        for _ in range(100):
            session.update(1)
        assert (session.generation, session.commits) == (0, 0)
    assert (session.commits, session.bytes_written) == (1, path.stat().st_size)
    assert int(state_of(path)["total"]) == 100


def test_a_budget_that_is_left_from_before_is_used_at_once(tmp_path: Path) -> None:
    path = write_counter(tmp_path / "model.wasm")
    os.utime(path, (0, 0))
    with Session.open(path, persist="budget:1kB/day") as session:
        session.update(1)
        while session.generation == 0:
            session.predict()
        session.update(1)
        assert session.uncommitted == 1
    assert session.commits == 2


_LEARN = """
import sys
from wasmstate import Session
with Session.open(sys.argv[1]) as session:
    for _ in range(20):
        session.update(1)
print(session.bytes_written)
"""


@pytest.mark.skipif(STRACE is None, reason="no strace: apt-get install strace")
def test_the_kernel_sees_as_many_bytes_as_are_counted(tmp_path: Path) -> None:
    path = write_counter(tmp_path / "model.wasm")
    replace_section(path, "weights", bytes(range(256)) * 200)
    log = tmp_path / "strace"
    calls = "trace=write,pwrite64,writev,copy_file_range,sendfile,ioctl"
    command = [str(STRACE), "-f", "-y", "-o", str(log), "--seccomp-bpf", "-e", calls]
    done = subprocess.run(
        [*command, sys.executable, "-c", _LEARN, str(path)], capture_output=True, text=True
    )
    if done.returncode and "ptrace" in done.stderr:
        pytest.skip("processes may not be traced")
    assert done.returncode == 0, done.stderr
    seen = 0
    for line in log.read_text().splitlines():
        if ".wasmstate-tmp" not in line:
            continue
        result = line.rpartition("= ")[2]
        if "FICLONE" in line and result == "0":
            pytest.skip("the file system shares blocks")
        seen += int(result) if result.isdecimal() else 0
    assert seen == pytest.approx(int(done.stdout), rel=0.05)
