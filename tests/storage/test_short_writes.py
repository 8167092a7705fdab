"""The disk may take less than it is given, and the kernel may not want to copy at all."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from models import state_of, write_counter
from storage.disk import Disk
from wasmstate import Module, NotCommittedError, check, commit
from wasmstate.storage.filesystem import using

NO_COPY = ("ENOSYS", "EXDEV", "EINVAL", "EOPNOTSUPP", "EPERM", "ETXTBSY", "EBADF")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_counter(tmp_path / "model.wasm", values={"total": 1})


def commit_on(disk: Disk, path: Path) -> bytes:
    """Commit on that disk; gives the file as it should be now."""
    twin = path.with_name("twin.wasm")
    twin.write_bytes(path.read_bytes())
    state = state_of(path).with_values({"total": 2})
    commit(twin, state)
    with using(disk):
        commit(path, state)
    return twin.read_bytes()


@pytest.mark.parametrize("chunk", [1, 2, 7, 100, 4096])
def test_short_writes_and_copies_are_continued(chunk: int, path: Path) -> None:
    expected = commit_on(Disk(chunk=chunk), path)
    assert path.read_bytes() == expected
    assert check(path) == []


@pytest.mark.parametrize("name", NO_COPY)
def test_a_kernel_that_does_not_copy_between_these_files_is_not_asked_twice(
    name: str, path: Path
) -> None:
    disk = Disk(fail="copy", error=getattr(errno, name))
    expected = commit_on(disk, path)
    assert disk.failed
    assert path.read_bytes() == expected


def test_a_copy_that_stops_in_the_middle_is_written_from_there(path: Path) -> None:
    disk = Disk(fail="copy", at=3, error=errno.EXDEV, chunk=10)
    expected = commit_on(disk, path)
    assert disk.failed
    assert path.read_bytes() == expected


def test_a_kernel_that_copies_nothing_is_not_believed(path: Path) -> None:
    expected = commit_on(Disk(copied=0), path)
    assert path.read_bytes() == expected


class Sharing(Disk):
    """Shares whole blocks, as XFS and Btrfs do; here by copying them."""

    def clone(self, source: int, target: int, start: int, size: int) -> None:
        position = os.lseek(target, 0, os.SEEK_CUR)
        if any(place % 4096 for place in (start, size, position)):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        os.write(target, os.pread(source, size, start))


def large(path: Path) -> None:
    """Put 10 MB, more than is read at once, in front of the state."""
    weights = bytes(range(251)) * 40_000
    module = Module.open(path).with_custom("weights", weights, index=0)
    path.write_bytes(module.to_bytes())


def test_whole_blocks_of_a_large_file_are_shared(path: Path) -> None:
    large(path)
    disk = Sharing()
    expected = commit_on(disk, path)
    assert path.read_bytes() == expected
    assert disk.log.count("clone temporary") == 1
    assert check(path) == []


def test_what_stands_behind_the_state_is_copied_not_shared(path: Path) -> None:
    large(path)
    behind = Module.open(path).with_custom("more", bytes(range(256)) * 40_000)
    path.write_bytes(behind.to_bytes())
    disk = Sharing()
    expected = commit_on(disk, path)
    assert path.read_bytes() == expected
    assert disk.log.count("clone temporary") == 1
    assert disk.log.count("copy temporary") >= 1
    assert check(path) == []


@pytest.mark.parametrize("name", [*NO_COPY, "ENOTTY"])
def test_where_blocks_cannot_be_shared_they_are_copied(name: str, path: Path) -> None:
    large(path)
    disk = Disk(fail="clone", error=getattr(errno, name))
    expected = commit_on(disk, path)
    assert disk.failed
    assert path.read_bytes() == expected
    assert disk.log.count("copy temporary") == 1


def test_a_disk_that_fails_to_share_is_a_failure(path: Path) -> None:
    large(path)
    with pytest.raises(NotCommittedError):
        commit_on(Disk(fail="clone", error=errno.EIO), path)


def test_a_large_file_is_copied_by_the_kernel_and_only_its_state_written(tmp_path: Path) -> None:
    path = write_counter(tmp_path / "model.wasm", values={"total": 1})
    large(path)
    written = Written()
    expected = commit_on(written, path)
    assert path.read_bytes() == expected
    assert written.bytes < 2000
    assert "copy temporary" in written.log
    assert check(path) == []


class Written(Disk):
    """Counts the bytes that go through this process."""

    bytes = 0

    def write(self, fd: int, data: memoryview) -> int:
        self.bytes += len(data)
        return super().write(fd, data)


def test_a_full_disk_at_every_size_leaves_the_old_file_and_nothing_else(path: Path) -> None:
    commit(path, state_of(path))  # the history is full now: the next one keeps the file's size
    script = Path(__file__).with_name("full_disk.py")
    result = subprocess.run(
        [sys.executable, script, path], check=True, capture_output=True, text=True, timeout=60
    )
    outcomes = json.loads(result.stdout)
    size = path.stat().st_size
    assert [limit for limit, _ in outcomes] == [*range(0, size, 50), size]
    *failures, last = outcomes
    message = "not committed, writing the temporary file failed: File too large"
    assert {each for _, each in failures} == {f"{path}: {message}; the file is what it was"}
    assert last == [size, None]
    assert state_of(path)["total"] == 2
