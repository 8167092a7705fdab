"""``--function`` says what a function takes."""

from pathlib import Path

import pytest

from cli_runner import run_command as wasmstate
from models import from_wat, state_of

# y = w x: the address of x in, as C compiles update(const double *x, double y).
DOT = """
(module
  (memory (export "memory") 1 1)
  (global (export "w") i32 (i32.const 64))
  (global (export "x") i32 (i32.const 128))
  (func (export "predict") (param i32) (result f64)
    (f64.mul (f64.load (i32.const 64)) (f64.load offset=8 (local.get 0))))
  (func (export "update") (param i32 f64)
    (f64.store (i32.const 64) (f64.add (f64.load (i32.const 64))
      (f64.mul (local.get 1) (f64.load (local.get 0)))))))
"""
UPDATE, PREDICT = "update(x: f64[2]@sym:x, y: f64)", "predict(x: f64[2]@sym:x)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "dot.wasm"
    path.write_bytes(from_wat(DOT).to_bytes())
    return path


def attached(path: Path, *functions: str) -> int:
    options = [part for each in functions for part in ("--function", each)]
    return wasmstate("attach", str(path), "--tensor", "w:f64@sym:w", *options).exit_code


def test_an_array_is_declared_without_a_schema_file(path: Path) -> None:
    assert attached(path, UPDATE, PREDICT) == 0
    signatures = state_of(path).entry_points
    assert str(signatures["update"]) == "(x: f64[2]@sym:x, y: f64) -> ()"
    assert str(signatures["predict"]) == "(x: f64[2]@sym:x) -> f64"  # the result by its type
    assert wasmstate("run", str(path), "update", "2,5", "1.5").exit_code == 0
    assert wasmstate("run", str(path), "predict", "0,4").output == "12.0\n"


def test_a_list_for_an_address_says_how_to_declare_the_array(path: Path) -> None:
    attached(path)
    result = wasmstate("run", str(path), "update", "2,5", "1.5")
    assert "p0 must be an integer (i32), not [2, 5]; if it is the address of an array" in (
        result.stderr
    )
    assert result.stderr.endswith("What helps: wasmstate attach --function\n")


def test_discover_and_probe_take_it_as_well(path: Path) -> None:
    calls = ["--call", "update:[2,5],1.5", "--call", "predict:[1,2]"]
    functions = ["--function", UPDATE, "--function", PREDICT]
    found = wasmstate("discover", str(path), *calls, *functions)
    assert "@sym:w" in found.output
    assert "the buffer of update's x" in found.output
    probed = wasmstate("probe", str(path), "--tensor", "w:f64@sym:w", *calls, *functions)
    assert "live" in probed.output


@pytest.mark.parametrize(
    ("functions", "code", "said"),
    [
        (["update"], 2, "--function update: write NAME(PARAM: TYPE, ...)"),
        (["(y: f64)"], 2, "--function (y: f64): write NAME(PARAM: TYPE, ...)"),
        ([UPDATE, UPDATE], 2, "update stands there twice"),
        (["update(x)"], 1, "cannot read the signature '(x) -> ()'"),
        (["learn(y: f64)"], 1, "learn"),
    ],
)
def test_what_is_wrong_with_a_function_is_said(
    path: Path, functions: list[str], code: int, said: str
) -> None:
    before = path.read_bytes()
    options = [part for each in functions for part in ("--function", each)]
    result = wasmstate("attach", str(path), "--tensor", "w:f64@sym:w", *options)
    assert (result.exit_code, path.read_bytes()) == (code, before)
    assert said in result.stderr


def test_what_was_not_declared_is_declared_later(path: Path) -> None:
    misused = wasmstate("attach", str(path), "--function", UPDATE)
    assert "name the state: give --tensor" in misused.stderr
    attached(path)
    assert wasmstate("attach", str(path), "--function", UPDATE).exit_code == 0
    assert wasmstate("run", str(path), "update", "2,5", "1.5").exit_code == 0
    assert state_of(path).generation == 2
    twice = wasmstate("attach", str(path), "--function", "update(x: f64[2]@sym:y, y: f64)")
    assert twice.exit_code == 1
    assert state_of(path).generation == 2


def test_a_default_is_left_out_of_calls_and_tables(path: Path) -> None:
    attached(path, "update(x: f64[2]@sym:x, y: f64 = 2.5)")
    assert wasmstate("run", str(path), "update", "2,5").exit_code == 0
    assert state_of(path)["w"] == 5
    rows = path.with_suffix(".csv")
    rows.write_text("2,5\n4,5\n", encoding="utf-8")
    assert wasmstate("run", str(path), "update", "--from", str(rows)).exit_code == 0
    assert state_of(path)["w"] == 20
