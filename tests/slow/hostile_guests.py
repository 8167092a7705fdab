"""``make hostile``: each hostile guest through the library and through the command line.

Each runs in a process of its own, whose time and memory are measured.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hostile.child import measured
from hostile.compilers import loops_of_many_values, many_functions, many_locals
from hostile.guests import GROWING, GUESTS, MEMORY, SECONDS
from wasmstate import LimitError, Limits, Module, State
from wasmstate.runtime.program import Program

MIB = 1 << 20
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def seconds(data: bytes) -> float:
    """The most time that may be taken for a file, with the limit of the call."""
    return SECONDS + 2 + len(data) / MIB


def bound(data: bytes, limit: int) -> int:
    """The most memory that may be taken for a file; half of what is constant is the compiler's."""
    return 128 * MIB + 4 * len(data) + limit


def as_before(path: Path, data: bytes, outcome: object) -> bool:
    """Whether the file holds what it should: all that it held, or S after the call."""
    if isinstance(outcome, int):
        return int(State.open(path)["n"]) == outcome
    return path.read_bytes() == data


@pytest.mark.parametrize("name", GUESTS)
def test_a_guest_of_the_library_ends_as_it_must(name: str, tmp_path: Path) -> None:
    guest = GUESTS[name]
    path, data = guest.write(tmp_path), guest.data()
    arguments = (guest.call, str(SECONDS), str(MEMORY), json.dumps(guest.args))
    found = measured(tmp_path, "call", str(path), *arguments)
    error = "" if isinstance(guest.outcome, int) else guest.outcome.__name__
    assert found.report["error"] == error, found.report
    if error and guest.says is not None:
        assert guest.says in found.report["message"]
    assert CONTROL.search(found.report["message"]) is None
    assert guest.warns == ("predict() changed S" in found.errors)
    assert as_before(path, data, guest.outcome)
    assert found.seconds <= seconds(data)
    assert found.memory <= bound(data, MEMORY)


@pytest.mark.parametrize("name", GUESTS)
def test_a_guest_of_the_command_line_ends_as_it_must(name: str, tmp_path: Path) -> None:
    guest = GUESTS[name]
    path, data = guest.write(tmp_path), guest.data()
    arguments = map(json.dumps, guest.args)
    found = measured(
        tmp_path, "command", "run", str(path), guest.call, *arguments, f"--timeout={SECONDS}"
    )
    assert "Traceback" not in found.errors
    assert CONTROL.search(found.output + found.errors) is None
    limit = Limits().memory
    assert limit is not None
    if name not in GROWING:  # which use up the default limit, some in vain
        fails = not isinstance(guest.outcome, int)
        assert found.report["status"] == int(fails), found.errors
        if fails and guest.says is not None:
            assert guest.says in found.errors
        assert as_before(path, data, guest.outcome)
        limit = MEMORY
    assert found.seconds <= seconds(data)
    assert found.memory <= bound(data, limit)


@pytest.mark.parametrize(
    "make", [lambda: many_functions(990_000), loops_of_many_values, many_locals]
)
def test_a_compilation_ends_within_its_limits(make: Callable[[], Module]) -> None:
    module = make()
    started = time.monotonic()
    with pytest.raises(LimitError, match=r"that takes (longer|more memory) than"):
        Program(module, Limits(compile_seconds=2.0))
    assert time.monotonic() - started <= 4


@pytest.mark.parametrize("make", [lambda: many_functions(990_000), loops_of_many_values])
def test_a_compilation_ends_within_its_memory(make: Callable[[], Module]) -> None:
    module = make()
    with pytest.raises(LimitError, match="that takes more memory than"):
        Program(module, Limits(compile_memory=64 * MIB))
