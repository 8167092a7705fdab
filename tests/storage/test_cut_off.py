"""A commit that is cut off at any system call leaves S1 or S2, whole, and says which."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from models import state_of, write_counter
from storage.disk import CALLS, Disk, short
from wasmstate import DurabilityUnknownError, NotCommittedError, check, commit
from wasmstate.storage import replace
from wasmstate.storage.replace import Durability

ERRORS = (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EPERM)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_counter(tmp_path / "model.wasm", values={"total": 1})


def commit_on(disk: Disk, path: Path, patch: pytest.MonkeyPatch, total: int = 2) -> None:
    with patch.context() as context:
        context.setattr(replace, "os", disk)
        commit(path, state_of(path).with_values({"total": total}))


@pytest.mark.parametrize("error", ERRORS, ids=[errno.errorcode[error] for error in ERRORS])
@pytest.mark.parametrize("call", CALLS)
def test_whichever_call_fails_the_file_holds_the_old_state_or_the_new_one(
    call: str, error: int, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(1, 10):
        before = state_of(path)
        total = int(before["total"]) + 1
        disk = Disk(fail=call, at=at, error=error)
        raised: BaseException | None = None
        try:
            commit_on(disk, path, monkeypatch, total)
        except (NotCommittedError, DurabilityUnknownError) as caught:
            raised = caught
        assert check(path) == []
        assert os.listdir(path.parent) == ["model.wasm"]
        after = state_of(path)
        if isinstance(raised, NotCommittedError):
            assert (after.generation, int(after["total"])) == (before.generation, total - 1)
        else:
            assert (after.generation, int(after["total"])) == (before.generation + 1, total)
        if disk.failed and (call, error) != ("copy_file_range", errno.EPERM):
            late = disk.log.count("replace temporary over file") and call != "replace"
            assert type(raised) is (DurabilityUnknownError if late else NotCommittedError)
            assert isinstance(raised.__cause__, OSError)
            assert raised.__cause__.errno == error
        else:
            assert raised is None
        if not disk.failed:
            assert at > 1
            return
    pytest.fail("never came to an end")


def test_the_calls_come_in_the_order_that_a_power_cut_asks_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk()
    commit_on(disk, path, monkeypatch)
    assert short(disk.log) == [
        "open temporary",
        "copy_file_range temporary",
        "write temporary",
        "fstat temporary",
        "fchmod temporary",
        "fsync temporary",
        "close temporary",
        "replace temporary over file",
        "open folder",
        "fsync folder",
        "close folder",
    ]


@pytest.mark.parametrize(
    ("durability", "synced"),
    [("full", ["temporary", "folder"]), ("ordered", ["temporary"]), ("none", [])],
)
def test_durability_says_what_is_synced(
    durability: Durability, synced: list[str], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk()
    state = state_of(path)
    monkeypatch.setattr(replace, "os", disk)
    commit(path, state, durability=durability)
    assert [entry for entry in disk.log if entry.startswith("fsync")] == [
        f"fsync {target}" for target in synced
    ]


@pytest.mark.parametrize("at", [1, 2])
def test_a_sync_that_failed_is_never_tried_again(
    at: int, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(fail="fsync", at=at, error=errno.EIO)
    with pytest.raises((NotCommittedError, DurabilityUnknownError)):
        commit_on(disk, path, monkeypatch)
    assert [entry for entry in disk.log if entry.startswith("fsync")] == [
        "fsync temporary",
        "fsync folder",
    ][:at]


@pytest.mark.parametrize(
    ("call", "step"),
    [
        ("open", "creating a temporary file in the same folder"),
        ("write", "writing the temporary file"),
        ("copy_file_range", "writing the temporary file"),
        ("fchmod", "setting its permissions"),
        ("fsync", "syncing it"),
        ("replace", "renaming it"),
    ],
)
def test_the_error_names_the_step_and_says_that_the_old_file_is_there(
    call: str, step: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotCommittedError) as caught:
        commit_on(Disk(fail=call, error=errno.ENOSPC), path, monkeypatch)
    assert str(caught.value) == (
        f"{path}: not committed, {step} failed: No space left on device; the file is what it was"
    )


def test_a_folder_that_cannot_be_synced_is_an_outcome_of_its_own(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DurabilityUnknownError) as caught:
        commit_on(Disk(fail="fsync", at=2, error=errno.EIO), path, monkeypatch)
    assert str(caught.value) == (
        f"{path}: committed, but syncing its folder failed (Input/output error); "
        "until the system syncs it, a power cut may bring the old file back"
    )


def test_an_interrupt_in_the_middle_leaves_the_old_file_alone(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()

    class Interrupted(Disk):
        def __getattr__(self, name: str) -> object:
            if name == "fsync":
                raise KeyboardInterrupt
            return super().__getattr__(name)

    with pytest.raises(KeyboardInterrupt):
        commit_on(Interrupted(), path, monkeypatch)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["model.wasm"]


def test_a_temporary_file_that_cannot_be_removed_does_not_hide_the_reason(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stuck(Disk):
        def __getattr__(self, name: str) -> object:
            if name == "unlink":
                return lambda _: os.unlink("/nowhere/to/be/found")
            return super().__getattr__(name)

    with pytest.raises(NotCommittedError) as caught:
        commit_on(Stuck(fail="fsync", error=errno.EIO), path, monkeypatch)
    assert str(caught.value) == (
        f"{path}: not committed, syncing it failed: Input/output error; the file is what it was"
    )
    assert [finding.reason for finding in check(path)] == [
        "left by a writer that was ended in the middle of a commit"
    ]
    commit(path, state_of(path))
    assert check(path) == []
