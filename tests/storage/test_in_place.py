"""A file that somebody puts in the place of the model is never overwritten, whenever that is.

The lock binds only those who ask for it, and ``mv`` does not. So another file is moved to the path
between every two calls of a commit, one place at a time.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models import state_of, write_counter
from storage.disk import Disk
from wasmstate import (
    DurabilityUnknownError,
    NotCommittedError,
    StateConflictError,
    check,
    commit,
    replace_section,
)
from wasmstate.storage.filesystem import using


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    return write_counter(tmp_path / "models" / "model.wasm", values={"total": 1})


@pytest.fixture
def newer(path: Path, tmp_path: Path) -> bytes:
    """What somebody else moves to the path, at generation 2."""
    other = write_counter(tmp_path / "newer.wasm", values={"total": 70})
    for total in (71, 72):
        commit(other, state_of(other).with_values({"total": total}))
    return other.read_bytes()


class Meanwhile(Disk):
    """Before one of the calls something else happens.

    Args:
        at: before which call, 0 for the first; or its name.
        do: what happens.
        exchanges: whether the file system can exchange two names.
    """

    def __init__(
        self, at: int | str, do: Callable[[], object], *, exchanges: bool = True, fail: int = 0
    ) -> None:
        super().__init__(fail="exchange" if fail else "", at=2, error=fail)
        self._at = at
        self._do = do
        self._exchanges = exchanges

    def call(self, name: str, real: Callable[..., Any], *args: Any, **options: Any) -> Any:
        if self._at in (len(self.log), name):
            self._do()
        if name == "exchange" and not self._exchanges:
            self.log.append("exchange refused")
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return super().call(name, real, *args, **options)


def calls_of_a_commit(path: Path, *, exchanges: bool) -> list[str]:
    disk = Meanwhile(-1, lambda: None, exchanges=exchanges)
    old = path.read_bytes()
    with using(disk):
        commit(path, state_of(path))
    path.write_bytes(old)
    return disk.log


def move_here(path: Path, content: bytes, tmp_path: Path) -> Callable[[], object]:
    def move() -> None:
        other = tmp_path / "moved"
        other.write_bytes(content)
        os.rename(other, path)

    return move


@pytest.mark.parametrize("exchanges", [True, False], ids=["exchange", "rename"])
def test_a_file_moved_to_the_path_between_any_two_calls_stays(
    exchanges: bool, path: Path, newer: bytes, tmp_path: Path
) -> None:
    old = path.read_bytes()
    log = calls_of_a_commit(path, exchanges=exchanges)
    lost = []
    for at in range(len(log)):
        path.write_bytes(old)
        state = state_of(path).with_values({"total": 2})
        disk = Meanwhile(at, move_here(path, newer, tmp_path), exchanges=exchanges)
        raised: Exception | None = None
        with using(disk):
            try:
                commit(path, state)
            except (StateConflictError, NotCommittedError) as caught:
                raised = caught
        if path.read_bytes() != newer:
            lost.append(log[at])
            continue
        assert os.listdir(path.parent) == ["model.wasm"], log[at]
        if isinstance(raised, StateConflictError):
            assert (raised.expected, raised.found) == (0, 2), log[at]
            assert "not committed" in str(raised)
        else:  # it came when the new file was in place, and replaced that
            assert raised is None
            assert at > log.index("exchange temporary over file" if exchanges else RENAME), log[at]
    # Without an exchange there is no look that comes at the same time as the rename.
    assert lost == ([] if exchanges else [RENAME])


RENAME = "rename temporary over file"


def test_a_file_that_is_removed_meanwhile_is_not_made_again(path: Path) -> None:
    old = path.read_bytes()
    log = calls_of_a_commit(path, exchanges=True)
    exchange = log.index("exchange temporary over file")
    for at in (exchange - 2, exchange - 1, exchange):
        path.write_bytes(old)
        state = state_of(path)
        with using(Meanwhile(at, path.unlink)), pytest.raises(StateConflictError) as caught:
            commit(path, state)
        assert str(caught.value) == (
            f"{path}: not committed, somebody has moved or removed the file meanwhile; "
            "read the file again"
        )
        assert os.listdir(path.parent) == []


def test_what_is_put_in_the_place_need_be_no_module(path: Path, tmp_path: Path) -> None:
    with (
        using(Meanwhile("exchange", move_here(path, b"notes", tmp_path))),
        pytest.raises(StateConflictError, match="another file was put in its place, which stays"),
    ):
        replace_section(path, "note", b"x")
    assert path.read_bytes() == b"notes"


def test_a_file_that_cannot_be_put_back_is_named(path: Path, newer: bytes, tmp_path: Path) -> None:
    log = calls_of_a_commit(path, exchanges=True)
    at = log.index("exchange temporary over file")
    disk = Meanwhile(at, move_here(path, newer, tmp_path), fail=errno.EIO)
    state = state_of(path)
    with using(disk), pytest.raises(DurabilityUnknownError) as caught:
        commit(path, state)
    (beside,) = (each for each in path.parent.iterdir() if each != path)
    assert f"which is {beside} now" in str(caught.value)
    assert beside.read_bytes() == newer
    (finding,) = check(path)
    assert finding.repair == "take-leftover"


def test_that_somebody_removes_what_came_back_is_no_error(path: Path) -> None:
    log = calls_of_a_commit(path, exchanges=True)
    at = log.index("exchange temporary over file") + 1

    def remove() -> None:
        for each in path.parent.iterdir():
            if each != path:
                each.unlink()

    with using(Meanwhile(at, remove)):
        commit(path, state_of(path))
    assert state_of(path).generation == 1
