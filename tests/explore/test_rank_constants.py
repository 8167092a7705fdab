"""Constants are ranked by what calls give when each is a little different."""

from __future__ import annotations

import math
from typing import Any

import pytest

from models import from_wat, model
from wasmstate import (
    LinkError,
    Module,
    SectionError,
    bake,
    find_constants,
    rank_constants,
)

LINEAR = """(module (memory (export "memory") 1)
  (func (export "predict") (param f64 f64) (result f64)
    (f64.add (f64.add (f64.mul (local.get 0) (f64.const 0.25))
      (f64.mul (local.get 1) (f64.const -1.5))) (f64.const 3))))"""
HEAP = LINEAR.replace("(func", '(func (export "room") (result i32) (memory.size)) (func', 1)


def offsets(module: Module, **choice: Any) -> list[int]:
    return [each.offset for each in find_constants(module, **choice)]


def test_constants_are_ranked_by_what_they_do() -> None:
    text = LINEAR.replace("(f64.const 3)", "(f64.mul (f64.const 0) (f64.const 5))")
    module = from_wat(text)
    ranked = rank_constants(module, find_constants(module), ["predict:1,2", "predict:1,0"])
    effects = {each.constant.values[0]: each.effect for each in ranked}
    assert next(iter(effects)) == 0.0  # 5/64 of a result of 0.25
    assert effects[-1.5] == pytest.approx(3 / 2.75)
    assert effects[0.25] == pytest.approx(1)
    assert effects[5.0] == 0
    assert str(ranked[-1]).endswith("in predict: effect 0")


def test_a_constant_that_makes_a_call_fail_has_an_infinite_effect() -> None:
    text = """(module (func (export "predict") (result i32)
      (i32.trunc_f64_s (f64.const 2147483647))))"""
    module = from_wat(text)
    (ranked,) = rank_constants(module, find_constants(module, types=["f64"]), ["predict:"])
    assert ranked.effect == math.inf


def test_integers_infinities_and_a_module_with_a_heap_are_ranked() -> None:
    text = HEAP.replace(
        "(f64.const 3)",
        "(f64.add (f64.convert_i32_s (i32.const 4)) (f64.min (f64.const inf) (f64.const 1)))",
    )
    module = from_wat(text)
    shown: list[str] = []
    ranked = rank_constants(
        module,
        find_constants(module),
        ["predict:1,0", "room:"],
        progress=lambda what, _: shown.append(what),
    )
    effects = {each.constant.values[0]: each.effect for each in ranked}
    assert effects == {4: 4 / 5.25, 0.25: 0.25 / 5.25, 1.0: 1 / 5.25, -1.5: 0.0, math.inf: 0.0}
    assert shown == ["changing constants"] * 5
    assert rank_constants(module, [], ["predict:1,0"]) == []
    shared = from_wat(LINEAR.replace('"memory") 1)', '"memory") 1 2 shared)'))
    with pytest.raises(LinkError):
        rank_constants(shared, find_constants(shared), ["predict:1,0"])
    baked = bake(model(LINEAR, "x:f64@8"))
    with pytest.raises(SectionError, match="unbake it first"):
        rank_constants(baked, find_constants(baked), ["predict:1,0"])


def test_a_result_that_is_no_number_any_more_is_an_infinite_effect() -> None:
    text = """(module (func (export "predict") (result f64)
      (f64.sqrt (f64.sub (f64.const 1) (f64.const 1)))))"""
    module = from_wat(text)
    effects = [each.effect for each in rank_constants(module, find_constants(module), ["predict:"])]
    assert effects[0] == math.inf
