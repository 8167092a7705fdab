"""What the kernel sees: nothing writes past the port, and whatever fails or kills leaves S1 or S2.

Needs strace, which works without root where processes may be traced.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from models import state_of, write_counter
from support import THOROUGH
from wasmstate import check, commit

STRACE = shutil.which("strace")
ERRORS = ("EIO", "ENOSPC", "EDQUOT", "EPERM")
TESTS = Path(__file__).resolve().parents[1]

# Calls that change nothing on the disk. Whatever else touches the folder must come from the port.
READING = re.compile(
    r"(new)?fstat(at)?|l?stat|statx|readlink(at)?|p?read(v|64)?|lseek|getdents64|f?getxattr"
    r"|f?listxattr|close|faccessat2?|access|fcntl|dup|getcwd|fadvise64|fstatfs|execve"
)
# What the port's calls that change something look like to the kernel.
KERNEL = {
    "create": "openat",
    "write": "write",
    "clone": "ioctl",
    "copy": "copy_file_range",
    "chown": "fchown",
    "chmod": "fchmod",
    "set_xattr": "fsetxattr",
    "fsync": "fsync",
    "rename": "rename",
    "exchange": "renameat2",
    "link": "link",
    "unlink": "unlink",
    "lock": "flock",
    "unlock": "flock",
}


@dataclass(frozen=True)
class Call:
    """A system call that touched the folder.

    Attributes:
        name: of the call.
        at: the how-many-eth call of that name it was, of those of the process.
        text: as strace writes it.
    """

    name: str
    at: int
    text: str

    @property
    def reads(self) -> bool:
        if self.name == "openat":
            return not re.search(r"O_(WRONLY|RDWR|CREAT|TRUNC|APPEND)", self.text)
        return READING.fullmatch(self.name) is not None


class Committer:
    """The script traced.py, and strace beside it."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("traced.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        )

    def close(self) -> None:
        """Let it come to its end."""
        self._process.communicate(timeout=60)

    def commit(self, path: Path, *options: str) -> tuple[dict[str, Any], list[Call]]:
        """Commit to a file; gives what the child says, and its calls that touched the folder."""
        assert STRACE is not None
        child = self._say(str(path))
        command = [STRACE, "-p", child, "-y", "-s", "8", "-o", str(self._log), *options]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
            assert tracer.stderr is not None
            attached = tracer.stderr.readline()
            said = self._say("go")
            if said != "dead":
                assert self._listen() == "dead"
            tracer.wait(60)
        if "attached" not in attached:
            pytest.skip(f"processes may not be traced here: {attached}")
        outcome = {"outcome": "killed", "calls": []} if said == "dead" else json.loads(said)
        return outcome, _calls(self._log.read_text(), path.parent)

    def _say(self, text: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()
        return self._listen()

    def _listen(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip("\n")


def _calls(log: str, folder: Path) -> list[Call]:
    counts: Counter[str] = Counter()
    calls = []
    for line in log.splitlines():
        name = re.match(r"(\w+)\(", line)
        if name is None:
            continue
        counts[name[1]] += 1
        if str(folder) in line:
            calls.append(Call(name[1], counts[name[1]], line))
    return calls


def new_model(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return write_counter(folder / "model.wasm", values={"total": 1})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if STRACE is None:
        pytest.skip("strace is not installed")
    return tmp_path_factory.mktemp("strace") / "models"


@pytest.fixture(scope="module")
def committer(folder: Path) -> Iterator[Committer]:
    committer = Committer(folder.parent / "strace.log")
    yield committer
    committer.close()


@pytest.fixture(scope="module")
def calls(folder: Path, committer: Committer) -> list[Call]:
    """Every call of a commit that touches the folder."""
    said, calls = committer.commit(new_model(folder))
    assert said["outcome"] == "committed"
    return calls


def test_nothing_changes_the_folder_past_the_port(folder: Path, committer: Committer) -> None:
    said, calls = committer.commit(new_model(folder))
    recorded = [KERNEL[name] for name in said["calls"] if name in KERNEL]
    assert [call.name for call in calls if not call.reads] == recorded
    assert {"openat", "write", "fsync", "renameat2", "flock"} <= set(recorded)


def expected(call: Call, calls: list[Call], error: str) -> str:
    """How a commit ends in which a call fails."""
    place = calls.index(call)
    renamed = next(i for i, each in enumerate(calls) if each.name == "renameat2")
    unlock = max(i for i, each in enumerate(calls) if each.name == "flock")
    unlocks = "LOCK_UN" in call.text
    if place >= unlock or unlocks or call.name in ("unlink", "fstatfs"):
        return "committed"
    if call.name == "renameat2" and error == "EPERM":
        return "committed"
    if call.name == "copy_file_range" and error == "EPERM":
        return "committed"
    if place == renamed + 1:  # what came back cannot be looked at: it is put back
        return "NotCommittedError"
    if place > renamed:
        return "DurabilityUnknownError"
    if call.name == "close":  # of what was only read
        return "committed"
    return "NotCommittedError"


def test_whichever_call_fails_the_outcome_is_told_rightly(
    folder: Path, committer: Committer, calls: list[Call]
) -> None:
    for i, call in enumerate(calls):
        for error in ERRORS if THOROUGH else [ERRORS[i % len(ERRORS)]]:
            path = new_model(folder)
            inject = f"inject={call.name}:error={error}:when={call.at}"
            said, seen = committer.commit(path, "-e", f"trace={call.name}", "-e", inject)
            where = f"{call} {error}"
            assert any("(INJECTED)" in each.text for each in seen), where
            assert said["outcome"] == expected(call, calls, error), where
            if call.name == "unlink":
                commit(path, state_of(path))  # it removes the old file
            assert check(path) == [], where
            total = 1 if said["outcome"] == "NotCommittedError" else 2
            assert state_of(path)["total"] == total, where
            assert os.listdir(folder) == ["model.wasm"], where


def test_whichever_call_kills_the_file_holds_one_of_both_states(
    folder: Path, committer: Committer, calls: list[Call]
) -> None:
    renamed = next(i for i, each in enumerate(calls) if each.name == "renameat2")
    for i, call in enumerate(calls):
        path = new_model(folder)
        inject = f"inject={call.name}:signal=KILL:when={call.at}"
        said, _ = committer.commit(path, "-e", f"trace={call.name}", "-e", inject)
        assert said["outcome"] == "killed", call
        leftovers = check(path)
        assert all(each.path.endswith(".wasmstate-tmp") for each in leftovers), call
        total = int(state_of(path)["total"])
        assert total in ((1,) if i < renamed else (1, 2) if i == renamed else (2,)), call
        commit(path, state_of(path).with_values({"total": total + 1}))
        assert check(path) == [], call
        assert os.listdir(folder) == ["model.wasm"], call


def test_the_errors_are_those_of_this_system() -> None:
    assert all(hasattr(errno, name) for name in ERRORS)
