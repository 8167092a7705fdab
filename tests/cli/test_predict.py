"""predict on the command line."""

from __future__ import annotations

import pytest

from cli_runner import Wasmstate
from models import FIXTURES

INTSUM = str(FIXTURES / "scailable" / "intsum.wasm")


def test_a_line_for_each_input(wasmstate: Wasmstate) -> None:
    assert wasmstate("predict", INTSUM, "[[1, 2]]", "[3]").stdout == "3.0\n3.0\n"
    assert wasmstate("predict", INTSUM, "[1]", "--json").stdout == '{"output": [1.0]}\n'


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        ((INTSUM,), 2, "Missing argument"),
        ((INTSUM, "[1"), 2, "'[1' is not JSON"),
        ((INTSUM, "[1,true]"), 2, "the input[1] must be a number or an array, not true"),
        ((INTSUM, "[1e400]"), 2, "'1e400' is too large for f64"),
        ((INTSUM, "1"), 2, "'1' is no list: write [1, 2, 3]"),
        ((INTSUM, "[1]", "--timeout", "0"), 2, "--timeout must be more than 0 seconds"),
        ((INTSUM, '["a"]'), 2, 'the input[0] must be a number or an array, not "a"'),
        ((str(FIXTURES / "bandit.wasm"), "[1]"), 1, "has not Scailable's interface"),
    ],
)
def test_what_cannot_be_is_said(
    wasmstate: Wasmstate, arguments: tuple[str, ...], status: int, text: str
) -> None:
    done = wasmstate("predict", *arguments)
    assert (done.exit_code, text in done.stderr) == (status, True)


def test_run_names_the_command(wasmstate: Wasmstate) -> None:
    done = wasmstate("run", INTSUM, "pred")
    assert done.exit_code == 1
