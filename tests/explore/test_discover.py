"""discover finds what calls change and read, and leaves out what only passes through memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import FIXTURES, from_wat
from support import message
from wasmstate import (
    ArgumentError,
    Call,
    CallError,
    Discovery,
    Module,
    SchemaError,
    Signature,
    State,
    TrapError,
    attach,
    discover,
    models,
)
from wasmstate.state.attach.schema_file import read_schema_file

PULLS = ["update:0,1.0", "update:1,0.25", "update:2,0.5", "update:3,0.75", "predict:"]
_NAMES = [call.partition(":")[0] for call in PULLS]
POINTS = ["update:1.0,0.5,2.0,-1.0,3.0", "predict:1,2,3,4"]


def plain(name: str) -> Module:
    """A fixture without its state."""
    return Module.open(FIXTURES / f"{name}.wasm").without_custom("wasmstate.state")


def stripped(module: Module) -> Module:
    """Without names: what symbols it exports is all it tells."""
    return module.without_custom("name")


def proposed(discovery: Discovery) -> list[str]:
    return [str(each.spec) for each in discovery.tensors]


@pytest.mark.parametrize(
    ("name", "calls", "expected"),
    [
        (
            "bandit",
            PULLS,
            (
                "successes:f64[4]@sym:successes failures:f64[4]@sym:failures rng:u64[2]@sym:rng"
                " count:i64@sym:count"
            ),
        ),
        (
            "linear",
            POINTS,
            (
                "weights:f64[4]@sym:weights bias:f64@sym:bias learning_rate:f64@sym:learning_rate"
                " count:i64@sym:count"
            ),
        ),
        (
            "welford",
            ["update:1.0", "update:2.5"],
            "count:i64@sym:count mean:f64@sym:mean m2:f64@sym:m2",
        ),
    ],
)
def test_the_tensors_of_the_fixtures_are_found(name: str, calls: list[str], expected: str) -> None:
    assert sorted(proposed(discover(plain(name), calls))) == sorted(expected.split())


def test_what_is_found_can_be_attached_as_text_and_as_a_schema_file(tmp_path: Path) -> None:
    module = plain("bandit")
    found = discover(module, PULLS)
    assert set(State.of(attach(module, proposed(found)))) == {
        "successes",
        "failures",
        "rng",
        "count",
    }
    path = tmp_path / "schema.toml"
    path.write_text(found.to_toml(), encoding="utf-8")
    assert list(read_schema_file(path).tensors) == found.specs


def test_what_is_being_done_is_told() -> None:
    told: list[tuple[str, float | None]] = []
    discover(plain("bandit"), PULLS, rounds=1, progress=lambda *each: told.append(each))
    assert told[0] == ("compiling the module", None)
    assert told[1:6] == [(f"calling {name}()", i / 5) for i, name in enumerate(_NAMES)]
    trying = [share for what, share in told[6:] if what.startswith("trying what calls read")]
    assert len(trying) == len(told) - 6 > 4
    assert all(share is not None and 0 <= share < 1 for share in trying)


def test_the_module_is_not_changed_and_the_same_is_found_again() -> None:
    module = plain("linear")
    before = module.to_bytes()
    assert discover(module, POINTS) == discover(module, POINTS)
    assert module.to_bytes() == before


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("moments", {"features": 3}),
        ("linear", {"features": 3}),
        ("logistic", {"features": 3}),
        ("ftrl", {"features": 3}),
        ("gaussian_nb", {"features": 3, "classes": 2}),
        ("kmeans", {"features": 2, "clusters": 2}),
        ("ucb1", {"arms": 2}),
    ],
)
def test_every_byte_that_a_shipped_model_learns_is_found(
    name: str, options: dict[str, Any]
) -> None:
    module = models.new(name, seed=None, **options)
    state = State.of(module)
    random = np.random.default_rng(0)
    calls = []
    for i in range(6):
        args = [
            random.normal(size=param.shape).round(3).tolist() if param.is_array else i % 2
            for param in state.entry_points["update"].params
        ]
        calls.append(Call("update", tuple(args)))
    found = discover(module, calls)

    learned = state_after(module, calls)
    missed = {
        region.address + i
        for region, old, new in zip(
            state.regions, state.contents(), learned.contents(), strict=True
        )
        for i in range(region.length)
        if old[i] != new[i]
    }
    assert missed
    bare = module.without_custom("wasmstate.state")
    for region in State.of(attach(bare, proposed(found))).regions:
        missed -= set(range(region.address, region.end))
    assert missed == set()


def state_after(module: Module, calls: list[Call]) -> State:
    from wasmstate.runtime.program import Program
    from wasmstate.session.guarded_call import Live

    state = State.of(module)
    live = Live(Program(module), state)
    for call in calls * 3:
        live.run(live.entry(call.name), call.args)
    return state.with_contents(live.contents)


STACK = """
(module
  (memory (export "memory") 1)
  (global $__stack_pointer (mut i32) (i32.const 2048))
  (global (export "out") i32 (i32.const 4096))
  (func (export "update") (param $x f64)
    (global.set $__stack_pointer (i32.sub (global.get $__stack_pointer) (i32.const 32)))
    (f64.store (global.get $__stack_pointer) (local.get $x))        ;; the stack
    (f64.store (i32.const 3000) (local.get $x))                     ;; scratch
    (f64.store (i32.const 2560)                                     ;; state
      (f64.add (f64.load (i32.const 2560)) (f64.load (i32.const 3000))))
    (f64.store (i32.const 4096) (f64.load (i32.const 2560)))        ;; a result, only written
    (global.set $__stack_pointer (i32.add (global.get $__stack_pointer) (i32.const 32)))))
"""


def test_the_stack_scratch_and_results_are_left_out() -> None:
    found = discover(from_wat(STACK), ["update:1.5", "update:2.25"])
    assert proposed(found) == ["at_2560:f64@2560"]
    assert list(map(str, found.left_out)) == [
        "8 bytes at 2016: the stack",
        "8 bytes at 3000: scratch: written, but no call reads it",
        "8 bytes at 4096: scratch: written, but no call reads it",
    ]


def test_a_stack_without_a_name_is_scratch() -> None:
    module = stripped(from_wat(STACK))
    found = discover(module, ["update:1.5", "update:2.25"])
    assert proposed(found) == ["at_2560:f64@2560"]
    assert str(found.left_out[0]) == "8 bytes at 2016: scratch: written, but no call reads it"


HEAP = """
(module
  (memory (export "memory") 1)
  (global $top (mut i32) (i32.const 1024))
  (func (export "update") (param $x f64)
    (f64.store (global.get $top) (local.get $x))
    (global.set $top (i32.add (global.get $top) (i32.const 16))))
  (func (export "predict") (result f64)
    (local $at i32) (local $sum f64)
    (local.set $at (i32.const 1024))
    (loop $next
      (local.set $sum (f64.add (local.get $sum) (f64.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $at) (global.get $top))))
    (local.get $sum)))
"""


def test_a_heap_is_told_and_not_proposed() -> None:
    found = discover(from_wat(HEAP), ["update:1.5", "predict:"])
    assert (proposed(found), found.needs_whole_memory) == ([], True)
    assert str(found.left_out[0]) == "the global top: the top of a heap"
    assert "# State lies on a heap: only all of memory as the state" in found.to_toml()
    assert {each.reason for each in found.left_out[1:]} == {
        "on a heap, where nothing has a fixed place"
    }


TYPES = """
(module
  (memory (export "memory") 1)
  (global $n (mut i64) (i64.const 0))
  (func $touch (param $at i32) (result i32) (local.get $at))
  (func (export "update") (param $x f32) (param $k i32)
    (f32.store (i32.const 1024) (f32.add (f32.load (i32.const 1024)) (local.get $x)))
    (f32.store (i32.const 1028) (f32.sub (f32.load (i32.const 1028)) (local.get $x)))
    (i32.store (i32.const 1048)
      (i32.add (i32.load (i32.const 1048)) (local.get $k)))
    (i32.store (i32.const 1052)
      (i32.sub (i32.load (i32.const 1052)) (local.get $k)))
    (f64.store (i32.const 1072)
      (f64.add (f64.load (i32.const 1072)) (f64.promote_f32 (local.get $x))))
    (global.set $n (i64.add (global.get $n) (i64.const 1)))))
"""


def test_types_are_told_apart_by_their_values() -> None:
    found = discover(from_wat(TYPES), ["update:0.1,3", "update:0.7,5"])
    assert proposed(found) == [
        "at_1024:f32[2]@1024",
        "at_1048:i32[2]@1048",
        "at_1072:f64@1072",
        "n:i64@global:0",
    ]
    attach(from_wat(TYPES), proposed(found))


BYTES = """
(module
  (memory (export "memory") 1)
  (global (export "flags") i32 (i32.const 1024))
  (global (export "__data_end") i32 (i32.const 1030))
  (func (export "update") (param $i i32)
    (i32.store8 (i32.add (i32.const 1024) (local.get $i))
      (i32.add (i32.load8_u (i32.add (i32.const 1024) (local.get $i))) (i32.const 77)))))
"""


def test_bytes_are_bytes_and_end_where_the_data_end() -> None:
    calls = [f"update:{i}" for i in range(6)]
    assert proposed(discover(from_wat(BYTES), calls)) == ["flags:u8[6]@sym:flags"]


ARRAYS = """
(module
  (memory (export "memory") 1)
  (global (export "x") i32 (i32.const 1024))
  (global (export "w") i32 (i32.const 1040))
  (func (export "update") (param $x i32) (param $y f64)
    (f64.store (i32.const 1040) (f64.add (f64.load (i32.const 1040))
      (f64.mul (local.get $y) (f64.load (local.get $x)))))
    (f64.store (i32.const 1048) (f64.add (f64.load (i32.const 1048))
      (f64.mul (local.get $y) (f64.load offset=8 (local.get $x)))))))
"""


def test_the_buffer_of_an_argument_is_no_state() -> None:
    signature = Signature.parse("(x: f64[2]@sym:x, y: f64) -> ()")
    found = discover(
        from_wat(ARRAYS),
        ["update:[1.5,2.5],0.5", "update:[3,4],0.25"],
        entry_points={"update": signature},
    )
    assert proposed(found) == ["w:f64[2]@sym:w"]
    assert 'update" = "(x: f64[2]@sym:x, y: f64) -> ()"' in found.to_toml()
    assert proposed(discover(from_wat(ARRAYS), ["update:1024,0.5"])) == []


def test_values_in_the_code_are_no_state() -> None:
    text = """(module (memory (export "memory") 1) (data (i32.const 1024) "\\00\\00\\80\\3f")
      (func (export "predict") (param f64) (result f64)
        (f64.mul (local.get 0) (f64.const 0.36481))))"""
    assert discover(from_wat(text), ["predict:2"]).tensors == ()


@pytest.mark.parametrize(
    ("calls", "kind", "text"),
    [
        ([], ArgumentError, "give one call at least, for example update:1.0,0.5"),
        (
            ["update:1,x"],
            ArgumentError,
            (
                "cannot read the call 'update:1,x': write NAME:ARGUMENTS, for example "
                "update:1.0,0.5 or, with an array, update:[1,2],0.5"
            ),
        ),
        (["learn:1"], CallError, "the module exports no function 'learn'; it exports predict"),
        (["update:9,1"], TrapError, "update() trapped: wasm `unreachable` instruction executed"),
    ],
)
def test_what_cannot_be_called_is_said(calls: list[str], kind: type[Exception], text: str) -> None:
    assert message(kind, lambda: discover(plain("bandit"), calls)).startswith(text)


def test_a_number_of_rounds_that_is_none() -> None:
    said = message(ValueError, lambda: discover(plain("bandit"), PULLS, rounds=0))
    assert said == "rounds must be positive, not 0"


def test_a_signature_that_does_not_fit_is_refused() -> None:
    wrong = {"update": Signature.parse("(x: f64) -> ()")}
    with pytest.raises(SchemaError):
        discover(plain("bandit"), PULLS, entry_points=wrong)


def test_the_schema_file_quotes_names() -> None:
    text = """(module (global (export "a\\"b") (mut i32) (i32.const 0))
      (func (export "update") (global.set 0 (i32.add (global.get 0) (i32.const 1)))))"""
    found = discover(from_wat(text), ["update:"])
    assert proposed(found) == ['a"b:i32@global:a"b']
    assert json.dumps('a"b') in found.to_toml()
