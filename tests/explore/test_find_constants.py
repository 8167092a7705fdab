"""Constants of the code are found, and what they are for is told."""

from __future__ import annotations

from typing import Any

import pytest

from models import FIXTURES, from_wat
from support import message
from wasmstate import ArgumentError, Constant, Module, find_constants


def found(body: str, **choice: Any) -> dict[str, str]:
    """The role of each constant of a function, by its type and value."""
    text = f"""(module (memory 1) (table 2 funcref) (global $g (mut i32) (i32.const 5))
      (type $t (func (result i32)))
      (func $callee (param i32 f64))
      (func (export "predict") (param $i i32) (param $x f64) (result f64) (local $n i32)
        {body}))"""
    constants = find_constants(from_wat(text), **choice)
    return {str(each).split(" at ")[0]: each.role for each in constants}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "(f64.add (f64.mul (f64.const 2.5) (local.get $x)) (f64.const 0.5))",
            {"f64.const 2.5": "", "f64.const 0.5": ""},
        ),
        ("(f64.load (i32.const 64))", {"i32.const 64": "an address"}),
        (
            "(f64.load (i32.add (i32.mul (local.get $i) (i32.const 8)) (i32.const 16)))",
            {"i32.const 8": "an address", "i32.const 16": "an address"},
        ),
        (
            "(local.set $n (i32.const 32)) (f64.load (local.get $n))",
            {"i32.const 32": "an address"},
        ),
        (
            (
                "(loop (local.set $n (i32.add (local.get $n) (i32.const 1)))"
                " (br_if 0 (i32.lt_s (local.get $n) (i32.const 10)))) (local.get $x)"
            ),
            {"i32.const 1": "a loop bound", "i32.const 10": "a loop bound"},
        ),
        (
            "(f64.convert_i32_s (i32.shl (local.get $i) (i32.const 3)))",
            {"i32.const 3": "a shift"},
        ),
        (
            "(f64.convert_i32_s (i32.and (local.get $i) (i32.const 7)))",
            {"i32.const 7": "a mask of bits"},
        ),
        (
            "(f64.convert_i32_s (i32.mul (local.get $i) (i32.const 11)))",
            {"i32.const 11": ""},
        ),
        (
            "(if (f64.lt (local.get $x) (f64.const 0.25)) (then (nop))) (local.get $x)",
            {"f64.const 0.25": ""},
        ),
        (
            "(call $callee (i32.const 9) (f64.const 1.5)) (local.get $x)",
            {"i32.const 9": "an argument of a call", "f64.const 1.5": ""},
        ),
        (
            "(drop (call_indirect (type $t) (i32.const 1))) (local.get $x)",
            {"i32.const 1": "an index"},
        ),
        (
            "(global.set $g (i32.const 77)) (local.get $x)",
            {"i32.const 77": "kept in a global"},
        ),
        (
            "(memory.fill (i32.const 100) (i32.const 0) (i32.const 9)) (local.get $x)",
            dict.fromkeys(["i32.const 100", "i32.const 0", "i32.const 9"], "an address or a size"),
        ),
        (
            "(select (f64.const 3.5) (local.get $x) (i32.gt_s (local.get $i) (i32.const 4)))",
            {"f64.const 3.5": "", "i32.const 4": "a condition"},
        ),
        (
            "(block (result i32) (i32.const 6)) (f64.load)",
            {"i32.const 6": "an address"},
        ),
        (
            "(i64.store (i32.const 8) (i64.const 12)) (local.get $x)",
            {"i32.const 8": "an address", "i64.const 12": "stored as it is"},
        ),
        (
            "(block (block (br_table 0 1 (i32.sub (local.get $i) (i32.const 5))))) (local.get $x)",
            {"i32.const 5": "an index"},
        ),
    ],
)
def test_the_role_of_a_constant(body: str, expected: dict[str, str]) -> None:
    assert found(body) == expected


def test_lanes_of_a_vector_are_known_from_what_takes_it() -> None:
    text = """(module (func (export "predict") (param v128) (result v128 v128)
      (f32x4.mul (local.get 0) (v128.const f32x4 0.5 1.5 2 3))
      (v128.xor (local.get 0) (v128.const i32x4 1 2 3 4))))"""
    first, second = find_constants(from_wat(text))
    assert (first.dtype, first.values, first.is_weight) == ("f32", (0.5, 1.5, 2.0, 3.0), True)
    assert (second.dtype, second.is_weight) == ("u8", False)


def test_the_choice_by_function_type_and_value() -> None:
    text = """(module
      (func $inner (result f64) (f64.const 0.25))
      (func (export "predict") (result f64) (f64.add (call $inner) (f64.const 8)))
      (func $far (export "train") (result f32) (f32.const 2)))"""
    module = from_wat(text)

    def values(**choice: Any) -> list[float]:
        return [value for each in find_constants(module, **choice) for value in each.values]

    assert values() == [0.25, 8.0]
    assert values(reached_from=["train"]) == [2.0]
    assert values(functions=["predict", 2]) == [8.0, 2.0]
    assert values(reached_from=["predict", "train"], types=["f32"]) == [2.0]
    assert values(low=1, high=10) == [8.0]


def test_a_constant_says_what_it_is_and_where() -> None:
    first, *_ = find_constants(Module.open(FIXTURES / "liveness.wasm"))
    assert isinstance(first, Constant)
    assert str(first) == f"f64.const 0.36481 at {first.offset:#x} in predict"


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        ({"reached_from": ["guess"]}, "the module exports no function 'guess'; it exports "),
        ({"functions": ["guess"]}, "the module defines no function 'guess'"),
        ({"functions": [99]}, "the module defines no function 99"),
        ({"types": ["f16"]}, "no constants are of type 'f16'; there are f32, f64, i32, i64, v128"),
    ],
)
def test_what_cannot_be_chosen_is_said(choice: dict[str, Any], text: str) -> None:
    module = Module.open(FIXTURES / "liveness.wasm")
    assert message(ArgumentError, lambda: find_constants(module, **choice)).startswith(text)
