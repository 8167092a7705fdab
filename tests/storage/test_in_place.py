"""A file that somebody puts in the place of the model is never overwritten, whenever that is.

The lock binds only those who ask for it, and ``mv`` does not. So another file is moved to the path
between every two calls of a commit, one place at a time.
"""

from __future__ import annotations

import contextlib
import errno
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models import state_of, write_counter
from storage.disk import Disk
from wasmstate import (
    DurabilityUnknownError,
    FileKeptWarning,
    NotCommittedError,
    StateConflictError,
    check,
    commit,
    replace_section,
)
from wasmstate.binary.source import BytesSource, open_source
from wasmstate.storage.displaced import fingerprint
from wasmstate.storage.filesystem import using
from wasmstate.storage.temporary import Temporary, is_foreign, sweep


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


class KilledError(BaseException):
    """The process is gone."""


class Killed(Meanwhile):
    """Another file is moved to the path before one call, and the process is killed before another.

    Args:
        at: the call before which the file is moved.
        do: moves it.
        dies: the call before which the process is killed.
    """

    def __init__(self, at: int, do: Callable[[], object], dies: int) -> None:
        super().__init__(at, do)
        self._dies = dies
        self._is_dead = False

    def call(self, name: str, real: Callable[..., Any], *args: Any, **options: Any) -> Any:
        self._is_dead |= len(self.log) == self._dies
        if not self._is_dead:
            return super().call(name, real, *args, **options)
        if name in ("close", "unlock"):  # the system does that for a dead process
            return real(*args)
        raise KilledError


def visible(folder: Path) -> list[bytes]:
    return [each.read_bytes() for each in sorted(folder.iterdir()) if each.name[0] != "."]


def kill_a_commit(path: Path, at: int, do: Callable[[], object], dies: int) -> None:
    state = state_of(path).with_values({"total": 2})
    with using(Killed(at, do, dies)), contextlib.suppress(KilledError, StateConflictError):
        commit(path, state)


def test_a_file_moved_to_the_path_survives_a_writer_that_is_killed_at_any_call(
    path: Path, newer: bytes, tmp_path: Path
) -> None:
    old = path.read_bytes()
    log = calls_of_a_commit(path, exchanges=True)
    exchange = log.index("exchange temporary over file")
    for at, dies in [(exchange, dies) for dies in range(exchange + 1, len(log) + 4)] + [
        (at, exchange + 1) for at in range(exchange)
    ]:
        path.write_bytes(old)
        kill_a_commit(path, at, move_here(path, newer, tmp_path), dies)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FileKeptWarning)
            commit(path, state_of(path))
        # It has a name that is seen; or its place, and is what the next commit was made from.
        assert newer in visible(path.parent) or state_of(path)["total"] == 72, (at, dies)
        assert not [name for name in os.listdir(path.parent) if name[0] == "."], (at, dies)
        for each in path.parent.iterdir():
            each.unlink()


def test_check_and_the_next_commit_say_where_such_a_file_is(
    path: Path, newer: bytes, tmp_path: Path
) -> None:
    exchange = calls_of_a_commit(path, exchanges=True).index("exchange temporary over file")
    kill_a_commit(path, exchange, move_here(path, newer, tmp_path), exchange + 1)
    (finding,) = check(path)
    name = path.with_name("model.wasm.rescued-1")
    assert finding.reason.startswith(
        "left by a writer that was ended in the middle of a commit, while another file may have "
        "been put in its place: this may be that one; it is whole, generation 2"
    )
    assert finding.advice.startswith(f"the next commit keeps it as {name}")
    with pytest.warns(FileKeptWarning) as caught:
        commit(path, state_of(path))
    (warning,) = caught
    assert str(warning.message) == (
        f"{path}: a writer was ended in the middle of a commit while another file may have been "
        f"put in its place; it is {name} now: compare the two, keep one"
    )
    assert name.read_bytes() == newer
    assert check(path) == []


def test_a_kept_file_never_takes_a_name_that_is_taken(path: Path, newer: bytes) -> None:
    path.with_name("model.wasm.rescued-1").write_bytes(b"theirs")
    left = path.with_name(f".model.wasm.{16 * '0'}-{16 * '1'}.wasmstate-tmp")
    left.write_bytes(newer)

    class Racing(Disk):
        def rename_new(self, source: Path, target: Path) -> None:
            if target.name.endswith("-2"):
                target.write_bytes(b"theirs")
            super().rename_new(source, target)

    with using(Racing()), pytest.warns(FileKeptWarning):
        assert sweep(path) == [left]
    assert path.with_name("model.wasm.rescued-2").read_bytes() == b"theirs"
    assert path.with_name("model.wasm.rescued-3").read_bytes() == newer


def test_a_file_that_cannot_be_kept_elsewhere_stays_where_it_is(path: Path, newer: bytes) -> None:
    left = path.with_name(f".model.wasm.{16 * '0'}-{16 * '1'}.wasmstate-tmp")
    left.write_bytes(newer)
    with using(Disk(fail="rename_new", error=errno.EINVAL)):
        commit(path, state_of(path))
    assert left.read_bytes() == newer


def test_without_a_file_at_the_path_only_the_old_one_is_swept(path: Path) -> None:
    temporary = Temporary.create(path, 0o600, open_source(path))
    temporary.close()
    old = path.read_bytes()
    path.unlink()
    assert is_foreign(temporary.path, path)
    temporary.path.write_bytes(old)
    assert not is_foreign(temporary.path, path)
    assert sweep(path) == [temporary.path]


def test_a_large_file_has_a_fingerprint_of_size_start_and_end(tmp_path: Path) -> None:
    large = bytes(100_000)
    prints = {
        fingerprint(BytesSource(data))
        for data in (large, large + b"\0", b"\1" + large[1:], large[1:] + b"\1", b"x")
    }
    assert len(prints) == 5


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
