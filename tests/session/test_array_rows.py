"""Rows of arrays: as if each had been a call of its own, and as many as possible in the module."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import copy_fixture, state_of, write_model
from support import message
from wasmstate import (
    ArgumentError,
    CallError,
    DeadlineError,
    Limits,
    PredictChangedStateWarning,
    Session,
    Signature,
    StateBoundsError,
    TensorSpec,
    TrapError,
)

pytestmark = pytest.mark.usefixtures("calls")

# Adds x[0] * y to the sum. Traps if x[1] is 13, spins if it is 14; y of 99 makes the sum infinite.
MODEL = """(module
  (memory (export "memory") 1 1)
  (global (export "sum") i32 (i32.const 0))
  (global (export "x") i32 (i32.const 1024))
  (global (export "xs") i32 (i32.const 2048))
  (global (export "ys") i32 (i32.const 4096))
  (global $calls (export "calls") (mut i32) (i32.const 0))
  (func $one (param $x i32) (param $y f64)
    (f64.store (i32.const 0)
      (f64.add (f64.load (i32.const 0)) (f64.mul (f64.load (local.get $x)) (local.get $y))))
    (if (f64.eq (f64.load offset=8 (local.get $x)) (f64.const 13)) (then unreachable))
    (if (f64.eq (f64.load offset=8 (local.get $x)) (f64.const 14)) (then (loop br 0)))
    (if (f64.eq (local.get $y) (f64.const 99))
      (then (f64.store (i32.const 0) (f64.const inf)))))
  (func (export "predict") (param $x i32) (result f64)
    (if (f64.eq (f64.load offset=8 (local.get $x)) (f64.const 13)) (then unreachable))
    (if (f64.eq (f64.load offset=8 (local.get $x)) (f64.const 15))
      (then (f64.store (i32.const 0) (f64.const 5))))
    (f64.mul (f64.load (local.get $x)) (f64.load (i32.const 0))))
  (func (export "update") (param i32 f64)
    (call $one (local.get 0) (local.get 1))
    (global.set $calls (i32.add (global.get $calls) (i32.const 1))))
  (func (export "update_many") (param $xs i32) (param $ys i32) (param $n i32) (local $i i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (loop
      (if (i32.lt_u (local.get $i) (local.get $n)) (then
        (call $one
          (i32.add (local.get $xs) (i32.mul (local.get $i) (i32.const 16)))
          (f64.load (i32.add (local.get $ys) (i32.mul (local.get $i) (i32.const 8)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br 1))))))
"""
UPDATE = "(x: f64[2]@sym:x finite, y: f64 finite) -> ()"
MANY = "(x: f64[4,2]@sym:xs finite, y: f64[4]@sym:ys finite, rows: i32) -> ()"
PREDICT = "(x: f64[2]@sym:x finite) -> f64"


@pytest.fixture(params=["in the module", "row by row"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    texts = {"predict": PREDICT, "update": UPDATE}
    if request.param == "in the module":
        texts["update_many"] = MANY
    return write_model(
        tmp_path / "model.wasm",
        MODEL,
        TensorSpec("sum", "f64", (), "sym:sum", bounds=("finite",)),
        entry_points={name: Signature.parse(text) for name, text in texts.items()},
    )


def rows(count: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    drawn = np.random.default_rng(count).normal(size=(count, 3))
    return drawn[:, :2], drawn[:, 2]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 8, 30])
def test_rows_leave_the_bits_that_calls_leave(count: int, path: Path, tmp_path: Path) -> None:
    x, y = rows(count)
    other = tmp_path / "other.wasm"
    other.write_bytes(path.read_bytes())
    with Session.open(path, persist="manual") as many, Session.open(other) as single:
        many.update_many(x, y)
        for each, target in zip(x, y, strict=True):
            single.update(each, target)
        assert many.state.contents() == single.state.contents()
        assert many.state.update_count == single.state.update_count == count
        expected = [single.predict(each) for each in x]
        assert many.predict_many(x).tolist() == expected


def test_a_module_that_takes_rows_gets_as_many_as_its_buffers_hold(tmp_path: Path) -> None:
    tensors = (TensorSpec("sum", "f64", (), "sym:sum"), "calls:i32@global:calls")
    for texts, calls in (({"update": UPDATE, "update_many": MANY}, 3), ({"update": UPDATE}, 9)):
        signatures = {name: Signature.parse(text) for name, text in texts.items()}
        path = write_model(tmp_path / "model.wasm", MODEL, *tensors, entry_points=signatures)
        with Session.open(path) as session:
            session.update_many(*rows(9))
            assert session.state["calls"] == calls


def test_rows_are_committed_once(path: Path) -> None:
    with Session.open(path) as session:
        session.update_many(*rows(9))
        assert session.generation == state_of(path).generation == 1
        assert not session.is_dirty
    assert state_of(path).update_count == 9


@pytest.mark.parametrize("bad", [0, 1, 3, 4, 6, 8])
@pytest.mark.parametrize(
    ("column", "value", "error", "reason"),
    [
        (1, 13.0, TrapError, "trapped: wasm `unreachable` instruction executed"),
        (2, 99.0, StateBoundsError, "sum = inf is not finite"),
    ],
)
def test_rows_before_one_that_fails_are_kept_and_it_is_named(
    bad: int, column: int, value: float, error: type[Exception], reason: str, path: Path
) -> None:
    table = np.arange(1.0, 28).reshape(9, 3) / 4
    table[bad, column] = value
    x, y = table[:, :2], table[:, 2]
    with Session.open(path) as session:
        with pytest.raises(error) as caught:
            session.update_many(x, y)
        assert str(caught.value).startswith(f"row {bad}: ")
        assert reason in str(caught.value)
        expected = 0.0
        for each, target in zip(x[:bad], y[:bad], strict=True):
            expected += each[0] * target
        assert session.state["sum"] == expected
        assert session.state.update_count == bad
        assert not session.is_dirty
        session.update([1.0, 1.0], 1.0)
        assert session.state["sum"] == expected + 1
    assert state_of(path)["sum"] == expected + 1


@pytest.mark.parametrize("bad", [0, 1, 3, 4, 6, 8])
@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        (0, math.nan, "argument x[0] = nan is not finite"),
        (2, -math.inf, "argument y = -inf is not finite"),
    ],
)
def test_no_row_is_learned_if_the_arguments_of_one_are_refused(
    bad: int, column: int, value: float, reason: str, path: Path
) -> None:
    table = np.arange(1.0, 28).reshape(9, 3) / 4
    table[bad, column] = value
    before = path.read_bytes()
    with Session.open(path) as session:
        with pytest.raises(ArgumentError) as caught:
            session.update_many(table[:, :2], table[:, 2])
        name, _, rest = str(caught.value).partition(", ")
        assert name in (f"row {bad}: update_many", f"row {bad}: update")
        assert rest == f"{reason}; no row was learned"
        assert caught.value.row == bad
        assert (float(session.state["sum"]), session.state.update_count) == (0.0, 0)
    assert path.read_bytes() == before


def test_a_row_that_does_not_end_is_found_and_the_rows_before_it_kept(path: Path) -> None:
    x = np.ones((6, 2))
    x[5, 1] = 14
    with Session.open(path, limits=Limits(seconds=0.05)) as session:
        with pytest.raises(DeadlineError) as caught:
            session.update_many(x, np.ones(6))
        assert str(caught.value).startswith("row 5: update")
        assert session.state["sum"] == 5


MASKED = (
    "masked values, which have to be something: give .filled(...), or leave the masked rows out"
)


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ([np.ones((3, 2)), np.ones(4)], ": array 1 has 4 rows, the first has 3"),
        ([np.ones((3, 2))],
         " takes rows of (x: f64[2], y: f64), the arrays have the shapes [3, 2]"),
        ([np.ones((3, 2)), np.ones(3), np.ones(3)],
         " takes rows of (x: f64[2], y: f64), the arrays have the shapes [3, 2], [3], [3]"),
        ([], " takes rows of (x: f64[2], y: f64), the arrays have the shapes none"),
        ([np.ones((3, 3)), np.ones(3)],
         ", argument x has the shape [3, 2], the value given has [3, 3]"),
        ([np.ones(3), np.ones(3)], ", argument x has the shape [3, 2], the value given has [3]"),
        ([np.ones((0, 3)), np.ones(0)],
         ", argument x has the shape [0, 2], the value given has [0, 3]"),
        ([1.0, 2.0], ": array 0 has no rows: it is 1.0"),
        ([[["a", "b"]], [1.0]], ", argument x holds f64, the value given is of type <U1"),
        ([np.ones((2, 2), complex), np.ones(2)],
         ", argument x holds f64, the value given is of type complex128"),
        ([np.array([[1, None]]), np.ones(1)], ", argument x holds f64, not None"),
        ([np.ones((2, 2)), np.ma.masked_equal([1.0, 999.0], 999.0)],
         f": array 1 has {MASKED}"),
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_refused_as_a_whole(
    arrays: list[Any], reason: str, path: Path
) -> None:
    before = path.read_bytes()
    with Session.open(path) as session:
        found = message(ArgumentError, lambda: session.update_many(*arrays))
        assert found.removeprefix("update").removeprefix("_many") == reason
    assert path.read_bytes() == before


def test_ragged_rows_are_refused(path: Path) -> None:
    with Session.open(path) as session:
        found = message(ArgumentError, lambda: session.update_many([[1, 2], [3]], [1, 2]))
    assert "array 0: setting an array element with a sequence" in found


@pytest.mark.parametrize("convert", [np.float32, np.asfortranarray, np.ndarray.tolist, ">f8"])
def test_arrays_of_any_order_and_type_are_taken(convert: Any, path: Path) -> None:
    x, y = np.arange(18.0).reshape(9, 2) / 4, np.arange(9.0)
    given = x.astype(convert) if isinstance(convert, str) else convert(x)
    with Session.open(path, persist="manual") as session:
        session.update_many(given, y)
        assert session.state["sum"] == (x[:, 0] * y).sum()
        session.update_many(x[::-2], y[::-2])


def test_columns_may_come_apart_or_as_a_table(tmp_path: Path) -> None:
    table = np.random.default_rng(1).normal(size=(20, 5)) / 4
    sums = []
    for arrays in (
        list(table.T),
        [table],
        [table[:, :4], table[:, 4]],
        [table[:, :1], table[:, 1:]],
    ):
        path = copy_fixture("linear", tmp_path)
        with Session.open(path) as session:
            session.update_many(*arrays)
            sums.append(session.state.contents())
            assert session.state.update_count == 20
            expected = [session.predict(*row) for row in table[:, :4]]
            assert session.predict_many(table[:, :4]).tolist() == expected
    assert all(each == sums[0] for each in sums)


def test_integers_are_taken_as_integers(tmp_path: Path) -> None:
    path = copy_fixture("bandit", tmp_path)
    with Session.open(path) as session:
        session.update_many(np.array([0, 1, 1]), [1.0, 0.0, 1.0])
        assert session.state["successes"].tolist() == [2, 2, 1, 1]
        found = message(ArgumentError, lambda: session.update_many([0.5, 1.0], [1.0, 1.0]))
        assert found == "update, argument arm holds i32, the value given is of type float64"
        found = message(ArgumentError, lambda: session.update_many([2**31], [1.0]))
        assert found == "update, argument arm: 2147483648 does not fit i32"


def test_a_predict_that_fails_names_the_row_and_leaves_s(path: Path) -> None:
    with Session.open(path) as session:
        session.update([2.0, 0.0], 1.0)
        for bad, error in ((13.0, TrapError), (math.nan, ArgumentError)):
            x = np.ones((5, 2))
            x[3, 1] = bad
            with pytest.raises(error) as caught:
                session.predict_many(x)
            assert str(caught.value).startswith("row 3: predict")
            assert session.state["sum"] == 2
            assert session.predict_many(np.ones((2, 2))).tolist() == [2.0, 2.0]


def test_a_predict_that_changes_s_is_warned_of_and_undone_if_a_later_row_fails(path: Path) -> None:
    x = np.ones((3, 2))
    x[1, 1] = 15
    with Session.open(path) as session:
        with pytest.warns(PredictChangedStateWarning) as caught:
            session.predict_many(x)
        assert str(caught[0].message) == "predict() changed S, in sum"
        assert caught[0].filename == __file__
        assert state_of(path)["sum"] == session.state["sum"] == 5
        session.update([1.0, 1.0], 1.0)
        x[2, 1] = math.nan
        with pytest.raises(ArgumentError):
            session.predict_many(x)
        assert session.predict([1.0, 1.0]) == session.state["sum"] == 6


def test_several_results_are_several_arrays(tmp_path: Path) -> None:
    text = """(module (memory (export "memory") 1)
      (func (export "predict") (param i32) (result i32 f32)
        (local.get 0) (f32.convert_i32_s (local.get 0))))"""
    path = write_model(tmp_path / "model.wasm", text, "s:i32@0")
    with Session.open(path) as session:
        first, second = session.predict_many(np.arange(3))
        assert (first.tolist(), first.dtype) == ([0, 1, 2], np.int32)
        assert (second.tolist(), second.dtype) == ([0.0, 1.0, 2.0], np.float32)
        none = session.predict_many(np.arange(0))
        assert [len(each) for each in none] == [0, 0]


def test_a_function_without_numbers_or_results_predicts_nothing(tmp_path: Path) -> None:
    text = '(module (memory (export "memory") 1) (func (export "predict") (param v128)))'
    path = write_model(tmp_path / "model.wasm", text, "s:i32@0")
    with Session.open(path) as session:
        assert message(ArgumentError, lambda: session.predict_many([1])) == (
            "predict, argument p0 is of type v128, which cannot be given from outside"
        )
        found = message(CallError, lambda: session.update_many([1]))
        assert found == "the module exports no function 'update'; it exports predict"


def test_a_session_that_is_closed_takes_no_rows(path: Path) -> None:
    session = Session.open(path)
    session.close()
    for call in (session.update_many, session.predict_many):
        assert message(CallError, lambda: call([[1, 2]])) == "the session is closed"  # noqa: B023


def test_a_module_with_an_allocator_takes_rows_as_well(tmp_path: Path) -> None:
    allocator = """(global $next (mut i32) (i32.const 8192))
      (func (export "malloc") (param i32) (result i32)
        (global.get $next) (global.set $next (i32.add (global.get $next) (local.get 0))))
      (func (export "free") (param i32) (global.set $next (local.get 0)))
      (func $one"""
    texts = {"update": UPDATE, "update_many": MANY.replace("@sym:xs", "").replace("@sym:ys", "")}
    path = write_model(
        tmp_path / "model.wasm",
        MODEL.replace("(func $one", allocator),
        "sum:f64@sym:sum",
        entry_points={name: Signature.parse(text) for name, text in texts.items()},
    )
    x, y = np.arange(22.0).reshape(11, 2) / 4, np.arange(11.0)
    with Session.open(path) as session:
        session.update_many(x, y)
        assert session.state["sum"] == (x[:, 0] * y).sum()
