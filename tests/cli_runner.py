"""Running a command in tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner, Result

from wasmstate.cli import main

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"

Wasmstate = Callable[..., Result]


def run_command(*arguments: str, input: bytes | None = None) -> Result:
    """Run a command; standard output and error are kept apart, other errors go on."""
    result = CliRunner().invoke(main, list(arguments), input=input)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result
