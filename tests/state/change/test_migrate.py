"""New code takes an old state by the names of its tensors, and loses nothing unasked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import from_wat
from support import message
from wasmstate import (
    Module,
    SchemaError,
    Session,
    State,
    StateBoundsError,
    StateError,
    TensorSpec,
    attach,
    bake,
    check,
    commit,
    history,
    migrate,
)
from wasmstate.binary.edits.bake import is_baked
from wasmstate.state.change.migrate import MigrationStep, is_lossless, plan_migration
from wasmstate.state.digest import module_digest
from wasmstate.state.tensor import DTYPES

OLD = """
(module (memory (export "memory") 1)
  (func (export "update") (param f32)
    (f32.store (i32.const 0) (local.get 0))
    (i32.store (i32.const 32) (i32.add (i32.load (i32.const 32)) (i32.const 1)))))
"""
NEW = """
(module (memory (export "memory") 2)
  (func (export "update") (param f64) (f64.store (i32.const 1024) (local.get 0))))
"""


def old(*tensors: str, **values: Any) -> Module:
    return attach(from_wat(OLD), tensors or ("w:f32[2,2]@0", "n:i32@32"), values=values)


def new(*tensors: str | TensorSpec, **values: Any) -> Module:
    return attach(from_wat(NEW), tensors, values=values)


def steps(before: Module, after: Module, **options: Any) -> list[str]:
    plan = plan_migration(State.of(before), State.of(after), **options)
    return [plan.verdict, *map(str, plan.steps)]


def test_tensors_of_the_same_name_are_kept_wherever_they_are() -> None:
    before, after = old(w=[[1, 2], [3, 4]], n=7), new("n:i32@0", "w:f32[2,2]@8192")
    assert steps(before, after) == ["compatible", "n: kept", "w: kept"]
    state = State.of(migrate(before, after))
    assert (state["w"].tolist(), int(state["n"])) == ([[1.0, 2.0], [3.0, 4.0]], 7)
    assert [state.place(name) for name in state] == ["0", "8192"]


def test_wider_types_take_every_value_and_new_tensors_their_initial_one() -> None:
    before = old(w=[[0.1, float("nan")], [-0.0, 3]], n=-7)
    after = new("w:f64[2,2]@1024", "n:i64@512", "rate:f64@0", rate=0.5)
    assert steps(before, after) == ["needs migration", "w: widened", "n: widened", "rate: added"]
    state = State.of(migrate(before, after))
    np.testing.assert_array_equal(state["w"], State.of(before)["w"].astype(np.float64))
    assert (int(state["n"]), float(state["rate"])) == (-7, 0.5)


def test_what_would_be_lost_has_to_be_asked_for() -> None:
    before, after = old(w=[[1, 2], [3, 4]], n=3), new("w:f32[4]@0", "m:f32@64")
    assert steps(before, after) == [
        "refused",
        "w: refused: it was [2,2], now [4]: ask for it to be reshaped, elements stay row after row",
        "m: added",
        "n: refused: the new state has no such tensor: drop it, or map it to its new name",
    ]
    text = message(SchemaError, lambda: migrate(before, after))
    assert text.startswith("the new code cannot take the old state:\n  w: refused: it was [2,2]")
    options: dict[str, Any] = {"drop": ["n"], "reshape": ["w"]}
    assert steps(before, after, **options) == [
        "needs migration",
        "w: reshaped",
        "m: added",
        "n: dropped",
    ]
    state = State.of(migrate(before, after, **options))
    assert (state["w"].tolist(), float(state["m"])) == ([1, 2, 3, 4], 0)


def test_names_may_change_and_change_places() -> None:
    before, after = old("a:i32@0", "b:i32@4", a=1, b=2), new("a:i32@0", "b:i32@4")
    state = State.of(migrate(before, after, names={"a": "b", "b": "a"}))
    assert (int(state["a"]), int(state["b"])) == (2, 1)
    assert steps(before, after, names={"a": "b"}, drop=["b"]) == [
        "needs migration",
        "a: added",
        "b: kept from a",
        "b: dropped",
    ]


@pytest.mark.parametrize(
    ("tensor", "reason"),
    [
        ("w:f16[2,2]@0", "f16 does not hold every f32: drop it, and set its values afterwards"),
        ("w:f32[3]@0", "it was [2,2], now [3], which is another number of elements: drop it"),
        ("w:f32@0", "it was [2,2], now a scalar, which is another number of elements: drop it"),
    ],
)
def test_what_cannot_be_taken_is_refused(tensor: str, reason: str) -> None:
    assert steps(old(), new(tensor, "n:i32@64"))[1] == f"w: refused: {reason}"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"drop": ["x"]}, "no tensor 'x'; there are w, n"),
        ({"names": {"x": "w"}}, "no tensor 'x'; there are w, n"),
        ({"names": {"w": "x"}}, "no tensor 'x'; there are w, n"),
        ({"reshape": ["x"]}, "no tensor 'x'; there are w, n"),
        ({"names": {"w": "n", "n": "n"}}, "two tensors cannot become one"),
        ({"names": {"w": "n"}}, "w and n would both become n: drop one of them"),
    ],
)
def test_names_that_are_none_are_told(options: dict[str, Any], text: str) -> None:
    after = new("w:f32[2,2]@0", "n:i32@64")
    with pytest.raises(SchemaError) as caught:
        migrate(old(), after, **options)
    assert str(caught.value) == text


def test_a_type_is_lossless_if_every_value_survives() -> None:
    ends = {
        name: [np.iinfo(dtype).min, np.iinfo(dtype).max, np.iinfo(dtype).max - 1]
        for name, dtype in DTYPES.items()
        if dtype.kind in "iu"
    }
    for a, values in ends.items():
        for b, dtype in DTYPES.items():
            if dtype.kind == "f":
                with np.errstate(over="ignore"):
                    survives = all(float(dtype.type(value)) == value for value in values)
            else:
                survives = all(
                    np.iinfo(dtype).min <= value <= np.iinfo(dtype).max for value in values
                )
            assert is_lossless(a, b) == survives, (a, b)
    floats = ["f16", "f32", "f64"]
    assert [[is_lossless(a, b) for b in (*floats, "i64")] for a in floats] == [
        [True, True, True, False],
        [False, True, True, False],
        [False, False, True, False],
    ]


def test_the_history_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "m.wasm"
    path.write_bytes(old().to_bytes())
    with Session.open(path, keep=3) as session:
        session.update(1.5)
        session.update(2.5)
    before, after = Module.open(path), new("w:f64[2,2]@1024", "n:i64@512")
    learned = State.of(before)
    path.write_bytes(migrate(before, after).to_bytes())
    state = State.of(Module.open(path))
    assert (state.generation, state.update_count) == (3, 2)
    assert state.record.lineage.parent_digest == learned.digest
    assert state.record.lineage.base_digest == learned.record.lineage.base_digest
    assert state.record.lineage.module_digest == module_digest(after)
    assert state.record.keep == 3
    assert [entry.generation for entry in history(path)] == [0, 1, 2, 3]
    with Session.open(path) as session:
        session.update(9)
        assert session.state["w"].tolist() == [[9.0, 0.0], [0.0, 0.0]]
    assert [each for each in check(path) if each.severity == "error"] == []


def test_a_state_of_generation_0_is_the_base_of_what_follows() -> None:
    before = old()
    state = State.of(migrate(before, new("w:f32[2,2]@0", "n:i32@64")))
    assert state.generation == 1
    assert state.record.lineage.base_digest == State.of(before).digest


def test_a_baked_module_is_taken_as_it_was_compiled() -> None:
    after = new("w:f32[2,2]@0", "n:i32@64", n=5)
    module = migrate(bake(old(n=3)), bake(after))
    assert not is_baked(module)
    assert int(State.of(module)["n"]) == 3


def test_bounds_of_the_new_code_hold() -> None:
    bounded = TensorSpec("n", "i32", (), "64", bounds=(">= 0",))
    with pytest.raises(StateBoundsError):
        migrate(old(n=-1), new("w:f32[2,2]@0", bounded))


def test_states_that_cannot_be_compared_are_refused(tmp_path: Path) -> None:
    whole = attach(from_wat(OLD), whole_memory=True)
    for pair in ((whole, new("n:i32@0")), (old(), whole)):
        text = message(SchemaError, lambda pair=pair: migrate(*pair))  # type: ignore[misc]
        assert text.startswith("the state is all of memory, as one program laid it out")
    foreign = new("n:i32@0").with_custom(
        "wasmstate.state", State.of(old()).to_content(), force=True
    )
    for what, pair in (("new", (old(), foreign)), ("old", (foreign, old()))):
        text = message(StateError, lambda pair=pair: migrate(*pair))  # type: ignore[misc]
        assert text == f"the {what} module: the state belongs to another module"
    with pytest.raises(StateError, match="the module has no wasmstate"):
        migrate(old(), from_wat(NEW))


def test_commit_to_a_migrated_file_is_one_more_generation(tmp_path: Path) -> None:
    path = tmp_path / "m.wasm"
    path.write_bytes(migrate(old(n=1), new("w:f32[2,2]@0", "n:i32@64")).to_bytes())
    assert commit(path, State.of(Module.open(path)).with_values({"n": 2})).generation == 2


def test_a_step_reads_as_a_line() -> None:
    assert str(MigrationStep("a", "kept", "b")) == "a: kept from b"
