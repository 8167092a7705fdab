"""A call that does not return, or that leaves S outside its bounds, has not happened."""

from __future__ import annotations

import math
import signal
from pathlib import Path

import pytest

from models import copy_fixture, state_of, write_model
from wasmstate import (
    CallError,
    DeadlineError,
    Limits,
    Session,
    StateBoundsError,
    TensorSpec,
    TrapError,
)

pytestmark = pytest.mark.usefixtures("calls")

MODEL = """
(module
  (memory (export "memory") 1)
  (global $n (export "n") (mut i32) (i32.const 0))
  (global $hidden (mut i32) (i32.const 0))
  (func (export "hidden") (result i32) (global.get $hidden))
  (func $write (param $value f64)
    (f64.store (i32.const 8) (local.get $value))
    (global.set $n (i32.add (global.get $n) (i32.const 1)))
    (global.set $hidden (i32.const 1)))
  (func (export "update") (param $value f64) (call $write (local.get $value)))
  (func (export "trap") (param $value f64) (call $write (local.get $value)) unreachable)
  (func (export "loop") (param $value f64) (call $write (local.get $value)) (loop br 0))
  (func (export "slow") (param $value f64) (local $i i32)
    (call $write (local.get $value))
    (loop
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if 0 (i32.lt_u (local.get $i) (i32.const 500000000))))))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    value = TensorSpec("value", "f64", (), "8", bounds=("finite", "<= 100"))
    return write_model(tmp_path / "model.wasm", MODEL, value, "n:i32@global:n")


def assert_nothing_happened(session: Session, path: Path, before: bytes) -> None:
    """That S is 1.0 after one call, in memory, in its global and in the file."""
    assert path.read_bytes() == before
    assert not session.is_dirty
    assert (float(session.state["value"]), int(session.state["n"])) == (1.0, 1)
    assert session.call("hidden") == 0
    session.update(2.0)
    assert (float(state_of(path)["value"]), int(state_of(path)["n"])) == (2.0, 2)


def test_a_trap_half_way_through_undoes_memory_and_globals(path: Path) -> None:
    with Session.open(path) as session:
        session.update(1.0)
        before = path.read_bytes()
        with pytest.raises(TrapError) as caught:
            session.call("trap", 50.0)
        assert str(caught.value).startswith(
            "trap() trapped: wasm `unreachable` instruction executed; in function 3 at "
        )
        assert_nothing_happened(session, path, before)


def test_a_deadline_undoes_the_call(path: Path) -> None:
    with Session.open(path, limits=Limits(seconds=0.1)) as session:
        session.update(1.0)
        before = path.read_bytes()
        with pytest.raises(DeadlineError) as caught:
            session.call("loop", 50.0)
        assert str(caught.value) == "loop() was ended: it ran longer than 0.1 s"
        assert_nothing_happened(session, path, before)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (math.nan, "value = nan is not finite; value = nan is not <= 100"),
        (math.inf, "value = inf is not finite; value = inf is not <= 100"),
        (101.0, "value = 101.0 is not <= 100"),
    ],
)
def test_values_outside_their_bounds_undo_the_call(value: float, message: str, path: Path) -> None:
    with Session.open(path) as session:
        session.update(1.0)
        before = path.read_bytes()
        with pytest.raises(StateBoundsError) as caught:
            session.update(value)
        assert str(caught.value) == message
        assert_nothing_happened(session, path, before)


def test_an_interrupt_of_the_user_undoes_the_call(path: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with Session.open(path) as session:
        session.update(1.0)
        before = path.read_bytes()
        handler = signal.signal(signal.SIGALRM, interrupt)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            with pytest.raises(KeyboardInterrupt):
                session.call("slow", 50.0)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, handler)
        assert_nothing_happened(session, path, before)


def test_a_signal_handler_that_calls_meanwhile_is_refused_and_spoils_nothing(path: Path) -> None:
    refused: list[str] = []

    def call(*_: object) -> None:
        try:
            session.update(7.0)
        except CallError as error:
            refused.append(str(error))

    with Session.open(path) as session:
        handler = signal.signal(signal.SIGALRM, call)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            session.call("slow", 50.0)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, handler)
        assert refused == ["the instance is busy with another call"]
        assert (float(session.state["value"]), int(session.state["n"])) == (50.0, 1)
        session.update(2.0)
    assert (float(state_of(path)["value"]), int(state_of(path)["n"])) == (2.0, 2)


def test_arguments_that_do_not_fit_never_reach_the_model(path: Path) -> None:
    with Session.open(path) as session:
        session.update(1.0)
        assert session.call("hidden") == 1
        with pytest.raises(CallError) as caught:
            session.update("1.0")
        assert str(caught.value) == "update, argument value must be a number (f64), not '1.0'"
        with pytest.raises(CallError) as caught:
            session.predict()
        assert str(caught.value) == (
            "the module exports no function 'predict'; it exports hidden, update, trap, loop, slow"
        )
        assert session.call("hidden") == 1, "the instance is still the same one"


def test_what_was_not_committed_yet_is_not_undone(path: Path) -> None:
    with Session.open(path, persist="on-close") as session:
        session.update(1.0)
        session.update(3.0)
        with pytest.raises(TrapError):
            session.call("trap", 50.0)
        assert float(session.state["value"]) == 3.0
        assert session.state.update_count == 2
    assert float(state_of(path)["value"]) == 3.0


def test_a_fixture_refuses_what_would_make_it_useless(tmp_path: Path) -> None:
    path = copy_fixture("linear", tmp_path)
    before = path.read_bytes()
    with Session.open(path) as session:
        for y in (math.nan, math.inf):
            with pytest.raises(TrapError):
                session.update(1, 2, 3, 4, y)
        with pytest.raises(TrapError):
            session.update(1e200, 0, 0, 0, 1e200)
    assert path.read_bytes() == before
