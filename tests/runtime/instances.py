"""Instances of small modules for the tests of the runtime."""

from __future__ import annotations

from typing import Any

from models import from_wat
from wasmstate.runtime.instance import Instance
from wasmstate.runtime.limits import Limits
from wasmstate.runtime.program import Program


def instance(text: str, **limits: Any) -> Instance:
    """An instance of the module of a text."""
    return Instance(Program(from_wat(text), Limits(**limits)))


def call(body: str, *args: Any, **limits: Any) -> Any:
    """Call the function ``f`` of a module that has nothing else."""
    return instance(f'(module (func $f (export "f") {body}))', **limits).call("f", args)
