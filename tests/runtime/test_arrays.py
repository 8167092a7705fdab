"""Arrays as arguments: copied to their buffers, or refused before the call."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import from_wat
from support import fewer_examples, message
from wasmstate import ArgumentError, CallError, Limits, SchemaError, Signature, StateBoundsError
from wasmstate.runtime.arguments import entry_point
from wasmstate.runtime.instance import Instance
from wasmstate.runtime.program import Program
from wasmstate.state.record import Region, RegionKind
from wasmstate.state.tensor import DTYPES

pytestmark = pytest.mark.usefixtures("calls")

MODULE = """(module
  (memory (export "memory") 1 1)
  (global (export "x") i32 (i32.const 256))
  (func (export "where") (param i32) (result i32) (local.get 0))
  (func (export "get") (param i32 f64) (result f64 f64)
    (f64.load offset=16 (local.get 0)) (local.get 1)))
"""
S = [Region(RegionKind.MEMORY, 0, 0, 64, 0)]


def running(text: str = MODULE, **limits: Any) -> Instance:
    return Instance(Program(from_wat(text), Limits(**limits)))


def entry(signature: str, name: str = "get", instance: Instance | None = None) -> Any:
    call = entry_point(instance or running(), name, Signature.parse(signature), S)
    return lambda *args: call(args)


@pytest.mark.parametrize(
    "x",
    [
        [1.0, 2.0, 3.5],
        (1, 2, 3.5),
        np.array([1, 2, 3.5]),
        np.array([1, 2, 3.5], "f4"),
        np.array([1, 2, 3.5], ">f8"),
        np.array([1, 9, 2, 9, 3.5, 9])[::2],
        np.array([3.5, 2, 1])[::-1],
        np.array([1, 2, 3.5], object),
        [np.float32(1), True, 3.5],
        range(1, 4),
    ],
)
def test_whatever_has_the_numbers_is_copied_in_order(x: Any) -> None:
    get = entry("(x: f64[3]@sym:x, y: f64) -> (f64, f64)")
    assert get(x, 7.0) == (list(x)[2], 7.0)


def test_elements_stand_row_after_row_little_endian_whatever_their_type() -> None:
    for dtype in DTYPES:
        instance = running()
        where = entry(f"(x: {dtype}[2,3]@sym:x) -> i32", "where", instance)
        array = np.arange(6).reshape(2, 3)
        for given_array in (array, np.asfortranarray(array), array.tolist()):
            assert where(given_array) == 256
            expected = array.astype(DTYPES[dtype]).tobytes()
            assert instance.span(256, len(expected)).read() == expected


@given(st.lists(st.floats(), min_size=3, max_size=3))
def test_bits_of_an_array_are_kept(numbers: list[float]) -> None:
    instance = running()
    where = entry("(x: f64[3]@sym:x) -> i32", "where", instance)
    for x in (numbers, np.array(numbers)):
        where(x)
        assert instance.span(256, 24).read() == np.array(numbers).tobytes()


def test_a_signalling_nan_in_an_array_is_kept() -> None:
    instance = running()
    where = entry("(x: f32[1]@sym:x) -> i32", "where", instance)
    content = bytes.fromhex("a523817f")
    where(np.frombuffer(content, "f4"))
    assert instance.span(256, 4).read() == content


MASKED = (
    "has masked values, which have to be something: give .filled(...), or leave the masked rows out"
)


@pytest.mark.parametrize(
    ("x", "reason"),
    [
        ([1.0, 2.0], "has the shape [3], the value given has [2]"),
        ([], "has the shape [3], the value given has [0]"),
        (np.empty(0), "has the shape [3], the value given has [0]"),
        (1.0, "has the shape [3], the value given has []"),
        (np.zeros((3, 1)), "has the shape [3], the value given has [3, 1]"),
        (["1", "2", "3"], "holds f64, the value given is of type <U1"),
        ([1.0, None, 2.0], "holds f64, not None"),
        (np.array([1, "a", None], object), "holds f64, not 'a'"),
        (np.zeros(3, complex), "holds f64, the value given is of type complex128"),
        (np.zeros(3, "M8[s]"), "holds f64, the value given is of type datetime64[s]"),
        (b"\0" * 24, "has the shape [3], the value given has []"),
        (None, "has the shape [3], the value given has []"),
        (
            np.ma.masked_equal([1.0, 999.0, 2.0], 999.0),
            MASKED,
        ),
    ],
)
def test_what_is_no_such_array_is_refused(x: Any, reason: str) -> None:
    get = entry("(x: f64[3]@sym:x, y: f64) -> (f64, f64)")
    assert message(ArgumentError, lambda: get(x, 1.0)) == f"get, argument x {reason}"


def test_a_dict_is_refused_with_what_to_give() -> None:
    get = entry("(x: f64[3]@sym:x, y: f64) -> (f64, f64)")
    found = message(ArgumentError, lambda: get({"a": 1}, 1.0))
    assert found == "get, argument x: a dict is no array: give a list of its values, in order"


def test_a_ragged_list_is_refused() -> None:
    get = entry("(x: f64[3]@sym:x, y: f64) -> (f64, f64)")
    found = message(ArgumentError, lambda: get([1, [2], 3], 1.0))
    assert found.startswith("get, argument x: setting an array element with a sequence")


@pytest.mark.parametrize(
    ("dtype", "x", "reason"),
    [
        ("i32", [1, 2, 2**31], ": 2147483648 does not fit i32"),
        ("i32", np.array([1, 2, -(2**31) - 1]), ": -2147483649 does not fit i32"),
        ("u8", [1, 256, 0], ": 256 does not fit u8"),
        ("u8", [1, -1, 0], ": -1 does not fit u8"),
        ("i32", [1.5, 2.0, 3.0], " holds i32, not 1.5"),
        ("f32", [1.0, 1e39, 0.0], ": a value is too large for f32"),
        ("f32", np.array([1.0, 1e39, 0.0]), ": a value is too large for f32"),
    ],
)
def test_numbers_that_do_not_fit_the_elements_are_refused(dtype: str, x: Any, reason: str) -> None:
    where = entry(f"(x: {dtype}[3]@sym:x) -> i32", "where")
    assert message(ArgumentError, lambda: where(x)) == f"where, argument x{reason}"


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (([1.0, math.nan, 2.0], 0.5), "get, argument x[1] = nan is not finite"),
        ((np.array([1.0, 2.0, -math.inf]), 0.5), "get, argument x[2] = -inf is not finite"),
        (([1e308, 1e308, 1e308], 0.5), None),
        (([1.0, 2.0, 3.0], 1.5), "get, argument reward = 1.5 is not <= 1"),
        (([1.0, 2.0, 3.0], -0.25), "get, argument reward = -0.25 is not >= 0"),
        (([1.0, 2.0, 3.0], math.nan), "get, argument reward = nan is not >= 0"),
        (([1.0, 2.0, 3.0], np.float32(0.5)), None),
        (([1.0, 2.0, 3.0], 1), None),
        (([1.0, 2.0, 3.0], "1"), "get, argument reward must be a number (f64), not '1'"),
        (([1.0, 2.0, 3.0], None), "get, argument reward must be a number (f64), not None"),
        (
            ([1.0, 2.0, 3.0],),
            (
                "get(x: f64[3]@sym:x finite, reward: f64 >= 0 <= 1) -> (f64, f64) "
                "takes 2 arguments, 1 given"
            ),
        ),
    ],
)
def test_values_outside_their_bounds_never_reach_the_function(
    args: tuple[Any, ...], expected: str | None
) -> None:
    get = entry("(x: f64[3]@sym:x finite, reward: f64 >= 0 <= 1) -> (f64, f64)")
    if expected is None:
        assert get(*args) == (args[0][2], args[1])
    else:
        assert message(ArgumentError, lambda: get(*args)) == expected


@pytest.mark.parametrize(
    ("arm", "expected"),
    [
        (0, None),
        (9, None),
        (np.int64(9), None),
        (10, "where, argument arm = 10 is not < 10"),
        (-1, "where, argument arm = -1 is not >= 0"),
        (2**32 - 1, "where, argument arm = -1 is not >= 0"),
        (2**33, "where, argument arm: 8589934592 does not fit i32"),
        (1.5, "where, argument arm must be an integer (i32), not 1.5"),
    ],
)
def test_integers_are_held_against_their_bounds_as_signed(arm: Any, expected: str | None) -> None:
    where = entry("(arm: i32 >= 0 < 10) -> i32", "where")
    if expected is None:
        assert where(arm) == arm
    else:
        assert message(ArgumentError, lambda: where(arm)) == expected


def test_a_single_float_is_held_against_its_bounds_as_it_arrives() -> None:
    text = '(module (func (export "f") (param f32) (result f32) (local.get 0)))'
    f = entry("(x: f32 < 0.1) -> f32", "f", running(text))
    assert f(0.09) == np.float32(0.09)
    # As an f32 it is 0.1, no less.
    assert message(ArgumentError, lambda: f(0.09999999999)) == (
        "f, argument x = 0.10000000149011612 is not < 0.1"
    )


def test_a_large_array_is_held_against_its_bounds_as_well() -> None:
    where = entry("(x: f64[400]@1024 finite >= 0) -> i32", "where")
    x = np.arange(400.0)
    assert where(x) == 1024
    x[300] = math.nan
    assert message(ArgumentError, lambda: where(x)) == "where, argument x[300] = nan is not finite"
    x[300] = -1
    assert message(ArgumentError, lambda: where(x)) == "where, argument x[300] = -1.0 is not >= 0"


def test_a_matrix_is_held_against_psd() -> None:
    where = entry("(p: f64[2,2]@1024 psd) -> i32", "where")
    assert where([[1, 0], [0, 1]]) == 1024
    assert message(ArgumentError, lambda: where([[1, 2], [0, 1]])) == (
        "where, argument p is not symmetric"
    )


@pytest.mark.parametrize(
    ("signature", "error", "expected"),
    [
        ("(x: f64[3]@60) -> i32", SchemaError,
         "where: S and the buffer of x overlap, at address 60"),
        ("(x: f64[3]@65520) -> i32", StateBoundsError,
         ("where, buffer of x: bytes 65520 to 65544 do not lie in the memory, "
          "which starts with 1 pages (65536 bytes)")),
        ("(x: f64) -> i32", SchemaError,
         "where is (i32) -> (i32) in the module, the signature given is (x: f64) -> i32"),
    ],
)  # fmt: skip
def test_a_signature_that_cannot_be_is_refused(
    signature: str, error: type[Exception], expected: str
) -> None:
    assert message(error, lambda: entry(signature, "where")) == expected


def test_an_unknown_function_is_named_with_and_without_a_signature() -> None:
    expected = "the module exports no function 'g'; it exports where, get"
    assert message(CallError, lambda: entry("() -> ()", "g")) == expected
    assert message(CallError, lambda: entry_point(running(), "g", None, S)) == expected


def test_a_memory_that_is_not_exported_takes_no_arrays() -> None:
    text = '(module (memory 1) (func (export "f") (param i32)))'
    assert message(
        StateBoundsError, lambda: entry("(x: f64[3]@1024) -> ()", "f", running(text))
    ) == ("memory 0 is not exported, the buffer cannot be read")


def test_a_buffer_is_found_again_when_the_memory_has_moved() -> None:
    text = """(module (memory (export "memory") i64 1)
      (func (export "f") (param i64 i64) (result f64 i64)
        (f64.load offset=16 (local.get 0)) (memory.grow (local.get 1))))"""
    instance = running(text, memory=None)
    f = entry("(x: f64[3]@1024, pages: i64) -> (f64, i64)", "f", instance)
    far = (4 << 30 >> 16) + 100  # more than the 4 GiB that are reserved: it has to move
    assert f([1, 2, 3], far) == (3.0, 1)
    assert f([4, 5, 6], 0) == (6.0, far + 1)


ALLOCATING = """(module
  (memory (export "memory") 1 1)
  (global $next (export "next") (mut i32) (i32.const 1024))
  (global $answer (mut i32) (i32.const 0))
  (global $freed (export "freed") (mut i32) (i32.const 0))
  (func (export "answer") (param i32) (global.set $answer (local.get 0)))
  (func (export "state") (result i32 i32) (global.get $next) (global.get $freed))
  (func (export "malloc") (param $size i32) (result i32)
    (if (global.get $answer) (then (return (i32.sub (global.get $answer) (i32.const 1)))))
    (global.get $next)
    (global.set $next (i32.add (global.get $next) (local.get $size))))
  (func (export "free") (param $address i32)
    (global.set $next (local.get $address))
    (global.set $freed (i32.add (global.get $freed) (i32.const 1))))
  (func (export "get") (param $x i32) (param $y i32) (result f64)
    (f64.sub (f64.load offset=16 (local.get $x)) (f64.load (local.get $y)))))
"""


def test_without_a_place_the_module_gives_the_buffers_and_gets_them_back() -> None:
    instance = running(ALLOCATING)
    get = entry("(x: f64[3] finite, y: f64[1]) -> f64", "get", instance)
    for i in range(1, 4):
        assert get([1.0, 2.0, 10.0 * i], [4.0]) == 10 * i - 4
        assert instance.call("state", []) == (1024, 2 * i)


def test_what_is_wrong_is_said_before_the_module_is_asked_for_a_buffer() -> None:
    instance = running(ALLOCATING)
    get = entry("(x: f64[3] finite, y: f64[1]) -> f64", "get", instance)
    for args in (([1, 2], [3]), ([1, 2, math.nan], [3]), ([1, 2, 3], ["a"])):
        with pytest.raises(ArgumentError):
            get(*args)
    assert instance.call("state", []) == (1024, 0)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (0, "get: the module's malloc(24) gave 0: it has no memory left"),
        (65516, "get: the module's malloc(24) gave 65516, but the memory has 65536 bytes"),
        (2**32 - 2, "get: the module's malloc(24) gave 4294967294, but the memory has 65536 bytes"),
        (40, "get: the module's malloc(24) gave 40, which is inside S"),
        (1024, "get: the module's malloc(8) gave 1024, which is inside another buffer"),
    ],
)
def test_an_allocator_that_gives_what_cannot_be_is_told(answer: int, expected: str) -> None:
    instance = running(ALLOCATING)
    instance.call("answer", [answer + 1])
    get = entry("(x: f64[3], y: f64[1]) -> f64", "get", instance)
    assert message(CallError, lambda: get([1, 2, 3], [4])) == expected


@fewer_examples
@given(
    st.sampled_from(["i32", "i64", "f32", "f64"]),
    st.lists(st.sampled_from(["finite", ">= 0", "< 10", "> -1.5", "<= 0.1"]), max_size=3),
    st.integers(-20, 20)
    | st.floats()
    | st.floats(-2, 2)
    | st.sampled_from([0.1, -1.5, 2.0**31, 2.0**32 - 1, -(2.0**31), 2.0**53, 2.0**63]),
)
def test_a_number_and_an_array_of_it_are_held_against_bounds_alike(
    type_: str, bounds: list[str], number: float
) -> None:
    text = f'(module (memory (export "memory") 1) (func (export "f") (param {type_}))'
    instance = running(text + '(func (export "g") (param i32)))')
    words = " ".join(bounds)
    f = entry(f"(x: {type_} {words}) -> ()", "f", instance)
    g = entry(f"(x: {type_}[1]@1024 {words}) -> ()", "g", instance)

    def passes(call: Any, argument: Any) -> bool:
        try:
            call(argument)
        except ArgumentError:
            return False
        return True

    assert passes(f, number) == passes(g, [number])
