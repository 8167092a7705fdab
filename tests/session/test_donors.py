"""The donors learn what their equations say, in hosts that only predict."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import wasmtime

from models import from_wat, state_of
from stock import Stock
from support import message, real_path
from wasmstate import (
    Module,
    SectionError,
    Session,
    TrapError,
    attach,
    check,
    commit,
    graft,
    history,
)
from wasmstate.binary.spaces import Spaces
from wasmstate.donors import donor, names, summary
from wasmstate.state.digest import module_digest

ROOT = Path(__file__).resolve().parents[2]
HOST = """
(module
  (memory (export "memory") 1)
  (global (export "weights") i32 (i32.const 1024))
  (global (export "bias") i32 (i32.const 1040))
  (global (export "x") i32 (i32.const 2048))
  (global (export "mean") i32 (i32.const 1064))
  (global (export "count") i32 (i32.const 1072))
  (global (export "arms") i32 (i32.const 3))
  (global (export "pulls") i32 (i32.const 1080))
  (global (export "rewards") i32 (i32.const 1104))
  (data (i32.const 1024) "\\00\\00\\00\\00\\00\\00\\f0\\3f")
  (func (export "predict") (result f64)
    (f64.add (f64.load (i32.const 1040))
      (f64.add
        (f64.mul (f64.load (i32.const 1024)) (f64.load (i32.const 2048)))
        (f64.mul (f64.load (i32.const 1032)) (f64.load (i32.const 2056)))))))
"""


def learning(name: str, *tensors: str, path: Path) -> Path:
    path.write_bytes(attach(graft(from_wat(HOST), donor(name)), tensors).to_bytes())
    return path


def test_there_are_three() -> None:
    assert names() == ["bandit-counts", "running-mean", "sgd-linear"]
    text = message(SectionError, lambda: donor("sgd"))
    assert text == "there is no donor 'sgd'; there are bandit-counts, running-mean, sgd-linear"


def test_they_are_what_their_sources_make() -> None:
    script = [sys.executable, str(ROOT / "fixtures" / "make_donors.py"), "--check"]
    assert subprocess.run(script, capture_output=True).returncode == 0


def test_a_step_of_the_gradient_is_numpys_bit_for_bit(tmp_path: Path) -> None:
    tensors = ("weights:f64[2]@sym:weights", "bias:f64@sym:bias", "x:f64[2]@sym:x")
    path = learning("sgd-linear", *tensors, path=tmp_path / "m.wasm")
    rng = np.random.default_rng(7)
    weights, bias, rate = np.array([1.0, 0.0]), 0.0, 0.05
    for x, y in zip(rng.normal(size=(50, 2)), rng.normal(size=50), strict=True):
        state = state_of(path).with_values({"x": x})
        commit(path, state)
        with Session.open(path) as session:
            session.update(2048, 2, float(y), rate)
        step = rate * (((bias + weights[0] * x[0]) + weights[1] * x[1]) - y)
        weights, bias = weights - step * x, bias - step
    learned = state_of(path)
    assert (learned["weights"].tolist(), float(learned["bias"])) == (weights.tolist(), bias)
    with Session.open(path) as session:
        with pytest.raises(TrapError):
            session.update(2048, 2, float("inf"), rate)
        assert session.state.digest == learned.digest


def test_the_mean_runs(tmp_path: Path) -> None:
    path = learning(
        "running-mean", "mean:f64@sym:mean", "n:i64@sym:count", path=tmp_path / "m.wasm"
    )
    values = [1.5, -2.25, 1e6, 3.0]
    mean = 0.0
    with Session.open(path) as session:
        for i, x in enumerate(values, 1):
            session.update(x)
            mean += (x - mean) / i
        with pytest.raises(TrapError):
            session.update(float("nan"))
    state = state_of(path)
    assert (float(state["mean"]), int(state["n"])) == (mean, 4)


def test_arms_are_counted(tmp_path: Path) -> None:
    tensors = ("pulls:i64[3]@sym:pulls", "rewards:f64[3]@sym:rewards")
    path = learning("bandit-counts", *tensors, path=tmp_path / "m.wasm")
    with Session.open(path) as session:
        for arm, reward in ((0, 1.0), (2, 0.25), (2, 0.5)):
            session.update(arm, reward)
        for bad in ((3, 1.0), (-1, 1.0), (0, float("inf"))):
            with pytest.raises(TrapError):
                session.update(*bad)
    state = state_of(path)
    assert state["pulls"].tolist() == [1, 0, 2]
    assert state["rewards"].tolist() == [1.0, 0.0, 0.75]


def test_a_state_that_is_there_goes_on(tmp_path: Path) -> None:
    host = attach(
        from_wat(HOST), ["mean:f64@sym:mean", "n:i64@sym:count"], values={"mean": 2, "n": 1}
    )
    path = tmp_path / "m.wasm"
    path.write_bytes(host.to_bytes())
    commit(path, state_of(path).with_values({"mean": 3}), keep=2)
    commit(path, state_of(path).with_values({"mean": 2}))
    path.write_bytes(graft(Module.open(path), donor("running-mean")).to_bytes())
    state = state_of(path)
    assert (state.generation, float(state["mean"])) == (3, 2.0)
    assert state.record.lineage.module_digest == module_digest(Module.open(path))
    assert str(state.entry_points["update"]) == "(x: f64) -> ()"
    assert [entry.generation for entry in history(path)] == [1, 2, 3]
    with Session.open(path) as session:
        session.update(4)
        assert float(session.state["mean"]) == 3.0
    assert [each for each in check(path) if each.severity == "error"] == []


def test_a_program_in_rust_gets_an_update() -> None:
    host = Module.open(real_path("vt100wasm"))
    given = from_wat("""
    (module
      (import "h" "memory" (memory 1))
      (import "h" "wasm_alloc" (func $new (param i32) (result i32)))
      (func (export "update") (param $x i64) (result i32)
        (local $at i32)
        (i64.store (local.tee $at (call $new (i32.const 8))) (local.get $x))
        (local.get $at)))""")
    module = graft(host, given).verify()
    old, new = host.to_bytes(), module.to_bytes()
    code = next(section for section in host.sections if section.name == "code")
    assert old[code.content_offset + 5 : code.end] in new
    wasmtime.Module(wasmtime.Engine(), new)


def _wasm_merge() -> str | None:
    built = ROOT / "build" / "binaryen" / "node_modules" / ".bin" / "wasm-merge"
    return str(built) if built.exists() else shutil.which("wasm-merge")


@pytest.mark.skipif(_wasm_merge() is None, reason="needs wasm-merge: 'make binaryen' installs it")
@pytest.mark.parametrize("name", ["bandit-counts", "running-mean", "sgd-linear"])
def test_wasm_merge_makes_a_module_that_does_the_same(name: str, tmp_path: Path) -> None:
    tool = _wasm_merge()
    assert tool is not None
    host, given, merged = (tmp_path / f"{part}.wasm" for part in ("host", "donor", "merged"))
    host.write_bytes(from_wat(HOST).to_bytes())
    given.write_bytes(donor(name).to_bytes())
    arguments = [tool, str(host), "host", str(given), "donor", "-o", str(merged), "-all"]
    subprocess.run(arguments, check=True, env=os.environ | {"NO_COLOR": "1"})
    ours, theirs = Stock(graft(from_wat(HOST), donor(name))), Stock(Module.open(merged))
    for stock in (ours, theirs):
        memory = stock.exports["memory"]
        memory.write(stock.store, struct.pack("<dd", 0.5, -3.0), 2048)  # type: ignore[union-attr]
        calls: dict[str, list[tuple[float, ...]]] = {
            "bandit-counts": [(2, 1.0), (0, 0.5), (2, 0.125)],
            "running-mean": [(1.5,), (-7.0,), (1e-3,)],
            "sgd-linear": [(2048, 2, 1.0, 0.1), (2048, 2, -4.0, 0.1)],
        }
        for call in calls[name]:
            stock.call("update", *call)
    assert ours.memory(0, 65536) == theirs.memory(0, 65536)
    assert ours.call("predict") == theirs.call("predict")
    assert set(Spaces(graft(from_wat(HOST), donor(name))).exports) == set(
        Spaces(Module.open(merged)).exports
    )


def test_each_donor_says_what_it_does() -> None:
    assert all(summary(name) for name in names())
    text = message(SectionError, lambda: summary("x"))
    assert text == "there is no donor 'x'; there are bandit-counts, running-mean, sgd-linear"
