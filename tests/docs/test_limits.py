"""The table of limits in docs/running.md says what the code does."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from wasmstate import Limits
from wasmstate.cli.commands import bisect, discover, predict, probe, replay, run, why
from wasmstate.runtime import cache, validate
from wasmstate.runtime.compile import FEW_BYTES, FEW_LOCALS, FEW_VALUES

DOCS = Path(__file__).resolve().parents[2] / "docs"
MAKE_MANY_CALLS = [discover.command, probe.command]
CALLING = [*(each.command for each in (run, predict, replay, bisect, why)), *MAKE_MANY_CALLS]
SIZES = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def rows() -> list[list[str]]:
    """The cells of the table: what, limit, unless told, option, enforced by, beyond it."""
    section = (DOCS / "running.md").read_text(encoding="utf-8").partition("\n## Limits\n")[2]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines[2:]]


def amount(text: str) -> float | None:
    """What ``10 s``, ``2 GiB`` or ``none`` stands for."""
    if text == "none":
        return None
    number, unit = text.split()
    return float(number) if unit == "s" else int(number) * SIZES[unit]


TABLE = [
    (found[1], row[2], row[3].strip("`"))
    for row in rows()
    if (found := re.match(r"`Limits\.(\w+)`", row[1]))
]


def test_each_limit_of_a_call_and_a_compilation_is_in_the_table() -> None:
    assert {name for name, _, _ in TABLE} == {field.name for field in dataclasses.fields(Limits)}


@pytest.mark.parametrize(("name", "default", "option"), TABLE)
def test_a_default_is_that_of_the_library_and_of_the_commands(
    name: str, default: str, option: str
) -> None:
    assert getattr(Limits(), name) == amount(default)
    for command in CALLING:
        options = {each.opts[0]: each for each in command.params}
        if option:
            unit = SIZES["MiB"] if "memory" in name else 1
            shown = float(str(options[option].default)) * unit
            makes_many = name == "seconds" and command in MAKE_MANY_CALLS
            assert shown == (2.0 if makes_many else amount(default))
        else:
            assert f"--{name}" not in options


def test_what_no_argument_changes_is_what_it_says() -> None:
    fixed = {row[0]: row for row in rows() if not row[1]}
    code = fixed.pop("code that is compiled without a process")
    assert amount(code[2]) == FEW_BYTES
    numbers = [int(each.replace(",", "")) for each in re.findall(r"[\d,]*\d", code[4])]
    assert numbers == [FEW_VALUES, FEW_LOCALS]
    assert amount(fixed.pop("compiled modules that are kept")[2]) == cache.MOST
    assert amount(fixed.pop("module that is validated")[2]) == validate.LARGEST
    assert list(fixed) == ["memories, tables"], "tests/runtime/test_programs.py counts them"
