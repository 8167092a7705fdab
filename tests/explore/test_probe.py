"""probe says which tensors are alive, by changing them and calling."""

from __future__ import annotations

import pytest

from models import FIXTURES, from_wat, model
from support import message
from wasmstate import (
    ArgumentError,
    CallError,
    Module,
    StateError,
    TrapError,
    models,
    probe,
)


def fixture(name: str) -> Module:
    return Module.open(FIXTURES / f"{name}.wasm")


def verdicts(module: Module, *calls: str) -> dict[str, str]:
    return {each.name: each.verdict for each in probe(module, calls).tensors}


def test_what_the_compiler_folded_is_dead_and_stands_in_the_code() -> None:
    module = fixture("liveness")
    found = probe(module)
    assert {each.name: each.verdict for each in found.tensors} == {
        "folded": "dead",
        "weights": "live",
        "bias": "live",
        "count": "update only",
        "last": "written only",
    }
    assert found.dead == ["folded"]
    folded = found.tensors[0].folded
    assert {each.cell for each in folded} == {"folded[0]", "folded[1]", "folded[2]"}
    for each in folded:
        raw = module.to_bytes()[each.offset : each.offset + 9]
        assert raw[0] == 0x44  # f64.const
    assert str(folded[0]) == f"folded[0] = 0.03991 stands in the code at {folded[0].offset:#x}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "bandit",
            {"successes": "live", "failures": "live", "rng": "live", "count": "update only"},
        ),
        (
            "linear",
            {
                "weights": "live",
                "bias": "live",
                "learning_rate": "update only",
                "count": "update only",
            },
        ),
        ("welford", {"count": "update only", "mean": "live", "m2": "update only"}),
    ],
)
def test_the_fixtures_without_calls(name: str, expected: dict[str, str]) -> None:
    assert verdicts(fixture(name)) == expected


def test_calls_that_are_given_decide() -> None:
    assert verdicts(fixture("welford"), "variance:", "update:1.5", "update:4")["m2"] == "live"
    assert verdicts(fixture("linear"), "predict:1,0,0,0")["learning_rate"] == "dead"


def test_elements_are_counted() -> None:
    found = probe(fixture("linear"), ["predict:1,0,0,1"])
    assert [(each.live, each.tried, each.is_written) for each in found.tensors][:2] == [
        (2, 4, False),
        (1, 1, False),
    ]
    few = probe(fixture("linear"), ["predict:1,1,1,1"], sample=2)
    assert few.tensors[0].tried == 2
    assert few.tensors[0].live == 2


def test_globals_and_whole_memories_are_probed() -> None:
    text = """(module (memory (export "memory") 1)
      (global $scale (mut f32) (f32.const 2)) (global $unused (mut i32) (i32.const 7))
      (func (export "predict") (param f32) (result f32)
        (f32.mul (global.get $scale) (f32.load (i32.const 64)))))"""
    module = model(text, "w:f32@64", whole_memory=True, values={"w": 3})
    assert verdicts(module) == {"w": "live", "scale": "live", "unused": "dead"}


def test_a_module_without_a_state_is_probed_by_tensors() -> None:
    text = """(module (memory (export "memory") 1)
      (func (export "predict") (param f64) (result f64)
        (f64.mul (local.get 0) (f64.load (i32.const 64)))))"""
    found = probe(from_wat(text), tensors=["w:f64@64", "x:f64@128"])
    assert [(each.name, each.verdict) for each in found.tensors] == [("w", "live"), ("x", "dead")]
    with pytest.raises(StateError):
        probe(from_wat(text))


def test_a_float_that_stands_in_the_code_as_a_double_and_in_a_vector() -> None:
    text = """(module (memory (export "memory") 1)
      (func (export "predict") (result f64) (local v128)
        (local.set 0 (v128.const f32x4 0.7 1 2 3)) (f64.const 0.30000001192092896)))"""
    module = model(text, "w:f32[3]@64", "n:i32@0", values={"w": [0.3, 0.7, 2]})
    folded = probe(module, ["predict:"]).tensors[0].folded
    assert [each.cell for each in folded] == ["w[0]", "w[1]"]


def test_the_shipped_models_have_nothing_dead_that_learns() -> None:
    for module in (models.new("moments", features=2), models.new("ucb1", arms=2)):
        found = probe(module)
        assert not [each.name for each in found.tensors if each.verdict == "written only"]
        assert any(each.verdict == "live" for each in found.tensors)


def test_the_module_stays_as_it_is() -> None:
    module = fixture("linear")
    before = module.to_bytes()
    assert probe(module) == probe(module)
    assert module.to_bytes() == before


def test_calls_that_fail_behind_others_are_left_out() -> None:
    text = """(module (memory (export "memory") 1)
      (func (export "predict") (param i32) (result i32)
        (if (i32.or (i32.eq (local.get 0) (i32.const 3)) (i32.load (i32.const 64)))
          (then unreachable))
        (i32.store (i32.const 64) (i32.const 1)) (i32.load (i32.const 64))))"""
    found = probe(model(text, "w:i32@64"))
    assert [str(call) for call in found.calls] == ["predict(0)"]


@pytest.mark.parametrize(
    ("calls", "kind", "text"),
    [
        (["predict:1,,2"], ArgumentError, "cannot read the call 'predict:1,,2'"),
        (["predict:true"], ArgumentError, "cannot read the call 'predict:true'"),
        (["predict:a"], ArgumentError, "cannot read the call 'predict:a'"),
        (["guess:1"], CallError, "the module exports no function 'guess'"),
        (["update:9,1"], TrapError, "update() trapped"),
    ],
)
def test_what_cannot_be_called_is_said(calls: list[str], kind: type[Exception], text: str) -> None:
    assert message(kind, lambda: probe(fixture("bandit"), calls)).startswith(text)


def test_no_calls_and_no_arguments_that_work() -> None:
    text = '(module (memory (export "memory") 1) (func (export "f")))'
    assert message(ArgumentError, lambda: probe(model(text, "w:f64@0"))) == (
        "no arguments are known for predict and update: give calls, for example predict:1.0,0.5"
    )
    text = '(module (memory (export "memory") 1) (func (export "predict") unreachable))'
    said = message(ArgumentError, lambda: probe(model(text, "w:f64@0")))
    assert "; tried were predict(): predict() trapped" in said


def test_a_sample_that_is_none() -> None:
    said = message(ValueError, lambda: probe(fixture("bandit"), sample=0))
    assert said == "sample must be positive, not 0"
