"""A binary that only predicts learns, in one command."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli_runner import run_command as wasmstate
from models import FIXTURES, from_wat
from support import message
from wasmstate import (
    ArgumentError,
    LearnPlan,
    Module,
    ScailableModel,
    SchemaError,
    SectionError,
    Session,
    Signature,
    State,
    TrapError,
    check_learning,
    fold,
    make_learning,
    plan_learning,
)
from wasmstate.binary.spaces import Spaces

SCAILABLE = FIXTURES / "scailable"

MEMORY = '(memory (export "memory") 1 2)'
FLOATS = """
  (func (export "predict") (param f64 f64) (result f64)
    (f64.sub (f64.add (f64.mul (local.get 0) (f64.const 0.25)) (f64.const 3))
             (f64.mul (local.get 1) (f64.const 1.5))))"""
SINGLES = """
  (func (export "predict") (param f32 f32) (result f32)
    (f32.add (f32.mul (local.get 0) (f32.load (i32.const 64)))
             (f32.mul (local.get 1) (f32.load (i32.const 68)))))
  (data (i32.const 64) "\\00\\00\\80\\3e\\00\\00\\c0\\bf")"""
HEAP = '(func (export "size") (result i32) (memory.size))'


@pytest.mark.parametrize(
    ("fields", "weights", "tensors"),
    [
        (
            FLOATS,
            [(0, 1, 0.25), (1, -1, 1.5), (None, 1, 3.0)],
            {"weights": [0.25, 1.5], "bias": 3.0},
        ),
        (MEMORY + SINGLES, [(0, 1, 0.25), (1, 1, -1.5)], {"weights": [0.25, -1.5]}),
        (
            MEMORY + HEAP + FLOATS,
            [(0, 1, 0.25), (1, -1, 1.5), (None, 1, 3.0)],
            {"weights_0": 0.25, "weights_1": 1.5, "bias": 3.0},
        ),
    ],
    ids=["constants", "data", "globals beside a heap"],
)
def test_weights_are_found_wherever_they_are(
    fields: str, weights: list[Any], tensors: dict[str, Any]
) -> None:
    host = from_wat(f"(module {fields})")
    plan = plan_learning(host)
    assert (plan.link, plan.fixed) == ("identity", [])
    assert [(each.feature, each.sign, each.value) for each in plan.weights] == weights
    state = State.of(make_learning(host, plan))
    assert {name: value.tolist() for name, value in dict(state).items()} == tensors


def test_update_is_the_normalised_delta_rule(tmp_path: Path) -> None:
    host = from_wat(f"(module {FLOATS})")
    path = tmp_path / "m.wasm"
    make_learning(host, plan_learning(host)).save(path)
    w, b = np.array([0.25, -1.5]), 3.0
    with Session.open(path, persist="on-close") as session:
        for x0, x1, y in np.random.default_rng(1).normal(size=(50, 3)):
            x = np.array([x0, x1])
            assert session.predict(x0, x1) == pytest.approx(w @ x + b, rel=1e-12)
            step = 0.5 * (w @ x + b - y) / (1 + x @ x)
            w, b = w - step * x, b - step
            session.update(x0, x1, y, rate=0.5)
        assert session.value("weights") == pytest.approx(w * [1, -1], rel=1e-12)
        assert message(TrapError, lambda: session.update(1e300, 1e300, 0.0))
        assert session.value("bias") == pytest.approx(b, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "link", "target"),
    [
        ("rent", "identity", 400.0),
        ("churn", "logistic", 1.0),
        ("logistic", "logistic", 0.0),
        ("houses", "identity", 20.0),
    ],
)
def test_the_dialects_of_the_old_edge_interface_learn(
    name: str, link: str, target: float, tmp_path: Path
) -> None:
    before = Module.open(SCAILABLE / f"{name}.wasm")
    plan = plan_learning(before, features=3)
    assert (plan.link, plan.fixed) == (link, [])
    learning, path = make_learning(before, plan), tmp_path / "learning.wasm"
    checked = check_learning(before, learning, plan, passes=2)
    assert checked.after < checked.before
    learning.save(path)
    with Session.open(path, wasi="stub", persist="on-close") as session:
        for _ in range(100):
            session.update([1.0, 2.0, 3.0], target)
        expected = session.predict([1.0, 2.0, 3.0])
    row = [1.0, 2.0, 3.0] if name == "houses" else [[1.0, 2.0, 3.0]]
    assert abs(expected - target) < 0.2
    with ScailableModel.open(path) as model:
        assert model.predict(row) == [pytest.approx(expected, abs=1e-6)]


def test_what_was_learned_is_folded_into_the_code_again(tmp_path: Path) -> None:
    before, path = Module.open(SCAILABLE / "rent.wasm"), tmp_path / "m.wasm"
    make_learning(before, plan_learning(before, features=3)).save(path)
    with Session.open(path, wasi="stub") as session:
        session.update([1.0, 2.0, 3.0], 400.0, 1.0)
    trained = fold(path)
    assert "update" not in Spaces(trained).exports
    assert ScailableModel(trained).predict([[1.0, 2.0, 3.0]])[0] == pytest.approx(400.0)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            "(f64.mul (local.get 0) (f64.mul (local.get 0) (f64.const 0.25)))",
            "predict: no weights were found",
        ),
        ("(f64.sqrt (local.get 0))", "predict: no weights were found"),
    ],
)
def test_a_model_of_another_kind_is_refused(body: str, reason: str) -> None:
    host = from_wat(f'(module (func (export "predict") (param f64) (result f64) {body}))')
    assert message(SectionError, lambda: plan_learning(host)).startswith(reason)


def test_what_predicts_has_to_be_known() -> None:
    host = from_wat('(module (func (export "predict") (param i32) (result f64) (f64.const 1)))')
    said = message(ArgumentError, lambda: plan_learning(host))
    assert said.startswith("predict takes p0: i32: features are f32 or f64")
    rent = Module.open(SCAILABLE / "rent.wasm")
    assert "how many features" in message(ArgumentError, lambda: plan_learning(rent))
    learning = make_learning(rent, plan_learning(rent, features=3))
    said = message(SectionError, lambda: plan_learning(learning, features=3))
    assert said == "the module has a state or an update() already: it learns"


ARRAY = f"""(module {MEMORY} (global (export "x") i32 (i32.const 128))
  (func (export "score") (param i32 i32) (result f64)
    (f64.add (f64.mul (f64.load (local.get 0)) (f64.const 0.5))
             (f64.mul (f64.load offset=8 (local.get 0)) (f64.const -2)))))"""


def test_a_plan_is_a_file(tmp_path: Path) -> None:
    host = from_wat(ARRAY)
    signature = Signature.parse("(x: f64[2]@sym:x, n: i32 = 2) -> f64")
    plan = plan_learning(host, signature=("score", signature))
    path = tmp_path / "plan.toml"
    path.write_text(plan.to_toml())
    assert LearnPlan.read(path) == plan
    path.write_text(plan.to_toml().replace("identity", "probit"))
    said = message(SchemaError, lambda: LearnPlan.read(path))
    assert said == (
        f"{path}: it is no plan of wasmstate learn: "
        "the link is one of identity, logistic, and there are weights"
    )


def test_of_a_network_only_the_last_bias_learns() -> None:
    body = "(f64.add (f64.const 0.7) (f64.sqrt (f64.add (f64.const 4) (local.get 0))))"
    host = from_wat(f'(module (func (export "predict") (param f64) (result f64) {body}))')
    plan = plan_learning(host)
    assert (plan.model, plan.fixed) == ("an unknown model with a linear bias", [0])
    assert [each.value for each in plan.weights] == [0.7]


def test_another_function_than_predict_may_learn() -> None:
    host = from_wat(ARRAY[:-1] + '(func (export "predict") (param i32)))')
    signature = Signature.parse("(x: f64[2]@sym:x, n: i32 = 2) -> f64")
    learning = make_learning(host, plan_learning(host, signature=("score", signature)))
    points = State.of(learning).entry_points
    assert (str(points["score"]), str(points["predict"])) == (str(signature), "(p0: i32) -> ()")


def test_the_command_shows_the_plan_and_asks(tmp_path: Path) -> None:
    path, rows = tmp_path / "m.wasm", tmp_path / "rows.csv"
    from_wat(ARRAY).save(path)
    rows.write_text("x[0],x[1],y\n1,0,2\n0,1,1\n")
    options = ["--function", "score(x: f64[2]@sym:x, n: i32 = 2)", "--rows", str(rows)]
    before = path.read_bytes()
    assert wasmstate("learn", str(path), *options).exit_code == 1  # nobody answers
    assert path.read_bytes() == before
    result = wasmstate("learn", str(path), *options, "--yes")
    assert result.exit_code == 0, result.stderr
    assert "  x[1]: -2, f64 constant at" in result.stdout
    assert "On 2 rows it predicts as before" in result.stdout
    assert wasmstate("run", str(path), "update", "[1, 0]", "2").exit_code == 0
