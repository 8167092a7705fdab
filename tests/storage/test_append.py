"""A file that is appended to: every write arrives, and after half a one nothing more is written."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from storage.disk import Disk
from wasmstate import NotCommittedError
from wasmstate.storage.append import AppendFile
from wasmstate.storage.filesystem import using


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls.log"


def test_what_is_appended_is_there_at_once_also_in_short_writes(path: Path) -> None:
    disk = Disk(chunk=3)
    with using(disk):
        file = AppendFile(path)
        file.append(b"first ")
        assert path.read_bytes() == b"first "
        file.append(b"second")
        file.close()
        file.close()
        file.append(b"third")
    assert path.read_bytes() == b"first second"
    assert disk.log[-5:] == [
        "fsync file",
        "open_folder folder",
        "fsync folder",  # else a power cut takes the name, with all that it leads to
        "close folder",
        "close file",
    ]


def test_a_file_that_is_there_is_left_alone(path: Path) -> None:
    path.write_bytes(b"mine")
    with pytest.raises(NotCommittedError) as caught:
        AppendFile(path)
    assert str(caught.value) == f"{path}: not recorded: File exists"
    assert path.read_bytes() == b"mine"


def test_after_a_write_that_failed_there_is_no_other(path: Path) -> None:
    with using(Disk(fail="write", at=2, error=errno.ENOSPC)):
        file = AppendFile(path)
        file.append(b"first")
        with pytest.raises(NotCommittedError) as caught:
            file.append(b"second")
        file.append(b"third")
        file.close()
    assert str(caught.value) == (
        f"{path}: not recorded: No space left on device; the record ends here"
    )
    assert path.read_bytes() == b"first"


def test_a_sync_that_fails_is_told(path: Path) -> None:
    disk = Disk(fail="fsync", error=errno.EIO)
    with using(disk):
        file = AppendFile(path)
        with pytest.raises(NotCommittedError, match="Input/output error"):
            file.close()
    assert disk.log[-1] == "close file"


def test_after_a_sync_that_failed_nothing_is_written_or_synced(path: Path) -> None:
    disk = Disk(fail="fsync", error=errno.EIO)
    with using(disk):
        file = AppendFile(path)
        file.append(b"first")
        with pytest.raises(NotCommittedError) as caught:
            file.sync()
        file.append(b"second")
        file.sync()
        file.close()
        file.sync()
    assert str(caught.value) == f"{path}: not recorded: Input/output error; the record ends here"
    assert path.read_bytes() == b"first"
    assert disk.log.count("fsync file") == 1


def test_the_folder_is_synced_once(path: Path) -> None:
    disk = Disk()
    with using(disk):
        file = AppendFile(path)
        for data in (b"first", b"second"):
            file.append(data)
            file.sync()
        file.close()
    assert disk.log.count("fsync folder") == 1


def test_a_file_that_is_not_wanted_after_all_leaves_nothing(path: Path) -> None:
    disk = Disk()
    with using(disk):
        file = AppendFile(path)
        file.append(b"first")
        file.discard()
        file.discard()
        file.append(b"second")
    assert not path.exists()
    assert disk.log[-2:] == ["close file", "unlink file"]


def test_a_file_that_took_its_place_is_left_alone(path: Path) -> None:
    file = AppendFile(path)
    path.unlink()
    path.write_bytes(b"mine")
    file.discard()
    assert path.read_bytes() == b"mine"


def test_a_file_that_is_gone_already_need_not_be_removed(path: Path) -> None:
    file = AppendFile(path)
    path.unlink()
    file.discard()
    assert not path.exists()


def test_a_file_that_cannot_be_begun_leaves_nothing(path: Path) -> None:
    disk = Disk(fail="write", at=2, error=errno.ENOSPC, chunk=3)
    with using(disk), pytest.raises(NotCommittedError) as caught:
        AppendFile(path, b"the head")
    assert str(caught.value) == f"{path}: not recorded: No space left on device"
    assert not path.exists()
