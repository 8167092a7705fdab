"""Opening a module takes work in proportion to what is in it: calls are counted, not time."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

import pytest

from models import from_wat
from wasmstate import LinkError, Module
from wasmstate.runtime.instance import Instance
from wasmstate.runtime.program import Program

KINDS = {
    "types": "(type (func))",
    "imports": '(import "a" "{i}" (func))',
    "functions": "(func)",
    "exported functions": '(func (export "{i}"))',
    "globals": "(global (mut i32) (i32.const 0))",
    "exported globals": '(global (export "{i}") (mut i32) (i32.const 0))',
    "elements": "(elem funcref)",
    "data": '(data "x")',
}
"""A module can have up to 100 memories and 100 tables."""


def work(module: Module) -> int:
    """How many functions are called to open a module, those in C counted."""
    count = 0

    def note(frame: object, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        with suppress(LinkError):
            Instance(Program(module))
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("kind", KINDS)
def test_the_work_of_opening_is_linear(kind: str) -> None:
    work(from_wat("(module)"))  # what is done once in a process
    one, two, four = (
        work(from_wat(f"(module {' '.join(KINDS[kind].format(i=i) for i in range(count))})"))
        for count in (100, 200, 400)
    )
    assert four - two <= 2.2 * (two - one) + 50
