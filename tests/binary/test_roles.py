"""Which parameters a function loads from, and what it does to constants on unusual ways."""

from __future__ import annotations

import pytest

from models import from_wat
from wasmstate import find_constants
from wasmstate.binary.roles import address_params
from wasmstate.binary.spaces import Spaces


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("(drop (f64.load (local.get 0)))", {0}),
        ("(f64.store (i32.add (local.get 1) (i32.const 8)) (f64.const 0))", {1}),
        ("(local.set 2 (local.get 0)) (drop (i32.load (local.get 2)))", {0}),
        (
            (
                "(loop (drop (f64.load (local.get 0)))"
                " (local.set 0 (i32.add (local.get 0) (i32.const 8)))"
                " (br_if 0 (i32.ne (local.get 0) (local.get 1))))"
            ),
            {0},
        ),
        ("(drop (i32.add (local.get 0) (local.get 1)))", set()),
    ],
)
def test_parameters_that_are_loaded_from(body: str, expected: set[int]) -> None:
    text = f"""(module (import "e" "f" (func (param i32))) (memory 1)
      (func (param i32 i32) (local i32) {body}))"""
    spaces = Spaces(from_wat(text))
    assert address_params(spaces, 1) == expected
    assert address_params(spaces, 0) == set()
    assert address_params(spaces, 9) == set()


def roles(text: str) -> dict[str, str]:
    found = find_constants(from_wat(f"(module (memory 1) {text})"), functions=["f"])
    return {str(each).split(" at ")[0]: each.role for each in found}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # What an instruction of the garbage collector takes is not followed.
        (
            '(func (export "f") (drop (i31.get_s (ref.i31 (i32.const 5)))))',
            {"i32.const 5": ""},
        ),
        (
            (
                '(type $t (func (param i32))) (table 1 funcref) (func (export "f")'
                " (return_call_indirect (type $t) (i32.const 3) (i32.const 0)))"
            ),
            {"i32.const 3": "an argument of a call", "i32.const 0": "an index"},
        ),
        (
            '(func (export "f") (i32.const 8) (block (param i32) (drop (i32.load))))',
            {"i32.const 8": "an address"},
        ),
        (
            '(func (export "f") (local i32) (drop (i32.load (local.tee 0 (i32.const 4)))))',
            {"i32.const 4": "an address"},
        ),
        (
            '(table 3 funcref) (func (export "f") (drop (table.get 0 (i32.const 2))))',
            {"i32.const 2": "an index"},
        ),
        (
            '(func (export "f") (drop (memory.grow (i32.const 1))))',
            {"i32.const 1": "an address or a size"},
        ),
        (
            (
                '(func (export "f") (drop (i32.atomic.rmw.cmpxchg (i32.const 4) (i32.const 5)'
                " (i32.const 6))) (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 9)))"
                " (drop (i32.atomic.load (i32.const 12))))"
            ),
            {
                "i32.const 4": "an address",
                "i32.const 5": "stored as it is",
                "i32.const 6": "stored as it is",
                "i32.const 8": "an address",
                "i32.const 9": "stored as it is",
                "i32.const 12": "an address",
            },
        ),
        (
            (
                '(func (export "f") (result f32) (f32x4.extract_lane 0 (f32x4.add'
                " (v128.load32_lane 0 (i32.const 16) (v128.const f32x4 1 2 3 4))"
                " (f32x4.splat (f32.const 0.5)))))"
            ),
            {
                "i32.const 16": "an address",
                "v128.const 0 0 128 63 0 0 0 64 0 0 64 64 0 0 128 64": "",
                "f32.const 0.5": "",
            },
        ),
        (
            (
                '(func (export "f") (result i64) (if (result i64) (i32.const 1)'
                " (then (return (i64.const 2))) (else (i64.const 3))))"
            ),
            {"i32.const 1": "a condition", "i64.const 2": "", "i64.const 3": ""},
        ),
    ],
)
def test_constants_on_unusual_ways(text: str, expected: dict[str, str]) -> None:
    assert roles(text) == expected


def test_a_computation_of_very_many_constants_is_no_weight() -> None:
    body = "(i32.const 0)" + "".join(f" (i32.const {i}) (i32.add)" for i in range(1, 400))
    found = find_constants(from_wat(f'(module (func (export "f") (result i32) {body}))'))
    assert sum(each.role == "part of a long computation" for each in found) > 250
