"""One writer at a time: who has the lock has that of the file which is there now."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

import pytest

from models import state_of, write_counter
from storage.disk import Disk
from wasmstate import Module, SectionError, State, StateConflictError, commit
from wasmstate.storage import replace, rewrite
from wasmstate.storage.lock import locked


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_counter(tmp_path / "model.wasm")


def lock_is_free(path: Path) -> bool:
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def test_a_file_that_was_replaced_while_waiting_for_its_lock_is_locked_anew(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock = fcntl.flock
    others = [shutil.copy(path, path.with_name(f"other-{i}")) for i in range(2)]

    def commit_first(fd: int, operation: int) -> None:
        flock(fd, operation)
        if operation == fcntl.LOCK_EX and others:
            os.replace(others.pop(), path)

    monkeypatch.setattr(fcntl, "flock", commit_first)
    with locked(path) as fd:
        assert others == []
        assert os.path.samestat(os.fstat(fd), os.stat(path))
        assert not lock_is_free(path)
    assert lock_is_free(path)


def test_trouble_in_letting_go_of_the_lock_does_not_belie_a_commit(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock = fcntl.flock

    def stuck(fd: int, operation: int) -> None:
        flock(fd, operation)
        if operation == fcntl.LOCK_UN:
            raise OSError("stuck")

    monkeypatch.setattr(fcntl, "flock", stuck)
    assert commit(path, state_of(path)).generation == state_of(path).generation == 1


def test_an_error_that_somebody_keeps_does_not_keep_the_lock(path: Path) -> None:
    stale = state_of(path)
    commit(path, stale)
    with pytest.raises(StateConflictError) as kept:
        commit(path, stale)
    assert lock_is_free(path)
    assert kept.value.found == 1


def test_a_module_that_an_edit_keeps_does_not_keep_the_lock(path: Path) -> None:
    kept: list[Module] = []

    def edit(module: Module) -> Module:
        kept.append(module)
        raise SectionError("no")

    with pytest.raises(SectionError):
        rewrite(path, edit)
    assert lock_is_free(path)
    assert State.of(kept[0]).generation == 0


def test_a_file_that_vanishes_while_its_lock_is_taken_is_an_error(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock = fcntl.flock

    def vanish(fd: int, operation: int) -> None:
        flock(fd, operation)
        path.unlink()

    monkeypatch.setattr(fcntl, "flock", vanish)
    with pytest.raises(FileNotFoundError):
        locked(path).__enter__()


def test_a_leftover_is_only_removed_by_who_holds_the_lock(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.with_name(".model.wasm.0123456789abcdef.wasmstate-tmp").write_bytes(b"half")
    seen: list[str] = []

    class Looking(Disk):
        def __getattr__(self, name: str) -> object:
            if name == "unlink":
                with open(path, "rb") as file, pytest.raises(BlockingIOError):
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                seen.append(name)
            return super().__getattr__(name)

    monkeypatch.setattr(replace, "os", Looking())
    commit(path, state_of(path))
    assert seen == ["unlink"]
