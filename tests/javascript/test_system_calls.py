"""What the kernel sees of a commit of Node: its calls in order; each may fail, or be the last."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from models import copy_fixture, state_of
from node import link_package, needs_package
from wasmstate import Session, check

STRACE = shutil.which("strace")
pytestmark = [needs_package, pytest.mark.skipif(STRACE is None, reason="strace is not installed")]

SCRIPT = """
    import { open } from "wasmstate";
    import { FileStore } from "wasmstate/node";
    const model = await open(new FileStore("welford.wasm"), { persist: "manual" });
    await model.update(3);
    await model.commit().then(
      () => console.log("committed"),
      (error) => console.log(`${error.code}: ${error.message}`),
    );
"""
CALLS = "openat,write,fchmod,flock,fsync,rename,unlink"
TEMPORARY = re.compile(r"\.welford\.wasm\.[0-9a-f]{16}\.wasmstate-tmp")


@dataclass
class Traced:
    """A commit under strace: what the program says, and its calls that touch the folder."""

    path: Path
    said: str
    calls: list[str]


def commit_in_node(folder: Path, *inject: str) -> Traced:
    """Commit, and let system calls go wrong as strace's ``inject`` says."""
    path = copy_fixture("welford", folder)
    link_package(folder)
    trace = folder.parent / f"{folder.name}.strace"
    options = ["-f", "-qq", "-y", "-o", str(trace), "-e", f"trace={CALLS}"]
    for each in inject:
        options += ["-e", f"inject={each}"]
    done = subprocess.run(
        [str(STRACE), *options, "node", "--input-type=module", "-e", SCRIPT],
        cwd=folder,
        env={**os.environ, "UV_THREADPOOL_SIZE": "1"},  # strace counts the calls of each thread
        capture_output=True,
        text=True,
    )
    return Traced(path, done.stdout.strip(), calls_of(trace.read_text(), folder))


def calls_of(trace: str, folder: Path) -> list[str]:
    """Calls that write to the folder or lock what is in it: ``rename temporary``."""
    found = []
    for line in trace.splitlines():
        call = re.match(r"\d+ +(\w+)\((.*)", line)
        if call is None or str(folder) not in call[2] or "node_modules" in call[2]:
            continue
        if call[1] == "openat" and "O_CREAT" not in call[2]:
            continue
        target = "folder"
        if TEMPORARY.search(call[2]):
            target = "temporary"
        elif "welford.wasm" in call[2]:
            target = "model"
        found.append(f"{call[1]} {target}")
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a model, and of nothing else."""
    made = tmp_path / "folder"
    made.mkdir()
    return made


def test_the_new_file_is_synced_before_it_is_renamed_and_the_folder_after(folder: Path) -> None:
    done = commit_in_node(folder)
    assert done.said == "committed"
    assert done.calls == [
        "flock model",
        "openat temporary",
        "write temporary",
        "fchmod temporary",
        "fsync temporary",
        "rename temporary",
        "fsync folder",
    ]


@pytest.mark.parametrize(
    ("inject", "said"),
    [
        ("flock:error=ENOLCK", "not-committed: .*its lock cannot be taken: .*No locks available"),
        ("fchmod:error=EPERM", "not-committed: .*EPERM"),
        ("fsync:error=EIO:when=1", "not-committed: .*EIO"),
        ("rename:error=EIO", "not-committed: .*EIO"),
    ],
)
def test_a_call_that_fails_leaves_the_old_file_and_nothing_beside_it(
    folder: Path, inject: str, said: str
) -> None:
    done = commit_in_node(folder, inject)
    assert re.match(said, done.said)
    assert state_of(done.path).generation == 0
    assert model_files(folder) == ["welford.wasm"]
    if inject.startswith("fsync"):
        assert done.calls.count("fsync temporary") == 1, "a failed sync is never tried again"


def test_a_folder_that_cannot_be_synced_is_told_apart(folder: Path) -> None:
    done = commit_in_node(folder, "fsync:error=EIO:when=2")
    assert done.said.startswith("durability-unknown: ")
    assert state_of(done.path).generation == 1
    assert model_files(folder) == ["welford.wasm"]


@pytest.mark.parametrize(
    ("inject", "generation", "left"),
    [
        ("fchmod:signal=KILL", 0, 1),
        ("fsync:signal=KILL:when=1", 0, 1),
        ("fsync:signal=KILL:when=2", 1, 0),
    ],
)
def test_a_writer_that_is_killed_leaves_the_old_file_or_the_new_one(
    folder: Path, inject: str, generation: int, left: int
) -> None:
    done = commit_in_node(folder, inject)
    assert done.said == ""
    assert state_of(done.path).generation == generation
    assert len(check(done.path)) == left == len(model_files(folder)) - 1
    with Session.open(done.path) as session:
        session.update(5.0)
    assert not check(done.path)
    assert model_files(folder) == ["welford.wasm"]


def model_files(folder: Path) -> list[str]:
    """The files beside the link to the package."""
    return sorted(name for name in os.listdir(folder) if name != "node_modules")
