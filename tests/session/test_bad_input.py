"""Whatever goes in wrong: a clear error, S and the file as they were, the session still good."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import from_wat, model, state_of, write_model
from wasmstate import (
    ArgumentError,
    CallError,
    DeadlineError,
    LimitError,
    Limits,
    Module,
    SchemaError,
    Session,
    Signature,
    State,
    StateBoundsError,
    TensorSpec,
    TrapError,
    WasmstateError,
    models,
)
from wasmstate.state.attach.describe import with_state

pytestmark = pytest.mark.usefixtures("calls")

MODEL = """(module
  (memory (export "memory") 1 500)
  (global (export "s") i32 (i32.const 64))
  (global (export "x") i32 (i32.const 128))
  (global $answer (export "answer") (mut i32) (i32.const 0))
  (func $learn (param i32)
    (f64.store (i32.const 64) (f64.add (f64.load (i32.const 64)) (f64.load (local.get 0)))))
  (func (export "update") (param $x i32) (param $arm i32) (call $learn (local.get $x)))
  (func (export "allocating") (param $x i32) (call $learn (local.get $x)))
  (func (export "malloc") (param i32) (result i32) (global.get $answer))
  (func (export "free") (param i32))
  (func (export "answers") (param i32)
    (f64.store (i32.const 64) (f64.const 1)) (global.set $answer (local.get 0)))
  (func $deep (export "deep") (param i32) (call $learn (i32.const 128)) (call $deep (i32.const 0)))
  (func (export "bomb") (call $learn (i32.const 128))
    (loop (drop (memory.grow (i32.const 1))) (br 0)))
  (func (export "bomb_that_traps") (call $learn (i32.const 128))
    (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable)
  (func (export "endless") (call $learn (i32.const 128)) (loop br 0)))
"""
SIGNATURES = {
    "update": Signature.parse("(x: f64[2]@sym:x finite, arm: i32 >= 0 < 4) -> ()"),
    "allocating": Signature.parse("(x: f64[2]) -> ()"),
}
S = TensorSpec("s", "f64", (), "sym:s", bounds=("finite",))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model.wasm", MODEL, S, entry_points=SIGNATURES)


Wrong = Callable[[Session], object]
GOOD = [1.0, 2.0]


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        (lambda s: s.update(), ArgumentError, "takes 2 arguments, 0 given"),
        (lambda s: s.update(GOOD), ArgumentError, "takes 2 arguments, 1 given"),
        (lambda s: s.update(GOOD, 1, 2), ArgumentError, "takes 2 arguments, 3 given"),
        (lambda s: s.update("ab", 1), ArgumentError, "argument x has the shape [2]"),
        (lambda s: s.update([1.0], 1), ArgumentError, "the value given has [1]"),
        (lambda s: s.update([], 1), ArgumentError, "the value given has [0]"),
        (lambda s: s.update([[1.0], [2.0]], 1), ArgumentError, "the value given has [2, 1]"),
        (lambda s: s.update(["1", "2"], 1), ArgumentError, "holds f64, the value given is of type"),
        (lambda s: s.update(np.array(GOOD, "O"), "1"), ArgumentError, "argument arm must be"),
        (lambda s: s.update(np.array([1, None]), 1), ArgumentError, "holds f64, not None"),
        (lambda s: s.update(np.zeros(2, "c16"), 1), ArgumentError, "type complex128"),
        (lambda s: s.update(GOOD, 1.5), ArgumentError, "arm must be an integer (i32), not 1.5"),
        (lambda s: s.update(GOOD, 2**33), ArgumentError, "arm: 8589934592 does not fit i32"),
        (lambda s: s.update(GOOD, 4), ArgumentError, "update, argument arm = 4 is not < 4"),
        (lambda s: s.update([1, math.nan], 1), ArgumentError, "x[1] = nan is not finite"),
        (lambda s: s.update([math.inf, 1], 1), ArgumentError, "x[0] = inf is not finite"),
        (lambda s: s.update([1e400, 1], 1), ArgumentError, "x[0] = inf is not finite"),
        (lambda s: s.call("nothing"), CallError, "the module exports no function 'nothing'"),
        (lambda s: s.call("memory"), CallError, "the module exports no function 'memory'"),
        (lambda s: s.predict(1), CallError, "the module exports no function 'predict'"),
        (lambda s: s.call("endless"), DeadlineError, "endless() was ended"),
        (lambda s: s.call("bomb"), DeadlineError, "bomb() was ended"),
        (lambda s: s.call("bomb_that_traps"), TrapError, "`unreachable` instruction executed"),
        (lambda s: s.call("deep", 0), TrapError, "call stack exhausted"),
        (lambda s: s.call("allocating", GOOD), CallError, "malloc(16) gave 0: it has no memory"),
    ],
)
def test_it_is_told_and_nothing_has_changed(
    wrong: Wrong, error: type[WasmstateError], text: str, path: Path
) -> None:
    with Session.open(path, limits=Limits(seconds=0.05, memory=1 << 24)) as session:
        session.update(GOOD, 1)
        before, content = session.state.contents(), path.read_bytes()
        with pytest.raises(error) as caught:
            wrong(session)
        assert type(caught.value) is error
        assert text in str(caught.value)
        assert session.state.contents() == before
        assert path.read_bytes() == content
        session.update(np.array(GOOD), np.int8(3))
        assert session.state["s"] == state_of(path)["s"] == 2


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (65530, "malloc(16) gave 65530, but the memory has 65536 bytes"),
        (-5, "malloc(16) gave 4294967291, but the memory has 65536 bytes"),
        (56, "malloc(16) gave 56, which is inside S"),
    ],
)
def test_an_allocator_that_gives_nonsense_writes_nowhere(
    address: int, text: str, path: Path
) -> None:
    with Session.open(path) as session:
        session.call("answers", address)
        content = path.read_bytes()
        with pytest.raises(CallError) as caught:
            session.call("allocating", [7.0, 8.0])
        assert text in str(caught.value)
        assert session.state["s"] == 1
        assert path.read_bytes() == content


def test_fuel_ends_a_call_and_leaves_s(path: Path) -> None:
    with Session.open(path, limits=Limits(fuel=1000)) as session:
        session.update(GOOD, 1)
        content = path.read_bytes()
        with pytest.raises(LimitError) as caught:
            session.call("endless")
        assert str(caught.value) == "endless() was ended: it needed more fuel than 1000"
        assert session.state["s"] == 1
        assert path.read_bytes() == content


def rewritten(path: Path, change: Callable[[State], State]) -> bytes:
    """The file with another state, as no commit would write it."""
    module = Module.open(path)
    content = with_state(module, change(State.of(module))).to_bytes()
    path.write_bytes(content)
    return content


def test_a_state_past_the_memory_is_refused_when_it_is_opened(path: Path) -> None:
    def move(state: State) -> State:
        (region,) = state.regions
        record = replace(state.record, regions=(replace(region, address=65532),))
        return State(record, state.schema)

    content = rewritten(path, move)
    with pytest.raises(StateBoundsError) as caught:
        Session.open(path)
    assert str(caught.value) == "S ends at address 65540, the memory has 65536 bytes"
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("signature", "error", "text"),
    [
        ("(x: f64[2]@65528, arm: i32) -> ()", StateBoundsError, "do not lie in the memory"),
        ("(x: f64[2]@60, arm: i32) -> ()", SchemaError,
         "update: the buffer of x and S overlap, at address 64"),
        ("(x: f64[2]@sym:y, arm: i32) -> ()", SchemaError, "exports no global 'y'"),
        ("(x: f64[2]@sym:x, arm: f64) -> ()", SchemaError,
         "update is (i32 i32) -> () in the module"),
        ("(x: f64[2]@sym:answer, arm: i32) -> ()", SchemaError, "the global 'answer' can change"),
    ],
)  # fmt: skip
def test_a_schema_that_lies_about_a_buffer_is_refused_at_the_call(
    signature: str, error: type[WasmstateError], text: str, path: Path
) -> None:
    def lie(state: State) -> State:
        schema = replace(state.schema, entry_points={"update": Signature.parse(signature)})
        return State(replace(state.record, schema=schema.encode()), schema)

    content = rewritten(path, lie)
    with Session.open(path) as session:
        for call in (session.update, session.update_many):
            with pytest.raises(error) as caught:
                call(*([GOOD, 1] if call == session.update else [[GOOD], [1]]))
            assert text in str(caught.value)
    assert path.read_bytes() == content


def test_a_module_without_a_memory_takes_no_arrays(tmp_path: Path) -> None:
    text = """(module (global (export "g") (mut i32) (i32.const 0))
      (func (export "update") (param i32) (global.set 0 (local.get 0))))"""
    signature = Signature.parse("(x: f64[2]@64) -> ()")
    with pytest.raises(SchemaError) as caught:
        model(text, "g:i32@global:g", entry_points={"update": signature})
    assert str(caught.value) == "update, buffer of x: the module has no memory"
    path = write_model(tmp_path / "model.wasm", text, "g:i32@global:g")
    with Session.open(path) as session:
        session.update(7)
        with pytest.raises(ArgumentError):
            session.update(GOOD)
    assert state_of(path)["g"] == 7


def test_no_arguments_whatever_raise_anything_else(path: Path) -> None:
    strange: list[Any] = [
        None, "", b"", {}, set(), object(), int, math.nan, 10**400, -(10**400), 1j, [[]], [[[]]],
        [None, None], [object()] * 2, ["a", 1], [1, [2]], np.zeros(0), np.zeros((2, 0)),
        np.zeros(2, "M8[s]"), np.zeros(2, "S3"), np.zeros(2, [("a", "f8")]), np.array(1.0),
        range(3), memoryview(b"abc"),
        lambda: 1, iter([1.0, 2.0]), (x for x in (1.0, 2.0)), np.nan, np.datetime64("NaT", "s"),
    ]  # fmt: skip
    before = path.read_bytes()
    with Session.open(path) as session:
        for value in strange:
            for args in ((value, 1), (GOOD, value), (value,), (value, value)):
                with pytest.raises(CallError):
                    session.update(*args)
                with pytest.raises(CallError):
                    session.update_many(*args)
    assert path.read_bytes() == before


def test_a_module_that_imports_is_not_opened(tmp_path: Path) -> None:
    module = from_wat('(module (import "env" "f" (func)) (memory (export "memory") 1))')
    path = tmp_path / "model.wasm"
    path.write_bytes(module.to_bytes())
    with pytest.raises(WasmstateError):
        Session.open(path)


class Sparse:
    """A sparse row as SciPy makes them: for NumPy a single object."""

    def toarray(self) -> list[float]:
        return [1.0, 2.0]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (Sparse(), "a Sparse is sparse: give its .toarray()"),
        ({"a": 1.0, "b": 2.0}, "a dict is no array: give a list of its values, in order"),
        (iter([1.0, 2.0]), "a list_iterator is no array: give a list of what is in it"),
        ({1.0, 2.0}, "a set is no array: give a list of what is in it"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_array_is_named_with_what_to_give(
    tmp_path: Path, value: Any, reason: str
) -> None:
    path = tmp_path / "model.wasm"
    path.write_bytes(models.new("linear", features=2).to_bytes())
    with Session.open(path) as session:
        with pytest.raises(ArgumentError) as caught:
            session.update(value, 1.0)
        assert str(caught.value) == f"update, argument x: {reason}"
        with pytest.raises(ArgumentError) as caught:
            session.predict_many(value)
        assert str(caught.value) == f"predict: array 0: {reason}"
        assert not session.is_dirty


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_session_is_neither_copied_nor_pickled(
    tmp_path: Path, duplicate: Callable[[Session], object]
) -> None:
    path = tmp_path / "model.wasm"
    path.write_bytes(models.new("linear", features=2).to_bytes())
    with Session.open(path) as session:
        with pytest.raises(TypeError) as caught:
            duplicate(session)
        assert str(caught.value) == (
            f"a session cannot be copied or pickled; its file is the model: open {path} there"
        )
        session.update([1.0, 2.0], 1.0)
