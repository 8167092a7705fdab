"""Errors say what is wrong; how to get at what helps is said by the program that shows them."""

from __future__ import annotations

import ast
import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import wasmstate as package
from cli_runner import run_command as wasmstate
from models import FIXTURES
from wasmstate.cli.remedies import WORDS
from wasmstate.errors import NotCommittedError, Remedy, StateError

ROOT = Path(package.__file__).parent
SOURCES = [path for path in ROOT.rglob("*.py") if "cli" not in path.relative_to(ROOT).parts]
# A frozen program starts its own workers by an argument that no user gives.
COMMAND = re.compile(r"(?<![-\w])--(?!wasmstate-child)[a-z]|'wasmstate [a-z]|`wasmstate [a-z]")


def texts(path: Path) -> Iterator[str]:
    """Every text of a file that is no docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docs:
            yield node.value


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_library_speaks_of_no_command_and_no_option(path: Path) -> None:
    assert [text for text in texts(path) if COMMAND.search(text)] == []


def test_all_that_helps_has_words_on_the_command_line() -> None:
    assert set(WORDS) == set(get_args(Remedy))
    assert len(set(WORDS.values())) == len(WORDS)


def test_an_error_keeps_what_helps_on_its_way_to_another_process() -> None:
    error = NotCommittedError("no").helped_by("allow_break_links")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.remedies) == ("no", ("allow_break_links",))
    assert copy.__notes__ == ["What helps: allow_break_links"]
    assert StateError("no").helped_by().remedies == ()


def test_the_command_line_adds_its_options_and_commands(tmp_path: Path) -> None:
    model = tmp_path / "model.wasm"
    model.write_bytes((FIXTURES / "bandit.wasm").read_bytes())
    (tmp_path / "other.wasm").hardlink_to(model)
    refused = wasmstate("set", str(model), "count=1")
    assert refused.stderr.endswith("make a copy, or allow it\nWhat helps: --break-links\n")
    model.unlink()
    model.write_bytes(b"\0asm\1\0\0\0")
    assert (
        wasmstate("check", str(model))
        .output.splitlines()[0]
        .endswith("the file carries no state; attach one (wasmstate attach)")
    )
