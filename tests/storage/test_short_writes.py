"""The disk may take less than it is given, and the kernel may not want to copy at all."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest

from models import state_of, write_counter
from storage.disk import Disk
from wasmstate import Module, check, commit
from wasmstate.storage import replace

NO_COPY = ("ENOSYS", "EXDEV", "EINVAL", "EOPNOTSUPP", "EPERM", "ETXTBSY", "EBADF")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_counter(tmp_path / "model.wasm", values={"total": 1})


def commit_on(disk: Disk, path: Path, patch: pytest.MonkeyPatch) -> bytes:
    """Commit on that disk; gives the file as it should be now."""
    twin = path.with_name("twin.wasm")
    twin.write_bytes(path.read_bytes())
    state = state_of(path).with_values({"total": 2})
    commit(twin, state)
    with patch.context() as context:
        context.setattr(replace, "os", disk)
        commit(path, state)
    return twin.read_bytes()


@pytest.mark.parametrize("chunk", [1, 2, 7, 100, 4096])
def test_short_writes_and_copies_are_continued(
    chunk: int, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = commit_on(Disk(chunk=chunk), path, monkeypatch)
    assert path.read_bytes() == expected
    assert check(path) == []


@pytest.mark.parametrize("name", NO_COPY)
def test_a_kernel_that_does_not_copy_between_these_files_is_not_asked_twice(
    name: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(fail="copy_file_range", error=getattr(errno, name))
    expected = commit_on(disk, path, monkeypatch)
    assert disk.failed
    assert path.read_bytes() == expected


def test_a_copy_that_stops_in_the_middle_is_written_from_there(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(fail="copy_file_range", at=3, error=errno.EXDEV, chunk=10)
    expected = commit_on(disk, path, monkeypatch)
    assert disk.failed
    assert path.read_bytes() == expected


def test_a_kernel_that_copies_nothing_is_not_believed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = commit_on(Disk(copied=0), path, monkeypatch)
    assert path.read_bytes() == expected


def test_a_system_without_copy_file_range_writes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Without(Disk):
        def __getattr__(self, name: str) -> object:
            if name == "copy_file_range":
                raise AttributeError(name)
            return super().__getattr__(name)

    disk = Without()
    expected = commit_on(disk, path, monkeypatch)
    assert path.read_bytes() == expected
    assert "copy_file_range temporary" not in disk.log


def test_a_large_file_is_copied_by_the_kernel_and_only_its_state_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_counter(tmp_path / "model.wasm", values={"total": 1})
    weights = bytes(range(251)) * 40_000  # 10 MB: more than is read at once
    large = Module.open(path).with_custom("weights", weights, index=0)
    path.write_bytes(large.to_bytes())
    disk = Disk()
    written = Written(disk)
    expected = commit_on(written, path, monkeypatch)
    assert path.read_bytes() == expected
    assert written.bytes < 2000
    assert "copy_file_range temporary" in written.log
    assert check(path) == []


class Written(Disk):
    """Counts the bytes that go through this process."""

    def __init__(self, disk: Disk) -> None:
        super().__init__()
        self.bytes = 0

    def __getattr__(self, name: str) -> object:
        call = super().__getattr__(name)
        if name != "write":
            return call

        def write(fd: int, data: memoryview) -> object:
            self.bytes += len(data)
            return call(fd, data)

        return write


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
