"""Every legal state of the disk after a crash of a model that learns beside a detector."""

from __future__ import annotations

from pathlib import Path

import pytest

from crash.explore import BrokenPromiseError, explore
from storage.proof.run import NAME, record
from storage.proof.scenarios import Scenario, Steps
from wasmstate import DriftWatch, Session, models

DETECTOR = "watch.wasm"
ROWS = [([0.5], 1.0), ([-1.0], 2.0), ([2.0], 0.0)]


def prepare(path: Path) -> None:
    models.new("linear", features=1, lr=0.1).save(path)
    models.new("page_hinkley").save(path.with_name(DETECTOR))


def learned(path: Path, persist: str) -> Steps:
    with (
        Session.open(path.with_name(DETECTOR), persist="on-close", keep=1) as detector,
        Session.open(path, persist=persist) as model,
    ):
        watch = DriftWatch(model, detector)
        for row in ROWS:
            watch.update(*row)
            if persist == "every-change":
                yield "full"
    if persist == "on-close":
        yield "full"


def each_change(path: Path) -> Steps:
    return learned(path, "every-change")


def at_the_end(path: Path) -> Steps:
    return learned(path, "on-close")


class Together:
    """Model and detector have seen the same rows.

    Args:
        folder: to work in.
    """

    def __init__(self, folder: Path) -> None:
        prepare(folder / NAME)
        self.means = [0.0]
        with (
            Session.open(folder / DETECTOR, persist="manual") as detector,
            Session.open(folder / NAME, persist="manual") as model,
        ):
            watch = DriftWatch(model, detector)
            for row in ROWS:
                watch.update(*row)
                self.means.append(float(detector.value("mean")))

    def __call__(self, folder: Path) -> int:
        """The rows that the model has learned."""
        with (
            Session.open(folder / DETECTOR, persist="on-close", keep=1) as detector,
            Session.open(folder / NAME) as model,
        ):
            DriftWatch(model, detector)
            rows = model.state.update_count
            seen, mean = int(detector.value("count")), float(detector.value("mean"))
        if (seen, mean) != (rows, self.means[rows]):
            raise BrokenPromiseError(f"the model has learned {rows} rows, the detector saw {seen}")
        return rows


SCENARIOS = (
    Scenario("each change", each_change, prepare),
    Scenario("at the end", at_the_end, prepare),
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_no_crash_leaves_a_detector_with_other_rows_than_its_model(
    scenario: Scenario, scratch: Path
) -> None:
    for name in ("wanted", "states"):
        (scratch / name).mkdir()
    run = record(scenario, scratch / "recorded")
    assert run.error is None
    result = explore(run.recording, Together(scratch / "wanted"), scratch / "states")
    assert not result.failures, result.failures[0]
