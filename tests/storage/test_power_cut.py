"""What a power cut may leave: every state of the disk that the calls made so far allow.

A file system may keep back what was not synced, in any order: the bytes of a file (then they are
missing, or zeros), and the rename. Only a sync makes the file's bytes, or the folder's names, last.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models import state_of, write_counter
from storage.disk import Disk, short
from wasmstate import Module, check, commit
from wasmstate.storage.filesystem import using
from wasmstate.storage.replace import Durability


def after_power_cuts(log: list[str], old: bytes, new: bytes) -> Iterator[tuple[int, bytes]]:
    """How many calls were made, and what the file may hold if the power is cut then."""
    torn = (b"", bytes(len(new)), new[: len(new) // 2].ljust(len(new), b"\0"))
    data_synced = renamed = folder_synced = False
    for done, call in enumerate(["", *log]):
        data_synced |= call == "fsync temporary"
        renamed |= call == "rename temporary over file"
        folder_synced |= renamed and call == "fsync folder"
        if not folder_synced:
            yield done, old
        if renamed:
            yield done, new
        if renamed and not data_synced:
            yield from ((done, each) for each in torn)


def record(path: Path, durability: Durability) -> list[str]:
    disk = Disk()
    state = state_of(path).with_values({"total": 2})
    with using(disk):
        commit(path, state, durability=durability)
    return short(disk.log)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_counter(tmp_path / "model.wasm", values={"total": 1})


@pytest.mark.parametrize("durability", ["full", "ordered"])
def test_after_a_power_cut_the_file_holds_the_old_state_or_the_new_one(
    durability: Durability, path: Path
) -> None:
    old = path.read_bytes()
    log = record(path, durability)
    new = path.read_bytes()
    totals: dict[int, set[int]] = {}
    for done, content in after_power_cuts(log, old, new):
        path.write_bytes(content)
        assert check(path) == [], log[:done]
        totals.setdefault(done, set()).add(int(state_of(path)["total"]))
    assert totals[0] == {1}
    assert totals[len(log)] == ({2} if durability == "full" else {1, 2})


def test_without_a_sync_a_power_cut_may_tear_the_file_but_never_unnoticed(path: Path) -> None:
    old = path.read_bytes()
    log = record(path, "none")
    new = path.read_bytes()
    torn = {content for _, content in after_power_cuts(log, old, new)} - {old, new}
    assert len(torn) == 3
    for content in torn:
        path.write_bytes(content)
        assert [finding.severity for finding in check(path)][:1] == ["error"]


class Dead(BaseException):
    """The process is no more."""


class Dying(Disk):
    """Lets so many calls pass, then none. What the process had open or locked is so no more."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self._left = calls

    def call(self, name: str, real: Any, *args: Any, **options: Any) -> Any:
        self._left -= 1
        if self._left < 0 and name in ("close", "unlock"):
            real(*args)
            if self._left < -1:
                return None
        if self._left < 0:
            raise Dead
        return super().call(name, real, *args, **options)


def test_a_process_that_dies_at_any_call_leaves_one_of_both_and_the_next_commit_tidies_up(
    path: Path,
) -> None:
    outcomes = []
    original = path.read_bytes()
    for calls in range(100):
        path.write_bytes(original)
        try:
            with using(Dying(calls)):
                commit(path, state_of(path).with_values({"total": 2}))
        except Dead:
            findings = check(path)
        else:
            break
        assert all(finding.path.endswith(".wasmstate-tmp") for finding in findings)
        outcomes.append((int(state_of(path)["total"]), len(findings)))
        assert Module.open(path).verify()
        commit(path, state_of(path))
        assert check(path) == []
    # Before there is a temporary file; while there is one; after it was renamed.
    assert sorted(set(outcomes), key=outcomes.index) == [(1, 0), (1, 1), (2, 0)]
