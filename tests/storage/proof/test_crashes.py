"""Every legal state of the disk after a crash: one generation, whole, and none lost.

The models of what a crash may leave are in ``crash/models.py``, with what they leave out.
"""

from __future__ import annotations

import errno
import warnings
from functools import partial
from pathlib import Path

import pytest

from crash.explore import explore, look
from crash.image import Image, write_image
from crash.micro import Names
from crash.models import FAT, MODELS
from crash.recording import CrashState
from storage.proof.checker import Whole, recover, same
from storage.proof.recorder import OnFat, Recorder
from storage.proof.run import NAME, generations, record
from storage.proof.scenarios import (
    DURABLE,
    NEW,
    ONE,
    ONE_OVER_LEFTOVERS,
    ORDERED,
    UNSYNCED,
    Scenario,
)
from wasmstate import FileKeptWarning, NotCommittedError


def folder(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.mark.parametrize("scenario", DURABLE, ids=str)
def test_every_crash_leaves_one_generation_whole_and_none_that_was_acknowledged_is_lost(
    scenario: Scenario, scratch: Path
) -> None:
    wanted = generations(scenario, scratch / "wanted")
    run = record(scenario, scratch / "recorded")
    assert run.error is None
    promise = Whole(wanted, ordered=scenario is ORDERED)
    result = explore(run.recording, promise, folder(scratch / "states"), same=same)
    assert not result.failures, result.failures[0]
    assert set(result.states) == set(MODELS)


@pytest.mark.parametrize("scenario", DURABLE, ids=str)
def test_every_crash_on_fat_leaves_one_generation_whole_too(
    scenario: Scenario, scratch: Path
) -> None:
    wanted = generations(scenario, scratch / "wanted")
    run = record(scenario, scratch / "recorded", OnFat)
    assert run.error is None
    states = folder(scratch / "states")
    promise = Whole(wanted, ordered=scenario is ORDERED)
    result = explore(run.recording, promise, states, same=same, models=FAT)
    assert not result.failures, result.failures[0]
    assert result.states["fat"] > 50


def test_what_is_in_the_files_beside_does_not_count(scratch: Path) -> None:
    wanted = generations(ONE, scratch / "wanted")
    recording = record(ONE, scratch / "recorded").recording
    every = explore(recording, Whole(wanted), folder(scratch / "every"))
    some = explore(recording, Whole(wanted), folder(scratch / "some"), same=same)
    assert every == some
    assert not every.failures


@pytest.mark.parametrize("scenario", [ONE_OVER_LEFTOVERS, ORDERED, NEW], ids=str)
def test_the_commit_after_a_crash_may_be_cut_off_too(scenario: Scenario, scratch: Path) -> None:
    wanted = generations(scenario, scratch / "wanted")
    recording = record(scenario, scratch / "recorded").recording
    promise = Whole(wanted, ordered=scenario is ORDERED)
    images = explore(recording, promise, folder(scratch / "states"), same=same).images
    assert len(images) > 2
    for i, image in enumerate(images.values()):
        here = folder(scratch / f"recovery-{i}")
        crash_while_recovering(image, here, ordered=scenario is ORDERED)


def crash_while_recovering(image: Image, scratch: Path, *, ordered: bool) -> None:
    """The files are what the first crash left; after the second the next commit tidies up."""

    def as_left(path: Path) -> None:
        write_image(image, path.parent)

    recovery = Scenario("recovery", recover, as_left)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if ordered else "error", FileKeptWarning)
        wanted = generations(recovery, scratch / "wanted")
        run = record(recovery, scratch / "recorded")
    promise = Whole(wanted, ordered=ordered)
    result = explore(run.recording, promise, folder(scratch / "states"), same=same)
    assert not result.failures, result.failures[0]


def test_without_a_sync_a_power_cut_may_tear_the_file_but_never_unnoticed(scratch: Path) -> None:
    wanted = generations(UNSYNCED, scratch / "wanted")
    run = record(UNSYNCED, scratch / "recorded")
    check = Whole(wanted, synced=False, ordered=True)
    states = folder(scratch / "states")
    result = explore(run.recording, check, states, same=same, tears_allowed=True)
    assert not result.failures, result.failures[0]
    found = {verdict for verdict, *_ in result.images}
    assert found == {None, 0, 1, 2}
    # Not allowed, it would be seen.
    assert explore(run.recording, check, states, same=same).caught_by == {
        "ext4",
        "journal",
        "posix",
    }


@pytest.mark.parametrize("scenario", [ONE, ONE_OVER_LEFTOVERS, NEW], ids=str)
def test_a_call_that_fails_and_then_a_crash(scenario: Scenario, scratch: Path) -> None:
    wanted = generations(scenario, scratch / "wanted")
    calls = record(scenario, scratch / "recorded").calls
    for at, call in enumerate(calls, 1):
        here = folder(scratch / f"{at}")
        run = record(scenario, here / "recorded", partial(Recorder, fail_at=at, error=errno.EIO))
        assert run.calls[at - 1] == call
        steps = run.recording.acknowledged(CrashState("kill", len(run.recording.operations)))
        legal = wanted[: steps + 1]
        if isinstance(run.error, NotCommittedError):
            assert NAME in run.left or legal[steps] is None
            new = set(run.left) - set(run.recording.before)
            assert not new, f"{call} failed, and left {new}"
        states = folder(here / "states")
        result = explore(run.recording, Whole(legal), states, same=same, since=run.noted)
        assert not result.failures, f"{call} failed\n{result.failures[0]}"


def test_a_state_that_was_found_once_can_be_looked_at_again(scratch: Path) -> None:
    wanted = generations(ONE, scratch / "wanted")
    recording = record(ONE, scratch / "recorded").recording
    renames = [part for part in recording.parts if isinstance(part, Names) and len(part.leads) > 1]
    (at,) = [i for i, part in enumerate(recording.parts) if part in renames]
    made = renames[0].at + 1
    renamed = CrashState(model="posix", done=made, lost=(), torn=None, fill=0)
    before = CrashState(model="posix", done=made, lost=(at,), torn=None, fill=0)
    assert look(recording, renamed, Whole(wanted), scratch / "renamed") == 1
    assert look(recording, before, Whole(wanted), scratch / "before") == 0
