"""Every legal state of the disk after a crash of a session that records its calls."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crash.explore import BrokenPromiseError, explore
from storage.proof.recorder import Recorder
from storage.proof.run import NAME, record
from storage.proof.scenarios import Scenario, Steps, prepare_counter
from wasmstate import Session, WasmstateError, read_log

LOG = "calls.log"
FIRST = 1
"""What the file has counted at first."""


def recorded(path: Path) -> Steps:
    with Session.open(path, record=path.with_name(LOG)) as opened:
        for by in (3, 4):
            opened.update(by)
            yield "full"


def many_recorded(path: Path) -> Steps:
    with Session.open(path, persist="on-close", record=path.with_name(LOG)) as opened:
        opened.update_many([3, 4])
    yield "full"


class NoLogSync(Recorder):
    """Never syncs the log."""

    log = -1

    def create(self, path: Path, mode: int) -> int:
        fd = super().create(path, mode)
        if path.name == LOG:
            self.log = fd
        return fd

    def fsync(self, fd: int) -> None:
        if fd != self.log:
            super().fsync(fd)


def explained(folder: Path) -> int:
    """The commits that the file has; the log has to lead at least as far."""
    with Session.open(folder / NAME, persist="manual") as opened:
        total = int(opened.value("total"))
    if total == FIRST:
        return 0
    log = folder / LOG
    if not log.exists():
        raise BrokenPromiseError(f"the file has counted to {total}, the log is gone")
    try:
        entries = read_log(log.read_bytes()).entries
    except WasmstateError as error:
        raise BrokenPromiseError(f"the file has counted to {total}: {error}") from error
    said = [FIRST]
    for entry in entries:
        said.append(said[-1] + int(np.frombuffer(entry.arguments[0], "<i4").sum()))
    if total not in said:
        raise BrokenPromiseError(f"the file has counted to {total}, the log to {said}")
    return said.index(total)


SCENARIOS = (
    Scenario("each change", recorded, prepare_counter),
    Scenario("rows at the end", many_recorded, prepare_counter),
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_no_crash_leaves_a_change_in_the_file_that_the_log_lacks(
    scenario: Scenario, scratch: Path
) -> None:
    run = record(scenario, scratch / "recorded", Recorder)
    assert run.error is None
    (scratch / "states").mkdir()
    result = explore(run.recording, explained, scratch / "states")
    assert not result.failures, result.failures[0]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_a_log_that_is_not_synced_is_noticed(scenario: Scenario, scratch: Path) -> None:
    run = record(scenario, scratch / "recorded", NoLogSync)
    (scratch / "states").mkdir()
    assert explore(run.recording, explained, scratch / "states").failures
