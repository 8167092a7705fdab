"""A detector watches what a model says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import from_wat, state_of, write_model
from wasmstate import (
    ArgumentError,
    CallError,
    Drift,
    DriftWatch,
    SchemaError,
    Session,
    Signature,
    StateError,
    TrapError,
    attach,
    find_drifts,
    models,
)


def opened(folder: Path, name: str, **options: Any) -> Session:
    path = folder / f"{name}.wasm"
    path.write_bytes(models.new(name, **options).to_bytes())
    return Session.open(path, persist="manual")


def days() -> list[tuple[list[float], int]]:
    """What is right is told by the first number; from row 600 on, by its opposite."""
    x = np.random.default_rng(2).normal(size=(1000, 2))
    return [(row.tolist(), int((row[0] > 0) == (i < 600))) for i, row in enumerate(x)]


def test_a_drift_is_told_soon_after_it_began_and_not_before(tmp_path: Path) -> None:
    with opened(tmp_path, "logistic", features=2, lr=0.1) as model:
        with opened(tmp_path, "ddm") as detector:
            found = list(find_drifts(model, detector, days()))
        assert model.state.update_count == 1000
    assert len(found) == 1
    assert 600 <= found[0] < 640


def test_a_frozen_model_stays_as_it_is(tmp_path: Path) -> None:
    with opened(tmp_path, "gaussian_nb", classes=2, features=2) as model:
        model.update_many(*zip(*days()[:300], strict=True))
        before = model.state.digest
        with opened(tmp_path, "page_hinkley", threshold=10) as detector:
            found = list(find_drifts(model, detector, days(), learn=False))
        assert model.state.digest == before
    assert 600 <= found[0] < 640


def test_distances_go_to_a_test_of_means(tmp_path: Path) -> None:
    x = np.random.default_rng(2).normal(size=(1000, 1)).tolist()
    rows = [(row, row[0] if i < 500 else 9 - row[0]) for i, row in enumerate(x)]
    with (
        opened(tmp_path, "linear", features=1, lr=0.01) as model,
        opened(tmp_path, "page_hinkley", threshold=10) as detector,
    ):
        model.update_many(*zip(*rows[:500], strict=True))
        found = list(find_drifts(model, detector, rows))
    assert 500 <= found[0] < 510


@pytest.mark.parametrize(
    ("model", "detector", "reason"),
    [
        (("moments", {}), ("ddm", {}), "update() has to take what predict() does"),
        (("ucb1", {"arms": 2}), ("ddm", {}), "update() has to take what predict() does"),
        (("linear", {"features": 1}), ("ddm", {}), "take page_hinkley"),
        (
            ("linear", {"features": 1}),
            ("rls", {"features": 1}),
            "rls.wasm is no detector: a detector has the tensor drifts, an integer, and",
        ),
        (
            ("kmeans", {"clusters": 2, "features": 2}),
            ("ddm", {}),
            "predict takes (x: f64[2]) and update (x: f64[2])",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    model: Any, detector: Any, reason: str, tmp_path: Path
) -> None:
    with (
        opened(tmp_path, model[0], **model[1]) as first,
        opened(tmp_path, detector[0], **detector[1]) as second,
        pytest.raises(SchemaError) as caught,
    ):
        list(find_drifts(first, second, []))
    assert reason in str(caught.value)


LAST = """
(module
  (memory (export "memory") 1 1)
  (func (export "predict") (param $x f64) (result f64) (local.get $x))
  (func (export "update") (param $x f64) (param $y f64)
    (if (f64.gt (local.get $y) (f64.const 100)) (then (unreachable)))
    (f64.store (i32.const 64) (local.get $y))))
"""
"""Predicts what it is given, traps if more than 100 is right."""

OVER = """
(module
  (memory (export "memory") 1 1)
  (func (export "update") (param $loss f32)
    (if (f32.gt (local.get $loss) (f32.const 9)) (then (unreachable)))
    (if (f32.gt (local.get $loss) (f32.const 1)) (then
      (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))))))
"""
"""A detector of one's own: each loss of more than 1 is a drift to it; it traps above 9."""


def last(folder: Path, text: str = LAST) -> Session:
    path = write_model(folder / "last.wasm", text, "y:f64@64")
    return Session.open(path, persist="every-change")


def over(folder: Path) -> Session:
    path = write_model(folder / "over.wasm", OVER, "drifts:u32@64")
    return Session.open(path, persist="every-change")


def test_each_loss_is_of_what_was_predicted_before_the_row_was_learned(tmp_path: Path) -> None:
    rows = [([1.0], 2.0), ([1.0], 0.5), ([2.0], 1.0)]
    with opened(tmp_path, "linear", features=1, lr=0.25) as model:
        watch = DriftWatch(model, models.new("page_hinkley"))
        weight, bias, losses = 0.0, 0.0, []
        for (x,), y in rows:
            error = weight * x + bias - y
            losses.append(abs(error))
            weight, bias = weight - 0.5 * error * x, bias - 0.5 * error
            assert watch.update([x], y) is None
        assert model.state.update_count == watch.rows == 3
    assert watch.mean_loss == sum(losses) / 3


def test_a_drift_tells_the_loss_before_it_and_in_the_last_rows(tmp_path: Path) -> None:
    losses = [0.5] * 20 + [0.25] * 29 + [2.0, 0.75]
    with last(tmp_path) as model, over(tmp_path) as detector:
        watch = DriftWatch(model, detector)
        told = [watch.update(0.0, loss) for loss in losses]
        after = watch.update(0.0, 2.0)
    assert told[:49] == [None] * 49
    assert told[49] == Drift(row=49, said=None, before=0.5, after=(0.25 * 29 + 2.0) / 30)
    assert after == Drift(row=51, said=None, before=None, after=(0.75 + 2.0) / 2)
    assert watch.drifts == [told[49], after]


def test_what_the_detector_says_is_told(tmp_path: Path) -> None:
    with opened(tmp_path, "logistic", features=2, lr=0.1) as model:
        watch = DriftWatch(model, models.new("ddm", alarm=2.5))
        for row in days():
            watch.update(*row)
    assert [drift.said for drift in watch.drifts] == [2] * len(watch.drifts)
    assert 600 <= watch.drifts[-1].row < 640


def test_a_detector_with_a_file_goes_on_where_it_was(tmp_path: Path) -> None:
    def watched(folder: Path, *parts: slice) -> list[int]:
        """The drifts of the days, learned in parts by sessions that know of files only."""
        folder.mkdir()
        for name, module in (
            ("logistic", models.new("logistic", features=2, lr=0.1)),
            ("ddm", models.new("ddm")),
        ):
            (folder / f"{name}.wasm").write_bytes(module.to_bytes())
        found = []
        for part in parts:
            with (
                Session.open(folder / "logistic.wasm", persist="on-close") as model,
                Session.open(folder / "ddm.wasm", persist="on-close") as detector,
            ):
                found += [i + (part.start or 0) for i in find_drifts(model, detector, days()[part])]
        return found

    whole = watched(tmp_path / "whole", slice(None))
    halves = watched(tmp_path / "halves", slice(0, 605), slice(605, None))
    assert whole == halves
    assert len(whole) == 1
    for name in ("logistic.wasm", "ddm.wasm"):
        states = [state_of(tmp_path / each / name) for each in ("whole", "halves")]
        assert states[0].contents() == states[1].contents()


def test_a_row_that_the_model_does_not_learn_is_not_told_to_the_detector(tmp_path: Path) -> None:
    with last(tmp_path) as model, over(tmp_path) as detector:
        watch = DriftWatch(model, detector)
        with pytest.raises(TrapError):
            watch.update(0.0, 101.0)
        assert (watch.rows, detector.generation, model.generation) == (0, 0, 0)


def test_a_detector_that_fails_is_named_and_keeps_its_state(tmp_path: Path) -> None:
    with last(tmp_path) as model, over(tmp_path) as detector:
        watch = DriftWatch(model, detector)
        watch.update(0.0, 5.0)
        with pytest.raises(TrapError, match="the detector: "):
            watch.update(0.0, 50.0)
        assert (watch.rows, int(detector.state["drifts"])) == (1, 1)
        assert model.state["y"] == 50.0


@pytest.mark.parametrize(
    ("row", "error", "reason"),
    [
        ((np.nan, 1.0), CallError, "the loss is nan: predict() gave nan, 1.0 is right"),
        ((1.0, np.inf), CallError, "the loss is inf: predict() gave 1.0, inf is right"),
        ((1.0, "a"), ArgumentError, "update, argument y: could not convert"),
        ((1.0,), ArgumentError, "update takes 2 arguments, not 1"),
    ],
)
def test_a_row_without_a_loss_is_refused_and_nothing_learned(
    row: Any, error: type[Exception], reason: str, tmp_path: Path
) -> None:
    with last(tmp_path) as model, over(tmp_path) as detector:
        before = [each.path.read_bytes() for each in (model, detector)]
        watch = DriftWatch(model, detector)
        with pytest.raises(error) as caught:
            watch.update(*row)
        assert reason in str(caught.value)
        assert [each.path.read_bytes() for each in (model, detector)] == before


def test_a_class_that_is_not_predicted_has_no_loss_either(tmp_path: Path) -> None:
    text = LAST.replace("(param $y f64)", "(param $label i32)").replace(
        "(local.get $y)", "(f64.convert_i32_s (local.get $label))"
    )
    with last(tmp_path, text) as model:
        watch = DriftWatch(model, models.new("ddm"))
        watch.update(0.75, 1)
        watch.update(0.75, 0)
        assert watch.mean_loss == 0.5
        with pytest.raises(CallError, match="the loss is nan"):
            watch.update(np.nan, 1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (LAST.replace('(export "predict")', ""), "no loss: the model has no predict()"),
        (LAST.replace('(export "update")', ""), "no loss: the model has no update()"),
    ],
)
def test_a_model_without_a_loss_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    with last(tmp_path, text) as model, pytest.raises(SchemaError) as caught:
        DriftWatch(model, models.new("page_hinkley"))
    assert str(caught.value) == reason


def test_a_prediction_of_several_numbers_has_no_loss(tmp_path: Path) -> None:
    text = LAST.replace(
        "(result f64) (local.get $x)", "(result f64 f64) (local.get $x) (local.get $x)"
    )
    with last(tmp_path, text) as model:
        watch = DriftWatch(model, models.new("page_hinkley"))
        with pytest.raises(SchemaError, match=r"one number, it gave \(1.0, 1.0\)"):
            watch.update(1.0, 2.0)


def test_several_numbers_that_are_right_have_no_loss(tmp_path: Path) -> None:
    text = """(module (memory (export "memory") 1 1)
        (func (export "predict") (result f64) (f64.const 0))
        (func (export "update") (param $y i32)))"""
    path = write_model(
        tmp_path / "many.wasm",
        text,
        "s:f64@64",
        entry_points={"update": Signature.parse("(y: f64[2]@128) -> ()")},
    )
    with Session.open(path) as model, pytest.raises(SchemaError) as caught:
        DriftWatch(model, models.new("page_hinkley"))
    assert str(caught.value) == "no loss: what is right has to be one number, not y: f64[2]@128"


def test_a_detector_has_to_count_whole_drifts_and_to_carry_a_state(tmp_path: Path) -> None:
    with last(tmp_path) as model:
        for tensor in ("drifts:f32@64", "drifts:i32[2]@64", "drift:i32@64"):
            module = attach(from_wat(OVER), [tensor])
            with pytest.raises(SchemaError, match="the module is no detector"):
                DriftWatch(model, module)
        with pytest.raises(StateError):
            DriftWatch(model, from_wat(OVER))
        no_update = attach(from_wat(OVER.replace('(export "update")', "")), ["drifts:i32@64"])
        with pytest.raises(SchemaError, match="the module is no detector"):
            DriftWatch(model, no_update)


class Alarm:
    """A detector as River has them: tells a drift at each third number."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    @property
    def drift_detected(self) -> bool:
        return len(self.seen) % 3 == 0

    def update(self, x: float) -> None:
        self.seen.append(x)


def test_a_detector_with_a_flag_is_told_each_loss(tmp_path: Path) -> None:
    models.new("linear", features=1, lr=1e-9).save(tmp_path / "line.wasm")
    with Session.open(tmp_path / "line.wasm") as session:
        alarm = Alarm()
        rows = [([0.0], float(y)) for y in range(7)]
        assert list(find_drifts(session, alarm, rows)) == [2, 5]
        np.testing.assert_allclose(alarm.seen, np.arange(7.0), atol=1e-6)
