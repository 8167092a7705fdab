"""The proof can fail: each of these bugs is seen, and by just these models.

``failing`` is no model of a crash: a call fails, and nothing else happens.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from crash.explore import explore
from crash.models import FAT, MODELS
from storage.proof import planted
from storage.proof.checker import Whole, same
from storage.proof.recorder import Recorder
from storage.proof.run import NAME, generations, record
from storage.proof.scenarios import LARGE_STATE, ONE, TWO, Scenario, set_xattr
from wasmstate import NotCommittedError

COMMIT = import_module("wasmstate.storage.commit")
ALL = {*MODELS}
POWER = {"ext4", "journal", "posix"}
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
UNORDERED = {"journal", "posix"}


def name(value: object) -> str:
    if isinstance(value, set):
        return " ".join(sorted(value)) or "nothing"
    return str(getattr(value, "__name__", value))


@pytest.mark.parametrize(
    ("bug", "scenario", "caught_by"),
    [
        (Recorder, TWO, set()),
        (planted.Renaming, TWO, set()),
        (planted.NoFileSync, TWO, POWER),
        (planted.NoFileSyncBeforeRename, TWO, UNORDERED),
        (planted.NoFolderSync, TWO, POWER),
        (planted.SyncAfterRename, TWO, UNORDERED),
        (planted.SyncErrorIgnored, TWO, POWER),
        (planted.SyncTriedAgain, TWO, POWER),
        (planted.UnlinkFirst, TWO, ALL | {"failing"}),
        (planted.OtherFileSystem, TWO, ALL | {"failing"}),
        (planted.UnknownName, TWO, ALL),
        (planted.ModeLost, TWO, ALL),
        pytest.param(planted.OwnerLost, TWO, ALL, marks=AS_ROOT),
        (planted.ModeLate, TWO, {"posix"}),
        (planted.ShortWriteIgnored, ONE, ALL),
        (planted.NoCleanUp, ONE, {"failing"}),
    ],
    ids=name,
)
def test_a_bug_in_what_is_done_to_the_disk_is_caught(
    bug: type[Recorder], scenario: Scenario, caught_by: set[str], scratch: Path
) -> None:
    assert catchers(bug, scenario, scratch) == caught_by


@pytest.mark.parametrize(
    ("bug", "scenario", "caught_by"),
    [
        (planted.write_in_place, ONE, ALL | {"failing"}),
        (planted.write_over, ONE, {"posix"}),  # all of it in one block: only a sector can tear it
        (planted.write_over, LARGE_STATE, ALL),
    ],
    ids=name,
)
def test_a_bug_in_the_order_of_steps_is_caught(
    bug: Callable[..., Any],
    scenario: Scenario,
    caught_by: set[str],
    scratch: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(COMMIT, "replace_file", bug)
    assert catchers(Recorder, scenario, scratch) == caught_by


def test_a_writer_that_does_not_sweep_is_caught(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(COMMIT, "sweep", planted.no_sweep)
    assert catchers(Recorder, TWO, scratch) == ALL


def test_a_writer_that_loses_extended_attributes_is_caught(scratch: Path) -> None:
    probe = scratch / "probe"
    probe.touch()
    if not set_xattr(probe):
        pytest.skip("this file system has no extended attributes")
    assert catchers(planted.ExtendedAttributesLost, TWO, scratch) == ALL


def test_on_fat_a_file_that_is_not_synced_again_is_caught(scratch: Path) -> None:
    wanted = generations(TWO, scratch / "wanted")
    run = record(TWO, scratch / "recorded", planted.NotSyncedAgain)
    states = scratch / "states"
    states.mkdir()
    result = explore(run.recording, Whole(wanted), states, same=same, models=FAT)
    assert [failure.reason for failure in result.failures] == ["the file is damaged"]


def catchers(bug: type[Recorder], scenario: Scenario, scratch: Path) -> set[str]:
    """The models that see the bug."""
    wanted = generations(scenario, scratch / "wanted")
    run = record(scenario, scratch / "recorded", bug)
    states = scratch / "states"
    states.mkdir()
    caught = explore(run.recording, Whole(wanted), states, same=same).caught_by
    contents = {file.data for file in wanted if file is not None}
    for at in range(1, len(run.calls) + 1):
        disk = partial(bug, fail_at=at, error=errno.EIO)
        failed = record(scenario, scratch / f"failing-{at}", disk)
        if isinstance(failed.error, NotCommittedError) and (
            not {NAME} <= set(failed.left) <= set(run.recording.before)
            or failed.left[NAME].data not in contents
        ):
            caught.add("failing")
    return caught
