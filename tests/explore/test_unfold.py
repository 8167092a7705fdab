"""Constants of the code become tensors: calls give the same bits, and fold undoes it."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from explore.random_code import modules
from models import FIXTURES, from_wat, model
from stock import Stock
from support import THOROUGH, custom_bytes, message
from wasmstate import (
    ArgumentError,
    Module,
    RoleWarning,
    SchemaError,
    SectionError,
    Session,
    Signature,
    State,
    WasmstateError,
    bake,
    donors,
    find_constants,
    fold,
    graft,
    name_constants,
    probe,
    probed_constants,
    unfold,
)
from wasmstate.binary.edits.unfold import Array, Element, functions_at, unfold_code
from wasmstate.binary.spaces import Spaces
from wasmstate.runtime.validate import validate

LINEAR = """(module (memory (export "memory") 1)
  (func (export "predict") (param f64 f64) (result f64)
    (f64.add (f64.add (f64.mul (local.get 0) (f64.const 0.25))
      (f64.mul (local.get 1) (f64.const -1.5))) (f64.const 3))))"""
HEAP = LINEAR.replace("(func", '(func (export "room") (result i32) (memory.size)) (func', 1)


def offsets(module: Module, **choice: Any) -> list[int]:
    return [each.offset for each in find_constants(module, **choice)]


def bits(value: Any) -> object:
    """A number that tells zeros and NaN apart."""
    return struct.pack("<d", value) if isinstance(value, float) else value


@pytest.mark.filterwarnings("ignore::wasmstate.RoleWarning")
@given(modules(), st.booleans(), st.booleans(), st.data())
@settings(max_examples=400 if THOROUGH else 25, deadline=None)
def test_a_random_module_gives_the_same_bits_and_comes_back_byte_for_byte(
    text: str, as_globals: bool, join_equal: bool, data: st.DataObject
) -> None:
    module = from_wat(text)
    constants = find_constants(module)
    assume(constants)
    chosen = data.draw(st.lists(st.sampled_from(constants), min_size=1, unique=True))
    chosen.sort(key=lambda each: each.offset)
    unfolded = unfold(module, constants=chosen, as_globals=as_globals, join_equal=join_equal)
    validate(unfolded)
    before, after = (Stock(each, canonical_nans=True) for each in (module, unfolded))
    for args in ((0, 0, 0.0, 0.0), (-3, 1 << 40, 1.5, -2.25), (7, -1, math.inf, 1e300)):
        assert bits(before.call("predict", *args)) == bits(after.call("predict", *args))
        assert before.memory(0, 2048) == after.memory(0, 2048)
    assert fold(unfolded).to_bytes() == module.to_bytes()


@pytest.mark.filterwarnings("ignore::wasmstate.RoleWarning")
@pytest.mark.parametrize("as_globals", [False, True])
@pytest.mark.parametrize(
    "name",
    [
        "bandit",
        "linear",
        "liveness",
        "welford",
        *(f"scailable/{n}" for n in ("houses", "intsum", "logistic")),
    ],
)
def test_every_constant_of_a_fixture_unfolds_and_folds(name: str, as_globals: bool) -> None:
    module = Module.open(FIXTURES / f"{name}.wasm")
    defined = range(*_defined(module))
    constants = find_constants(module, functions=defined)
    if name.startswith("scailable") and not as_globals:
        assert "(memory.size)" in message(
            SectionError, lambda: unfold(module, constants=constants, as_globals=False)
        )
        return
    unfolded = unfold(module, constants=constants, as_globals=as_globals)
    validate(unfolded)
    assert fold(unfolded).to_bytes() == module.to_bytes()


def _defined(module: Module) -> tuple[int, int]:
    spaces = Spaces(module)
    return sum(isinstance(each.type, int) for each in spaces.imports), len(spaces.functions)


@pytest.mark.filterwarnings("ignore::wasmstate.RoleWarning")
@pytest.mark.parametrize(("name", "rows"), [("linear", 4), ("liveness", 3)])
def test_a_fixture_predicts_and_learns_the_same_bits(name: str, rows: int, tmp_path: Path) -> None:
    module = Module.open(FIXTURES / f"{name}.wasm")
    constants = find_constants(module, reached_from=["predict", "update"])
    found = []
    for each in (module, unfold(module, constants=constants)):
        path = tmp_path / "model.wasm"
        each.save(path, overwrite=True)
        with Session.open(path) as session:
            for y in (1.0, -0.5, 2.25):
                session.update(*[y / 3] * rows, y)
            found.append((session.predict(*[0.3] * rows), session.state["weights"].tobytes()))
    assert found[0] == found[1]


def test_what_was_constant_learns_with_a_donor(tmp_path: Path) -> None:
    host = from_wat(LINEAR)
    w0, w1, bias = offsets(host)
    learning = graft(
        unfold(host, {"weights": [w0, w1], "bias": bias}),
        donors.donor("sgd-linear"),
        entry_points={
            "update": Signature.parse("(x: f64[2]@512, n: i32, y: f64, rate: f64) -> ()")
        },
    )
    path = tmp_path / "learning.wasm"
    learning.save(path)
    with Session.open(path) as session:
        assert session.predict(1, 2) == 0.25 - 3 + 3
        for _ in range(50):
            session.update([1, 2], 2, 7.0, 0.1)
        assert session.predict(1, 2) == pytest.approx(7)
    assert State.open(path).update_count == 50


def test_the_tensors_are_what_the_names_say() -> None:
    module = from_wat(LINEAR)
    first, second, third = offsets(module)
    state = State.of(unfold(module, {"m": [[third, second]], "b": f"{first:#x}"}))
    assert state["m"].tolist() == [[3.0, -1.5]]
    assert state["b"].tolist() == 0.25
    assert state.place("m") == "sym:m"


def test_equal_constants_become_one_element_where_that_is_asked_for() -> None:
    text = LINEAR.replace("(f64.const 3)", "(f64.const 0.25)")
    module = from_wat(text)
    apart, joined = unfold(module), unfold(module, join_equal=True)
    assert State.of(apart)["w"].tolist() == [0.25, -1.5, 0.25]
    assert State.of(joined)["w"].tolist() == [0.25, -1.5]
    first, second, third = offsets(module)
    given = unfold(module, {"a": (first, third), "b": second})
    assert State.of(given)["a"] == 0.25
    assert fold(given).to_bytes() == fold(joined).to_bytes() == module.to_bytes()


def test_names_are_proposed_by_function_and_type() -> None:
    text = """(module
      (func $scale (result f32) (f32.const 0.5))
      (func (export "predict") (result f64)
        (f64.add (f64.promote_f32 (f32.mul (call $scale) (f32.const 3))) (f64.const 7))))"""
    found = name_constants(find_constants(from_wat(text)), taken=["w_predict_f32"])
    assert {name: len(each) for name, each in found.items()} == {
        "w_scale": 1,
        "w_predict_f322": 1,
        "w_predict_f64": 1,
    }


def test_vectors_are_tensors_of_their_lanes() -> None:
    text = """(module (memory 1) (func (export "predict") (result f32)
      (f32x4.extract_lane 2 (f32x4.add (v128.const f32x4 1 2 3 4) (v128.const f32x4 5 6 7 8)))))"""
    module = from_wat(text)
    unfolded = unfold(module)
    assert State.of(unfolded)["w"].tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert Stock(unfolded).call("predict") == 10
    assert fold(unfolded).to_bytes() == module.to_bytes()


def test_the_region_lies_behind_the_memory_that_there_was_and_may_grow_as_before() -> None:
    text = LINEAR.replace('"memory") 1)', '"memory") 2 3)')
    unfolded = unfold(from_wat(text))
    limits = Spaces(unfolded).memories[0].limits
    assert (limits.min, limits.max) == (3, 4)
    (region,) = State.of(unfolded).regions
    assert region.address == 2 << 16
    assert fold(unfolded).to_bytes() == from_wat(text).to_bytes()


def test_a_module_without_a_memory_gets_one() -> None:
    module = from_wat(LINEAR.replace('(memory (export "memory") 1)', ""))
    unfolded = unfold(module)
    assert Stock(unfolded).memory(0, 8) == Stock(unfold(from_wat(LINEAR))).memory(65536, 65544)
    assert fold(unfolded).to_bytes() == module.to_bytes()


def test_a_heap_that_looks_how_large_the_memory_is_needs_globals() -> None:
    module = from_wat(HEAP)
    assert message(SectionError, lambda: unfold(module, as_globals=False)) == (
        "the constants cannot be kept in memory: function 0 looks how large the memory is "
        "(memory.size): a heap may take what is appended for its own; keep each in a global"
    )
    unfolded = unfold(module)
    assert Stock(unfolded).call("room") == 1
    assert list(State.of(unfolded)) == ["w_0", "w_1", "w_2"]
    assert State.of(unfolded).place("w_1") == "global:w_1"


def test_the_constants_that_probe_finds_are_read_from_the_tensor_itself() -> None:
    module = Module.open(FIXTURES / "liveness.wasm")
    unfolded = unfold(module, probed_constants(module, probe(module)))
    found = {each.name: each.verdict for each in probe(unfolded).tensors}
    assert found["folded"] == "live"
    assert list(State.of(unfolded)) == list(State.of(module))
    assert fold(unfolded).to_bytes() == module.to_bytes()


def test_a_state_goes_on_as_the_next_generation(tmp_path: Path) -> None:
    module = Module.open(FIXTURES / "liveness.wasm")
    unfolded = unfold(module)
    state = State.of(unfolded)
    assert (state.generation, list(state)) == (1, [*State.of(module), "w"])
    path = tmp_path / "m.wasm"
    unfolded.save(path)
    with Session.open(path) as session:
        session.update(1, 2, 3, 4)
        learned = dict(session.state)
    folded = State.of(fold(path))
    assert (folded.generation, list(folded)) == (3, list(State.of(module)))
    assert all(folded[name].tobytes() == learned[name].tobytes() for name in folded)


def _with(text: str) -> Module:
    return from_wat(text)


@pytest.mark.parametrize(
    ("text", "names", "kind", "said"),
    [
        (LINEAR, {}, ArgumentError, "no constant is left to be unfolded: choose others"),
        (
            LINEAR,
            {"w": 9},
            SectionError,
            "no instruction begins at 0x9: it lies in the type section",
        ),
        (
            LINEAR,
            {"w": True},
            SchemaError,
            "w: an element is the offset of a constant, such as 0x1f4",
        ),
        (LINEAR, {"w": [[1, 2], [3]]}, SchemaError, "w: its rows must be lists of one length"),
        (LINEAR, {"w": []}, SchemaError, "w: its rows must be lists of one length, none of them"),
        (LINEAR, {"w": ["x"]}, SchemaError, "w: an element is the offset of a constant"),
        (LINEAR, {"memory": "FIRST"}, SectionError, "'memory' is exported already"),
        (LINEAR, {"w": ["FIRST", "FIRST"]}, SectionError, "the constant at FIRST is given twice"),
        (LINEAR, {"w": ()}, SchemaError, "w: each element of a new tensor needs a constant"),
        (LINEAR, {"w": [("FIRST", "SECOND")]}, SchemaError, "w: f64.const -1.5 at SECOND and f64"),
        (LINEAR, {"w": ["FIRST", "INTEGER"]}, SchemaError, "w: its constants are of several types"),
        (LINEAR, {"w": "ADD"}, SectionError, "f64.add at ADD is no constant: only those unfold"),
        (LINEAR, {"w": "DATA"}, SectionError, "no instruction begins at DATA: it lies in the data"),
    ],
)
def test_what_cannot_be_unfolded_is_named(
    text: str, names: dict[str, Any], kind: type[WasmstateError], said: str
) -> None:
    module = from_wat(
        text.replace("(func", '(data (i32.const 3) "x") (func (result i32) (i32.const 5)) (func', 1)
    )
    data = module["data"]
    places = {
        "FIRST": offsets(module)[0],
        "SECOND": offsets(module)[1],
        "INTEGER": offsets(module, functions=[0])[0],
        "ADD": offsets(module)[1] + 10,
        "DATA": data.content_offset + 2,
    }

    def placed(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return type(value)(map(placed, value))
        return places.get(value, value) if isinstance(value, str) else value

    for name, place in places.items():
        said = said.replace(name, f"{place:#x}")
    found = message(kind, lambda: unfold(module, {k: placed(v) for k, v in names.items()}))
    assert found.startswith(said)


def test_modules_that_cannot_be_unfolded_say_why() -> None:
    module = from_wat(LINEAR)
    unfolded = unfold(module)
    assert message(SectionError, lambda: unfold(unfolded)) == (
        "the module is unfolded already: fold it first"
    )
    assert message(SectionError, lambda: unfold(bake(unfolded))).startswith("the module is baked")
    assert message(SectionError, lambda: fold(bake(unfolded))).startswith("the module is baked")
    signed = Module.from_bytes(module.to_bytes() + custom_bytes("signature"))
    assert message(SectionError, lambda: unfold(signed)).startswith("the module has a signature")
    whole = model(LINEAR, whole_memory=True)
    assert message(SchemaError, lambda: unfold(whole)).startswith("the state is all of memory")
    imported = from_wat(
        LINEAR.replace('(memory (export "memory") 1)', '(import "e" "m" (memory 1))')
    )
    assert "the memory is imported" in message(
        SectionError, lambda: unfold(imported, as_globals=False)
    )
    shared = from_wat(LINEAR.replace('"memory") 1)', '"memory") 1 2 shared)'))
    assert "the memory is shared" in message(SectionError, lambda: unfold(shared, as_globals=False))
    assert message(ArgumentError, lambda: unfold(module, {"w": 1}, constants=[])).startswith(
        "give names or"
    )
    assert message(SectionError, lambda: fold(module)) == (
        "the module is not unfolded: it has no constants to fold"
    )
    state = model(LINEAR, "w:f64@64")
    first = offsets(state)[0]
    assert message(SchemaError, lambda: unfold(state, {"w": first})) == (
        f"f64.const 0.25 at {first:#x} is not the value of w"
    )
    assert message(SchemaError, lambda: unfold(state, {"w": [first]})).startswith("w has the shape")


def test_a_constant_with_a_role_is_unfolded_with_a_warning() -> None:
    text = """(module (memory 1) (func (export "predict") (result f64)
      (f64.load (i32.const 64))))"""
    module = from_wat(text)
    (address,) = find_constants(module, types=["i32"])
    with pytest.warns(RoleWarning) as caught:
        unfolded = unfold(module, {"at": address.offset})
    assert str(caught[0].message) == (
        f"unfolded, although it is no mere value: i32.const 64 at {address.offset:#x} in predict, "
        "an address"
    )
    assert Stock(unfolded).call("predict") == 0.0
    assert fold(unfolded).to_bytes() == module.to_bytes()


def test_a_state_in_globals_and_another_memory_is_left_alone() -> None:
    text = """(module (memory (export "a") 1) (memory (export "b") 1)
      (global (export "n") (mut f64) (f64.const 2))
      (func (export "predict") (result f64) (f64.add (global.get 0) (f64.const 5))))"""
    module = model(text, "n:f64@global:n", "y:f64@mem:b:8")
    unfolded = unfold(module)
    assert State.of(unfolded).place("w") == "sym:w"
    assert fold(unfolded).to_bytes() == module.to_bytes()
    first = offsets(module)[0]
    assert message(SchemaError, lambda: unfold(module, {"y": first})) == (
        "y lies in memory 1, constants read memory 0"
    )
    assert message(SchemaError, lambda: unfold(module, {"y": ()})).startswith("y lies in memory 1")
    assert message(SchemaError, lambda: unfold(module, {"n": ()})) == (
        "n: no constant is given for any of its elements"
    )


@pytest.mark.parametrize(
    ("text", "as_globals", "said"),
    [
        (
            LINEAR.replace('"memory") 1)', '"memory") i64 1)'),
            False,
            "the memory has addresses of 64 bits",
        ),
        (LINEAR.replace('"memory") 1)', '"memory") 65536)'), False, "65536 are the most"),
        (
            """(module (func (export "predict") (result v128) (f32x4.neg
              (v128.const f32x4 1 2 3 4))))""",
            True,
            "S has no globals of type v128: keep it in memory",
        ),
    ],
)
def test_places_that_cannot_be_are_refused(text: str, as_globals: bool, said: str) -> None:
    module = from_wat(text)
    assert said in message(SectionError, lambda: unfold(module, as_globals=as_globals))


def test_an_offset_that_is_none_says_what_is_there() -> None:
    module = from_wat(LINEAR)
    first = offsets(module)[0]
    assert message(SectionError, lambda: unfold(module, {"w": first + 1})).endswith(
        "it is within an instruction, or between functions"
    )
    assert message(SectionError, lambda: unfold(module, {"w": module.size})).endswith(
        "the file has no such byte in a section"
    )
    wrong = [Array("w", (Element("f32", bytes(4), (first,)),))]
    assert message(SectionError, lambda: unfold_code(module, wrong, bytes(32))) == (
        f"f64.const 0.25 at {first:#x} is no f32.const: only constants unfold"
    )
    assert functions_at(module, [first, 2]) == [0]
