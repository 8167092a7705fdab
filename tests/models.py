"""Small models for tests: WAT in, a file that carries a state out."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import wasmtime

from wasmstate import Module, State, TensorSpec, attach, split

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"

COUNTER = """
(module
  (memory (export "memory") 1 1)
  (global (export "total") i32 (i32.const 64))
  (global $calls (export "calls") (mut i32) (i32.const 0))
  (func (export "predict") (result i64) (i64.load (i32.const 64)))
  (func (export "update") (param $by i64)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i64.store (i32.const 64) (i64.add (i64.load (i32.const 64)) (local.get $by)))))
"""
COUNTER_TENSORS = ("total:i64@sym:total", "calls:i32@global:calls")


def from_wat(text: str) -> Module:
    """The module of a text, without a state."""
    return Module.from_bytes(wasmtime.wat2wasm(text))


def model(text: str, *tensors: str | TensorSpec, **options: Any) -> Module:
    """The module of a text, with a state of these tensors."""
    return attach(from_wat(text), tensors, **options)


def write_model(path: Path, text: str, *tensors: str | TensorSpec, **options: Any) -> Path:
    """Write :func:`model` to a file."""
    path.write_bytes(model(text, *tensors, **options).to_bytes())
    return path


def write_counter(path: Path, **options: Any) -> Path:
    """Write a model that adds up what it is given."""
    return write_model(path, COUNTER, *COUNTER_TENSORS, **options)


def copy_fixture(name: str, folder: Path) -> Path:
    """A copy of a fixture, to be written to."""
    return Path(shutil.copy(FIXTURES / f"{name}.wasm", folder / f"{name}.wasm"))


def state_of(path: str | os.PathLike[str]) -> State:
    """The state in a file."""
    return State.of(Module.open(path))


def write_pair(module: Module, code: Path, state: Path) -> None:
    """Write the code of a model, and its state beside it."""
    for path, half in zip((code, state), split(module), strict=True):
        half.save(path)
