"""A commit that is cut off at any system call leaves S1 or S2, whole, and says which."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from models import state_of, write_counter
from storage.disk import Disk, short
from wasmstate import DurabilityUnknownError, NotCommittedError, check, commit
from wasmstate.storage.filesystem import using
from wasmstate.storage.replace import Durability
from wasmstate.storage.temporary import sweep

COMMIT = (
    *("open", "lock", "fstat", "stat", "list", "create", "copy", "write", "list_xattrs"),
    *(
        "has_unreadable_xattrs",
        "chmod",
        "fsync",
        "exchange",
        "unlink",
        "is_fat",
        "close",
        "open_folder",
        "unlock",
    ),
)
"""Every call of a commit in which nothing is out of the ordinary."""
ERRORS = (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EPERM)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_counter(tmp_path / "model.wasm", values={"total": 1})


def commit_on(disk: Disk, path: Path, total: int = 2) -> None:
    with using(disk):
        commit(path, state_of(path).with_values({"total": total}))


def does_not_matter(disk: Disk, error: int) -> bool:
    """Whether a failure only means that there is another way, or comes when all is done."""
    if disk.failed in ("copy temporary", "exchange temporary over file"):
        return error == errno.EPERM
    after = ("unlink temporary", "unlock temporary", "unlock file", "close file")
    return disk.failed in after


@pytest.mark.parametrize("error", ERRORS, ids=[errno.errorcode[error] for error in ERRORS])
@pytest.mark.parametrize("call", COMMIT)
def test_whichever_call_fails_the_file_holds_the_old_state_or_the_new_one(
    call: str, error: int, path: Path
) -> None:
    for at in range(1, 10):
        before = state_of(path)
        total = int(before["total"]) + 1
        disk = Disk(fail=call, at=at, error=error)
        raised: BaseException | None = None
        try:
            commit_on(disk, path, total)
        except (NotCommittedError, DurabilityUnknownError) as caught:
            raised = caught
        if disk.failed == "unlink temporary":  # the old file stays until the next commit
            (left,) = check(path)
            assert left.reason.endswith(f"it is whole, generation {before.generation}")
            assert sweep(path) == [Path(left.path)]
        assert check(path) == []
        assert os.listdir(path.parent) == ["model.wasm"]
        after = state_of(path)
        if isinstance(raised, NotCommittedError):
            assert (after.generation, int(after["total"])) == (before.generation, total - 1)
        else:
            assert (after.generation, int(after["total"])) == (before.generation + 1, total)
        if not disk.failed or does_not_matter(disk, error):
            assert raised is None
        else:
            late = "exchange temporary over file" in disk.log and call not in ("exchange", "stat")
            assert type(raised) is (DurabilityUnknownError if late else NotCommittedError)
            assert isinstance(raised.__cause__, OSError)
            assert raised.__cause__.errno == error
        if not disk.failed:
            assert at > 1
            return
    pytest.fail("never came to an end")


def test_the_calls_come_in_the_order_that_a_power_cut_asks_for(path: Path) -> None:
    disk = Disk()
    commit_on(disk, path)
    assert {entry.split()[0] for entry in disk.log} - {"write_error"} == set(COMMIT)
    assert short(disk.log) == [
        "open file",
        "lock file",
        "fstat file",
        "stat file",
        "list folder",
        "fstat file",
        "write_error file",
        "create temporary",
        "lock temporary",
        "fstat temporary",
        "stat temporary",
        "copy temporary",
        "write temporary",
        "fstat file",
        "fstat temporary",
        "list_xattrs file",
        "list_xattrs temporary",
        "has_unreadable_xattrs file",
        "fstat temporary",
        "chmod temporary",
        "fsync temporary",
        "fstat file",
        "stat file",
        "fstat file",
        "exchange temporary over file",
        "stat temporary",
        "unlink temporary",
        "is_fat temporary",
        "unlock temporary",
        "close temporary",
        "open_folder folder",
        "fsync folder",
        "close folder",
        "unlock file",
        "close file",
    ]


@pytest.mark.parametrize(
    ("durability", "synced"),
    [("full", ["temporary", "folder"]), ("ordered", ["temporary"]), ("none", [])],
)
def test_durability_says_what_is_synced(
    durability: Durability, synced: list[str], path: Path
) -> None:
    disk = Disk()
    state = state_of(path)
    with using(disk):
        commit(path, state, durability=durability)
    assert [entry for entry in disk.log if entry.startswith("fsync")] == [
        f"fsync {target}" for target in synced
    ]


@pytest.mark.parametrize("at", [1, 2])
def test_a_sync_that_failed_is_never_tried_again(at: int, path: Path) -> None:
    disk = Disk(fail="fsync", at=at, error=errno.EIO)
    with pytest.raises((NotCommittedError, DurabilityUnknownError)):
        commit_on(disk, path)
    assert [entry for entry in disk.log if entry.startswith("fsync")] == [
        "fsync temporary",
        "fsync folder",
    ][:at]


@pytest.mark.parametrize(
    ("call", "step"),
    [
        ("create", "creating a temporary file in the same folder"),
        ("write", "writing the temporary file"),
        ("copy", "writing the temporary file"),
        ("chmod", "setting its permissions"),
        ("fsync", "syncing it"),
        ("exchange", "renaming it"),
    ],
)
def test_the_error_names_the_step_and_says_that_the_old_file_is_there(
    call: str, step: str, path: Path
) -> None:
    with pytest.raises(NotCommittedError) as caught:
        commit_on(Disk(fail=call, error=errno.ENOSPC), path)
    assert str(caught.value) == (
        f"{path}: not committed, {step} failed: No space left on device; the file is what it was"
    )


def test_a_folder_that_cannot_be_synced_is_an_outcome_of_its_own(path: Path) -> None:
    with pytest.raises(DurabilityUnknownError) as caught:
        commit_on(Disk(fail="fsync", at=2, error=errno.EIO), path)
    assert str(caught.value) == (
        f"{path}: committed, but syncing its folder failed (Input/output error); "
        "until the system syncs it, a power cut may bring the old file back"
    )


def test_an_interrupt_in_the_middle_leaves_the_old_file_alone(path: Path) -> None:
    before = path.read_bytes()

    class Interrupted(Disk):
        def fsync(self, fd: int) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        commit_on(Interrupted(), path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["model.wasm"]


def test_an_interrupt_after_the_rename_does_not_keep_the_lock(path: Path) -> None:
    class Interrupted(Disk):
        def close(self, fd: int) -> None:
            super().close(fd)
            raise KeyboardInterrupt

    with using(Interrupted()), pytest.raises(KeyboardInterrupt):
        commit_on(Interrupted(), path)
    assert state_of(path)["total"] == 2
    commit(path, state_of(path))
    assert os.listdir(path.parent) == ["model.wasm"]


def test_a_temporary_file_that_cannot_be_removed_does_not_hide_the_reason(path: Path) -> None:
    class Stuck(Disk):
        def unlink(self, path: Path) -> None:
            raise PermissionError

    with pytest.raises(NotCommittedError) as caught:
        commit_on(Stuck(fail="fsync", error=errno.EIO), path)
    assert str(caught.value) == (
        f"{path}: not committed, syncing it failed: Input/output error; the file is what it was"
    )
    (finding,) = check(path)
    assert finding.reason == (
        "left by a writer that was ended in the middle of a commit; "
        "it is whole, generation 1, newer than the 0 of the file"
    )
    commit(path, state_of(path))
    assert check(path) == []
