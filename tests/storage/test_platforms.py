"""What other systems do differently, told by a file system that does as they do."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from models import state_of, write_counter
from storage.disk import Disk
from wasmstate import DurabilityUnknownError, Module, NotCommittedError, commit
from wasmstate.storage import write_new
from wasmstate.storage.filesystem import using


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_counter(tmp_path / "model.wasm", values={"total": 1})


class Windows(Disk):
    """Nothing that is open is renamed or replaced, folders are not synced, files not locked.

    Args:
        busy: how many renames find the file open by somebody else.
        winerror: what they fail with.
    """

    replaces_open_files = False
    has_folder_sync = False
    has_locks = False

    def __init__(self, *, busy: int = 0, winerror: int = 32) -> None:
        super().__init__()
        self.pauses: list[float] = []
        self._busy = busy
        self._winerror = winerror
        self._open: set[int] = set()

    def call(self, name: str, real: Any, *args: Any, **options: Any) -> Any:
        assert name not in ("lock", "unlock", "open_folder"), name
        if name == "rename":
            assert not self._open
            self._busy -= 1
            if self._busy >= 0:
                error = PermissionError(errno.EACCES, "somebody has it open")
                error.winerror = self._winerror  # type: ignore[attr-defined]
                raise error
        result = super().call(name, real, *args, **options)
        if name in ("open", "create"):
            self._open.add(result)
        if name == "close":
            self._open.remove(args[0])
        return result

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


def test_windows_no_file_is_open_when_it_is_renamed_or_replaced(path: Path) -> None:
    with using(Windows()):
        committed = commit(path, state_of(path).with_values({"total": 2}))
        write_new(path.with_name("new.wasm"), Module.open(path))
    assert state_of(path).to_content() == committed.to_content()
    assert path.with_name("new.wasm").read_bytes() == path.read_bytes()
    assert sorted(os.listdir(path.parent)) == ["model.wasm", "new.wasm"]


@pytest.mark.parametrize("winerror", [5, 32, 33])
def test_windows_a_file_that_somebody_has_open_is_tried_again(winerror: int, path: Path) -> None:
    disk = Windows(busy=3, winerror=winerror)
    with using(disk):
        commit(path, state_of(path))
    assert disk.pauses == [0.01, 0.02, 0.04]
    assert state_of(path).generation == 1


def test_windows_a_file_that_stays_open_is_not_waited_for_longer_than_two_seconds(
    path: Path,
) -> None:
    disk = Windows(busy=100)
    with using(disk), pytest.raises(NotCommittedError) as caught:
        commit(path, state_of(path))
    assert str(caught.value) == (
        f"{path}: not committed, renaming it failed: somebody has it open; the file is what it was"
    )
    assert 1 < sum(disk.pauses) < 2
    assert os.listdir(path.parent) == ["model.wasm"]


def test_windows_another_error_is_not_tried_again(path: Path) -> None:
    disk = Windows(busy=1, winerror=112)  # ERROR_DISK_FULL
    with using(disk), pytest.raises(NotCommittedError):
        commit(path, state_of(path))
    assert disk.pauses == []


class MacOS(Disk):
    """``fsync`` is not enough; where there is no other call, that fails with an errno."""

    has_full_fsync = True

    def __init__(self, error: int = 0, at: int = 1) -> None:
        super().__init__(fail="full_fsync" if error else "", at=at, error=error)

    def full_fsync(self, fd: int) -> None:
        os.fsync(fd)


def syncs(disk: Disk) -> list[str]:
    return [entry for entry in disk.log if "fsync" in entry]


def test_macos_syncs_through_the_drives_cache(path: Path) -> None:
    disk = MacOS()
    with using(disk):
        commit(path, state_of(path))
    assert syncs(disk) == ["full_fsync temporary", "full_fsync folder"]


@pytest.mark.parametrize("error", [errno.ENOTSUP, errno.EINVAL])
def test_macos_falls_back_where_the_file_system_has_no_such_call(error: int, path: Path) -> None:
    disk = MacOS(error)
    with using(disk):
        commit(path, state_of(path))
    assert syncs(disk) == ["full_fsync temporary", "fsync temporary", "full_fsync folder"]


def test_macos_an_error_of_the_disk_goes_through(path: Path) -> None:
    disk = MacOS(errno.EIO)
    with using(disk), pytest.raises(NotCommittedError):
        commit(path, state_of(path))
    assert syncs(disk) == ["full_fsync temporary"]
    disk = MacOS(errno.EIO, at=2)
    with using(disk), pytest.raises(DurabilityUnknownError):
        commit(path, state_of(path))
    assert syncs(disk) == ["full_fsync temporary", "full_fsync folder"]


@pytest.mark.parametrize("call", ["open_folder", "fsync"])
def test_a_folder_that_cannot_be_synced_there_is_told(call: str, path: Path) -> None:
    """Some network and FUSE file systems know no such call."""
    with (
        using(Disk(fail=call, at=2 if call == "fsync" else 1, error=errno.EINVAL)),
        pytest.raises(DurabilityUnknownError) as caught,
    ):
        commit(path, state_of(path))
    assert str(caught.value) == (
        f"{path}: committed, but syncing its folder failed (Invalid argument); "
        "until the system syncs it, a power cut may bring the old file back"
    )
    assert state_of(path).generation == 1
