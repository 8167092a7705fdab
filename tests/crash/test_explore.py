"""Looking at crash states: a checker of three lines finds what a careless writer does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crash.explore import BrokenPromiseError, explore, look
from crash.image import read_image
from crash.notes import Notes
from crash.recording import CrashState, Recording


def overwrite(path: Path, data: bytes, *, sync: bool) -> Recording:
    """Put a new file into the place of the old one, with or without a sync."""
    notes = Notes(path.parent)
    temporary = path.with_name("t")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    notes.created(fd, temporary)
    os.write(fd, data)
    notes.wrote(fd, 0, data)
    if sync:
        notes.synced(fd)
    os.close(fd)
    notes.closed(fd)
    temporary.rename(path)
    notes.renamed(temporary, path)
    notes.acknowledge(1, "process")
    return notes.recording()


def check(folder: Path) -> int:
    data = (folder / "f").read_bytes()
    if data not in (b"old", b"new" * 2000):
        raise BrokenPromiseError(f"f holds {data[:3]!r}, {len(data)} bytes")
    return int(data != b"old")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "real"
    folder.mkdir()
    (folder / "f").write_bytes(b"old")
    (tmp_path / "states").mkdir()
    return folder / "f"


def test_a_careful_writer_passes(path: Path, tmp_path: Path) -> None:
    recording = overwrite(path, b"new" * 2000, sync=True)
    assert read_image(path.parent)["f"].data == b"new" * 2000
    result = explore(recording, check, tmp_path / "states")
    assert result.failures == []
    assert set(result.states) == {"kill", "ext4", "journal", "posix"}
    assert list((tmp_path / "states").iterdir()) == []


def test_a_careless_writer_is_found_out_and_told_how(path: Path, tmp_path: Path) -> None:
    recording = overwrite(path, b"new" * 2000, sync=False)
    result = explore(recording, check, tmp_path / "states")
    assert result.caught_by == {"journal", "posix"}
    failure = result.failures[0]
    assert str(failure) == (
        "journal: f holds b'\\x00\\x00\\x00', 6000 bytes\n"
        "crash after the operation that is marked\n"
        "     0 create t as #1\n"
        "     1 write #1, bytes 0 to 4096\n"
        "     2 write #1, bytes 4096 to 6000\n"
        "->   3 rename t (#1) to f\n"
        "lost: part 1, Data of #1, bytes 0 to 4096, of operation 1\n"
        "CrashState(model='journal', done=4, lost=(1,), torn=None, fill=0)"
    )
    again = CrashState(model="journal", done=4, lost=(1,), torn=None, fill=0)
    with pytest.raises(BrokenPromiseError):
        look(recording, again, check, tmp_path / "again")


def test_a_generation_that_was_acknowledged_must_be_there(path: Path, tmp_path: Path) -> None:
    recording = overwrite(path, b"new" * 2000, sync=True)

    def see_the_old_one(folder: Path) -> int:
        return check(folder) * 0

    result = explore(recording, see_the_old_one, tmp_path / "states")
    assert result.caught_by == {"kill"}
    assert result.failures[0].reason == "generation 1 was acknowledged, generation 0 is there"


def test_damage_is_no_excuse_if_only_the_process_died(path: Path, tmp_path: Path) -> None:
    recording = overwrite(path, b"new" * 2000, sync=False)

    def notice(folder: Path) -> int | None:
        return check(folder) if (folder / "f").stat().st_size in (3, 6000) else None

    assert explore(recording, notice, tmp_path / "states").caught_by == {"journal", "posix"}
    states = tmp_path / "states"
    assert explore(recording, lambda _: None, states, tears_allowed=True).caught_by == {"kill"}
