"""Whether a commit could succeed is known before the first of many calls."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from models import state_of, write_counter
from storage.disk import Disk
from wasmstate import NotCommittedError, commit
from wasmstate.storage import committable
from wasmstate.storage.committable import MOUNT_POINT, check_committable, is_mount_point
from wasmstate.storage.filesystem import FileSystem, using


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_counter(tmp_path / "my model.wasm")


@pytest.fixture
def mounted(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As proc(5) tells of a file that is mounted by itself."""
    listed = tmp_path / "mountinfo"
    name = str(path).replace(" ", "\\040")
    listed.write_text(
        "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
        f"30 22 254:0 /src.wasm {name} rw,relatime - ext4 /dev/vda rw\n"
    )
    monkeypatch.setattr(committable, "_MOUNTS", listed)


def test_a_sound_file_in_a_sound_folder_is_let_through(path: Path) -> None:
    check_committable(path)
    assert not is_mount_point(path)


@pytest.mark.usefixtures("mounted")
def test_a_file_that_is_mounted_by_itself_is_named(path: Path) -> None:
    with pytest.raises(NotCommittedError) as caught:
        check_committable(path)
    assert str(caught.value) == f"{path}: not committed, {MOUNT_POINT}"


@pytest.mark.usefixtures("mounted")
def test_the_commit_names_it_too(path: Path) -> None:
    with (
        using(Disk(fail="exchange", error=errno.EBUSY)),
        pytest.raises(NotCommittedError) as caught,
    ):
        commit(path, state_of(path))
    assert str(caught.value) == (f"{path}: not committed, {MOUNT_POINT}; the file is what it was")


@pytest.mark.parametrize(
    ("number", "why"),
    [(errno.EROFS, "is mounted read-only"), (errno.EACCES, "may not be written to")],
)
def test_a_folder_that_takes_no_file_is_named(number: int, why: str, path: Path) -> None:
    class ReadOnly(FileSystem):
        def write_error(self, asked: Path) -> int:
            return number if asked == path.parent else 0

    with using(ReadOnly()), pytest.raises(NotCommittedError) as caught:
        check_committable(path)
    assert str(caught.value) == (
        f"{path}: not committed, its folder {why}, and the new file has to be made there"
    )


def test_where_mounts_are_not_listed_no_file_is_taken_for_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committable, "_MOUNTS", Path(os.devnull, "mountinfo"))
    assert not is_mount_point(path)
