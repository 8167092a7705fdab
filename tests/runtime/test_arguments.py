"""Numbers go in as they are, or not at all."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.instances import call, instance
from wasmstate import CallError
from wasmstate.runtime.instance import Instance

pytestmark = pytest.mark.usefixtures("calls")

ECHO = "".join(
    f'(func (export "{type_}") (param {type_}) (result {type_}) local.get 0)'
    for type_ in ("i32", "i64", "f32", "f64")
)


@pytest.fixture(scope="module")
def echo(calls: str) -> Instance:
    return instance(f"(module {ECHO})")


@pytest.mark.parametrize("type_", ["i32", "i64"])
@given(data=st.data())
def test_an_integer_comes_back_as_signed_whichever_way_it_was_given(
    type_: str, echo: Instance, data: st.DataObject
) -> None:
    bits = int(type_[1:])
    number = data.draw(st.integers(-(1 << bits - 1), (1 << bits) - 1))
    back = echo.call(type_, [number])
    assert -(1 << bits - 1) <= back < 1 << bits - 1
    assert back % (1 << bits) == number % (1 << bits)


@given(st.floats())
def test_a_float_comes_back_as_it_was(echo: Instance, number: float) -> None:
    back = echo.call("f64", [number])
    assert math.isnan(back) if math.isnan(number) else math.copysign(1, back) * back == abs(number)


@given(st.floats(width=32))
def test_a_single_float_comes_back_as_it_was(echo: Instance, number: float) -> None:
    back = echo.call("f32", [number])
    assert math.isnan(back) if math.isnan(number) else back == number


@pytest.mark.parametrize(
    ("type_", "value", "back"),
    [
        ("i32", True, 1),
        ("i32", np.int64(-5), -5),
        ("i32", np.uint32(2**32 - 1), -1),
        ("i32", np.array(7), 7),
        ("i32", 7.0, 7),
        ("i32", np.float32(7), 7),
        ("i32", np.True_, 1),
        ("i64", np.uint64(2**64 - 1), -1),
        ("f64", True, 1.0),
        ("f64", 3, 3.0),
        ("f64", np.float32(0.5), 0.5),
        ("f64", np.int8(-1), -1.0),
        ("f64", np.array(2.5), 2.5),
        ("f64", Decimal("0.25"), 0.25),
        ("f64", Fraction(1, 4), 0.25),
        ("f64", math.inf, math.inf),
        ("f32", -math.inf, -math.inf),
        ("f32", 0.1, float(np.float32(0.1))),
        ("f32", 1e-60, 0.0),
        ("f32", float(np.finfo(np.float32).max), float(np.finfo(np.float32).max)),
    ],
)
def test_whatever_is_a_number_is_taken(type_: str, value: Any, back: float, echo: Instance) -> None:
    result = echo.call(type_, [value])
    assert result == back
    assert type(result) is type(back)


@pytest.mark.parametrize(
    ("type_", "value", "message"),
    [
        ("i32", 2**32, "i32, argument 0: 4294967296 does not fit i32"),
        ("i32", 2**33, "i32, argument 0: 8589934592 does not fit i32"),
        ("i32", -(2**31) - 1, "i32, argument 0: -2147483649 does not fit i32"),
        ("i64", 2**64, "i64, argument 0: 18446744073709551616 does not fit i64"),
        ("i32", 1.5, "i32, argument 0 must be an integer (i32), not 1.5"),
        ("i64", "1", "i64, argument 0 must be an integer (i64), not '1'"),
        ("i32", None, "i32, argument 0 must be an integer (i32), not None"),
        (
            "i32",
            [1],
            (
                "i32, argument 0 must be an integer (i32), not [1]; if it is the address of an "
                "array, the signature of the function must say so: p0: f64[1]@sym:p0, with the "
                "type of its elements and the place of its buffer, an address or an exported symbol"
            ),
        ),
        ("f32", 3.5e38, "f32, argument 0: 3.5e+38 does not fit f32"),
        ("f32", -1e300, "f32, argument 0: -1e+300 does not fit f32"),
        ("f64", "1.5", "f64, argument 0 must be a number (f64), not '1.5'"),
        ("f64", b"1.5", "f64, argument 0 must be a number (f64), not b'1.5'"),
        ("f64", "nan", "f64, argument 0 must be a number (f64), not 'nan'"),
        ("f64", None, "f64, argument 0 must be a number (f64), not None"),
        ("f32", 1j, "f32, argument 0 must be a number (f32), not 1j"),
        ("f64", [1.0], "f64, argument 0 must be a number (f64), not [1.0]"),
    ],
)
def test_whatever_does_not_fit_is_refused(
    type_: str, value: Any, message: str, echo: Instance
) -> None:
    with pytest.raises(CallError) as caught:
        echo.call(type_, [value])
    assert str(caught.value) == message


def test_an_integer_that_no_float_can_be_is_refused(echo: Instance) -> None:
    with pytest.raises(CallError) as caught:
        echo.call("f64", [10**400])
    assert str(caught.value) == f"f64, argument 0 must be a number (f64), not 1{'0' * 400}"


def test_an_array_of_several_numbers_is_no_number(echo: Instance) -> None:
    with pytest.raises(CallError) as caught:
        echo.call("f64", [np.array([1.0, 2.0])])
    assert str(caught.value) == "f64, argument 0 must be a number (f64), not array([1., 2.])"


@pytest.mark.parametrize(
    ("body", "args", "message"),
    [
        ("", [1], "f() -> () takes 0 arguments, 1 given"),
        ("(param i32)", [], "f(i32) -> () takes 1 argument, 0 given"),
        ("(param i32 f64)", [1, 2, 3], "f(i32 f64) -> () takes 2 arguments, 3 given"),
        ("(param i32 f64)", [1, "x"], "f, argument 1 must be a number (f64), not 'x'"),
        (
            "(param v128)",
            [0],
            "f, argument 0 is of type v128, which cannot be given from outside",
        ),
        (
            "(param funcref)",
            [None],
            "f, argument 0 is of type funcref, which cannot be given from outside",
        ),
        (
            "(result v128) (v128.const i64x2 0 0)",
            [],
            "f() -> (v128) gives v128, which cannot be taken out",
        ),
        (
            "(result i32 externref) i32.const 1 ref.null extern",
            [],
            "f() -> (i32 externref) gives externref, which cannot be taken out",
        ),
    ],
)
def test_what_a_function_does_not_take_or_cannot_give_is_said_before_it_is_called(
    body: str, args: list[Any], message: str
) -> None:
    with pytest.raises(CallError) as caught:
        call(body, *args)
    assert str(caught.value) == message


def test_an_unknown_function_is_named_and_so_are_the_known_ones(echo: Instance) -> None:
    with pytest.raises(CallError) as caught:
        echo.call("g", [])
    assert str(caught.value) == "the module exports no function 'g'; it exports i32, i64, f32, f64"
    with pytest.raises(CallError) as caught:
        instance('(module (memory (export "f") 1))').call("f", [])
    assert str(caught.value) == "the module exports no function 'f'; it exports none"


def test_results_are_none_one_or_a_tuple() -> None:
    assert call("") is None
    assert call("(result i32) i32.const -1") == -1
    assert call("(result i32 f64 i64) i32.const 1 f64.const 0.5 i64.const -1") == (1, 0.5, -1)
