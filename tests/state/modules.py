"""Modules written in the text format."""

from __future__ import annotations

import wasmtime

from wasmstate.binary import Module


def wat(*fields: str) -> Module:
    """The module of these fields."""
    return Module.from_bytes(bytes(wasmtime.wat2wasm(f"(module {' '.join(fields)})")))


MEMORY = '(memory (export "memory") 1)'
COUNT = '(global (export "count") (mut i64) (i64.const -5))'
WEIGHTS = '(global (export "w") i32 (i32.const 1024))'
FUNCTIONS = """
    (func (export "predict") (param $x f32) (result f32) (local.get 0))
    (func (export "update") (param $x f32) (param f64))
"""
