"""Running a scenario: once to know the generations, once under the eyes of a recorder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from crash.image import File, read_image
from crash.notes import Notes
from crash.recording import Recording
from storage.proof.recorder import Recorder
from storage.proof.scenarios import Scenario
from wasmstate import DurabilityUnknownError, NotCommittedError
from wasmstate.storage.filesystem import using

NAME = "model.wasm"


@dataclass(frozen=True)
class Run:
    """What a recorder saw.

    Attributes:
        recording: of the operations.
        calls: the calls that were made, by name.
        noted: how many operations had been noted when a call failed.
        error: what the scenario ended with.
        left: the files that are there now.
    """

    recording: Recording
    calls: list[str]
    noted: int
    error: NotCommittedError | DurabilityUnknownError | None
    left: dict[str, File]


def generations(scenario: Scenario, root: Path) -> list[File | None]:
    """The file before the first step and after each, as the plain file system makes it.

    ``None`` if there is no file yet. Attributes are those that the file had at first.
    """
    root.mkdir()
    path = root / NAME
    scenario.prepare(path)
    found = [read_image(root).get(NAME)]
    for _ in scenario.steps(path):
        file = read_image(root)[NAME]
        found.append(file if found[0] is None else File(file.data, found[0].attributes))
    return found


def record(
    scenario: Scenario,
    root: Path,
    recorder: Callable[[Notes], Recorder] = Recorder,
) -> Run:
    """Run a scenario; an error of the writer ends it.

    Args:
        scenario: which one.
        root: a folder that is not there yet.
        recorder: makes one.
    """
    root.mkdir()
    path = root / NAME
    scenario.prepare(path)
    notes = Notes(root)
    disk = recorder(notes)
    generation = 0
    error: NotCommittedError | DurabilityUnknownError | None = None
    with using(disk):
        try:
            for promise in scenario.steps(path):
                generation += 1
                notes.acknowledge(generation, "power" if promise == "full" else "process")
        except NotCommittedError as caught:
            error = caught
        except DurabilityUnknownError as caught:
            error = caught
            notes.acknowledge(generation + 1, "process")
    return Run(notes.recording(), disk.calls, disk.noted, error, read_image(root))
