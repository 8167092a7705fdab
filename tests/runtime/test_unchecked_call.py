"""The prepared way into wasmtime: the same values, errors and memory as the public one."""

from __future__ import annotations

import struct
import threading

import numpy as np
import pytest
import wasmtime

from runtime.instances import instance
from wasmstate import ArgumentError, CallError, DeadlineError, LimitError, TrapError
from wasmstate.runtime import unchecked_call
from wasmstate.state.record import Region, RegionKind

BITS = """
(module
  (global (export "f32") (mut f32) (f32.const nan:0x0123a5))
  (global (export "f64") (mut f64) (f64.const nan:0x0123456789abc))
  (func (export "f32_bits") (param f32) (result i32) (i32.reinterpret_f32 (local.get 0)))
  (func (export "f64_bits") (param f64) (result i64) (i64.reinterpret_f64 (local.get 0)))
  (func (export "f64_back") (param f64) (result f64) (local.get 0)))
"""
NAN32 = struct.pack("<I", 0x7F8123A5)
NAN64 = struct.pack("<Q", 0x7FF0123456789ABC)


def is_fast() -> bool:
    return type(unchecked_call.link(wasmtime.Store())) is unchecked_call.FastLink


@pytest.fixture(params=[True, False])
def as_array_scalar(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_a_signalling_nan_keeps_its_bits_as_an_argument(as_array_scalar: bool) -> None:
    running = instance(BITS)
    double = np.frombuffer(NAN64, "<f8")[0]
    given = double if as_array_scalar else double.item()
    assert running.call("f64_bits", [given]) == 0x7FF0123456789ABC
    back = running.call("f64_back", [given])
    assert struct.pack("<d", back) == NAN64
    assert running.call("f32_bits", [np.frombuffer(NAN32, "<f4")[0]]) == 0x7F8123A5


def test_a_signalling_nan_keeps_its_bits_in_a_global() -> None:
    running = instance(BITS)
    globals_ = [Region(RegionKind.GLOBAL, i, 0, length, 0) for i, length in ((0, 4), (1, 8))]
    assert running.read(globals_) == [NAN32, NAN64]
    others = [bytes([1]) + NAN32[1:], bytes([1]) + NAN64[1:]]
    running.write(globals_, others)
    assert running.read(globals_) == others


def test_an_argument_that_is_refused_beside_a_nan_does_not_change_the_nan() -> None:
    text = '(module (func (export "f") (param i32 f32) (result i32) {}))'
    body = "(i32.reinterpret_f32 (local.get 1))"
    running = instance(text.format(body))
    # The integer is given unsigned: it takes the slow way, and the number beside it with it.
    assert running.call("f", [2**31, np.frombuffer(NAN32, "<f4")[0]]) == 0x7F8123A5


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (wasmtime._bindings, "_wasmtime_func_call_unchecked"),
        (wasmtime._bindings, "wasmtime_val_raw_t"),
        (wasmtime._func, "maybe_raise_last_exn"),
        (wasmtime.Store, "_context"),
    ],
)
def test_a_name_that_is_missing_leaves_the_public_api(
    owner: object, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert unchecked_call._look_as_expected()
    monkeypatch.delattr(owner, name)
    assert not unchecked_call._look_as_expected()


def test_a_function_with_other_arguments_leaves_the_public_api(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    function = wasmtime._bindings._wasmtime_func_call_unchecked
    monkeypatch.setattr(function, "argtypes", function.argtypes[:4])
    assert not unchecked_call._look_as_expected()


def test_the_switch_holds_for_its_context_only() -> None:
    assert is_fast()
    with unchecked_call.public_calls():
        assert not is_fast()
    assert is_fast()


def test_types_are_compared_with_the_compiled_ones(calls: str) -> None:
    store = wasmtime.Store()
    text = '(module (func (export "f") (param i32) (result f64) f64.const 0))'
    module = wasmtime.Module(store.engine, bytes(wasmtime.wat2wasm(text)))
    func = wasmtime.Instance(store, module, []).exports(store)["f"]
    assert isinstance(func, wasmtime.Func)
    for params, results in (
        (["i64"], ["f64"]),
        (["i32"], []),
        ([], ["f64"]),
        (["i32"] * 2, ["f64"]),
    ):
        with pytest.raises(TypeError):
            unchecked_call.link(store).function(func, params, results, lambda values: values)
    call = unchecked_call.link(store).function(func, ["i32"], ["f64"], lambda values: values)
    assert call([1]) == 0.0


def test_what_an_import_in_python_raises_comes_out(calls: str) -> None:
    store = wasmtime.Store()
    text = '(module (import "" "f" (func)) (func (export "f") call 0))'

    def give_up() -> None:
        raise EOFError

    imported = wasmtime.Func(store, wasmtime.FuncType([], []), give_up)
    module = wasmtime.Module(store.engine, bytes(wasmtime.wat2wasm(text)))
    func = wasmtime.Instance(store, module, [imported]).exports(store)["f"]
    assert isinstance(func, wasmtime.Func)
    call = unchecked_call.link(store).function(func, [], [], lambda values: values)
    for _ in range(2):
        with pytest.raises(EOFError):
            call([])


def test_calls_go_on_after_a_trap(calls: str) -> None:
    running = instance(
        """(module (func (export "f") (param i32) (result i32)
             (i32.div_s (i32.const 6) (local.get 0))))"""
    )
    for _ in range(3):
        assert running.call("f", [3]) == 2
        with pytest.raises(TrapError):
            running.call("f", [0])
        with pytest.raises(ArgumentError):
            running.call("f", ["3"])


def test_results_beyond_the_arguments_have_room(calls: str) -> None:
    running = instance(
        """(module (func (export "f") (param i32) (result i32 i64 f32 f64)
             (local.get 0) (i64.const -1) (f32.const 0.5) (f64.const -0.25)))"""
    )
    assert running.call("f", [7]) == (7, -1, 0.5, -0.25)
    assert running.call("f", [2**32 - 1]) == (-1, -1, 0.5, -0.25)


SPIN = """(module (func (export "f") (param i32) (local $i i32)
  (loop
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br_if 0 (i32.lt_u (local.get $i) (local.get 0))))))"""


def test_fuel_ends_a_call_and_each_call_has_all_of_it(calls: str) -> None:
    running = instance(SPIN, fuel=10_000)
    for _ in range(3):
        running.call("f", [1000])
        with pytest.raises(LimitError) as caught:
            running.call("f", [10_000])
        assert str(caught.value) == "f() was ended: it needed more fuel than 10000"


def test_fuel_ends_a_call_at_the_same_place_every_time(calls: str) -> None:
    running = instance(SPIN, fuel=10_000)

    def ends(turns: int) -> bool:
        try:
            running.call("f", [turns])
        except LimitError:
            return True
        return False

    ended = [ends(turns) for turns in range(1000, 3000, 50)]
    assert ended == sorted(ended)
    assert {True, False} == set(ended)
    assert ended == [ends(turns) for turns in range(1000, 3000, 50)]


def test_with_fuel_there_is_a_deadline_still(calls: str) -> None:
    running = instance(SPIN, fuel=1 << 62, seconds=0.1)
    with pytest.raises(DeadlineError):
        running.call("f", [2**32 - 1])


def test_a_negative_fuel_is_none() -> None:
    with pytest.raises(ValueError, match=r"the limit of fuel must be .*, not -1"):
        instance(SPIN, fuel=-1)


def test_a_second_thread_is_told_that_the_instance_is_busy(calls: str) -> None:
    running = instance('(module (func (export "f") (loop br 0)))', seconds=0.1)
    told: list[str] = []

    def occupy() -> None:
        while not told:
            try:
                running.call("f", [])
            except DeadlineError:
                pass
            except CallError as error:
                told.append(str(error))

    threads = [threading.Thread(target=occupy) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(told) == {"the instance is busy with another call"}
