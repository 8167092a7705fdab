"""What happens to output that nobody takes, and to commands that are interrupted."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from cli_runner import Wasmstate
from models import COUNTER, from_wat, write_counter, write_model
from wasmstate import cli

COMMAND = [sys.executable, "-c", "from wasmstate.cli import main; main()"]


@pytest.fixture(params=["buffered", "unbuffered"])
def buffering(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the commands with either setting of the user's environment."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    if request.param == "unbuffered":
        monkeypatch.setenv("PYTHONUNBUFFERED", "1")


@pytest.mark.usefixtures("buffering")
@pytest.mark.parametrize("arguments", [["layout", "--json"], ["dump"], ["layout"], ["state"]])
def test_a_reader_that_has_seen_enough_ends_the_command_in_silence(
    model: Path, arguments: list[str]
) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [*COMMAND, *arguments, str(model)]
    done = subprocess.run(command, check=False, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")


@pytest.mark.usefixtures("buffering")
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device /dev/full")
def test_output_that_cannot_be_written_is_told(model: Path) -> None:
    with open("/dev/full", "wb") as full:
        command = [*COMMAND, "state", str(model)]
        done = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr == b"Error: the output: No space left on device\n"


@pytest.mark.usefixtures("buffering")
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device /dev/full")
@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["state", "--help"]])
def test_help_that_cannot_be_written_is_told_too(arguments: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        command = [*COMMAND, *arguments]
        done = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr == b"Error: the output: No space left on device\n"


@pytest.mark.usefixtures("buffering")
def test_a_command_without_a_standard_output_goes_on(model: Path) -> None:
    command = ["sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, "state", str(model)]
    done = subprocess.run(command, check=False, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("arguments", [["state"], ["state", "--json"], ["dump"], ["layout"]])
def test_what_the_terminal_has_no_bytes_for_is_an_escape(
    tmp_path: Path, arguments: list[str]
) -> None:
    path = write_model(tmp_path / "smile.wasm", COUNTER, "\U0001f642:i64@64")
    done = subprocess.run(
        [*COMMAND, *arguments, str(path)],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
    )
    if "--json" in arguments:
        assert list(json.loads(done.stdout)["tensors"]) == ["\U0001f642"]
    elif arguments == ["state"]:
        assert b"\\U0001f642       i64" in done.stdout


HOSTILE = "a\x1b]0;owned\x07\nError: forged\u202e\u2028"
FORBIDDEN = {"\x1b", "\x07", "\u202e", "\u2028", "\x7f"}


def is_clean(text: str) -> bool:
    return not FORBIDDEN & set(text) and "\nError: forged" not in text


@pytest.mark.parametrize(
    "words",
    [
        ["run", "{}", "update", "1"],
        ["run", "{}", "nope"],
        ["run", "{}", "update", "--from", "{}"],
        ["run", "{}", "update", "x\x1b"],
        ["check", "{}"],
        ["set", "{}", "total=5"],
        ["set", "{}", "nope=5"],
        ["rollback", "{}"],
        ["rollback", "{}", "--to", "77"],
        ["history", "{}"],
        ["bake", "{}"],
        ["unbake", "{}"],
        ["layout", "{}"],
        ["layout", "{}", "x\x1b"],
        ["state", "{}", "--tensor", "x\x1b"],
        ["diff", "{}", "{}"],
        ["salvage", "{}"],
        ["section", "list", "{}"],
        ["section", "extract", "{}", "x\x1b"],
        ["section", "add", "{}", "note", "{}"],
        ["models", "new", "thompson", "-o", "{}"],
        ["merge", "{}", "{}", "{}"],
        ["replay", "{}", "--log", "{}"],
        ["probe", "{}"],
        ["discover", "{}"],
        ["drift", "{}", "--from", "{}"],
        ["x\x1b"],
        ["layout", "missing\x1b"],
        ["layout", "--x\x1b"],
    ],
    ids=" ".join,
)
def test_no_file_name_and_no_argument_reaches_the_terminal_as_it_is(
    words: list[str], tmp_path: Path, wasmstate: Wasmstate
) -> None:
    path = write_counter(tmp_path / HOSTILE)
    assert wasmstate("run", str(path), "update", "1").exit_code == 0
    result = wasmstate(*(each.format(path) for each in words))
    assert is_clean(result.stdout), result.stdout
    assert is_clean(result.stderr), result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["layout", "m.wasm"],
        ["layout", "m.wasm", "--json"],
        ["dump", "m.wasm"],
        ["section", "list", "m.wasm"],
        ["section", "list", "m.wasm", "--json"],
        ["run", "m.wasm", "nope"],
        ["run", "m.wasm", "update", "1"],
        ["check", "m.wasm"],
        ["attach", "m.wasm", "--tensor", "n:i32@sym:nope"],
        ["discover", "m.wasm"],
        ["graft", "plain.wasm", "m.wasm", "-o", "out.wasm"],
    ],
    ids=" ".join,
)
def test_no_name_inside_a_file_reaches_the_terminal_as_it_is(
    words: list[str], tmp_path: Path, wasmstate: Wasmstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = "".join(f"\\{byte:02x}" for byte in HOSTILE.encode())
    text = f'(module (import "{name}" "{name}" (func)) (memory (export "{name}2") 1)'
    module = from_wat(f'{text} (func (export "{name}")))').with_custom(HOSTILE, b"x")
    (tmp_path / "m.wasm").write_bytes(module.to_bytes())
    (tmp_path / "plain.wasm").write_bytes(from_wat(COUNTER).to_bytes())
    result = wasmstate(*words)
    assert is_clean(result.stdout), result.stdout
    assert is_clean(result.stderr), result.stderr
    if "--json" in words:
        names = [each["name"] for each in json.loads(result.stdout)]
        assert HOSTILE in names


def test_all_output_goes_through_what_escapes_it() -> None:
    folder = Path(cli.__file__).parent
    raw = [
        f"{path.relative_to(folder)}:{node.lineno}"
        for path in folder.rglob("*.py")
        if path.name != "common.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("click.echo", "print")
    ]
    assert raw == []


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["stat", "x"], "No such command 'stat'. Did you mean 'state'?"),
        (["models", "nwe"], "No such command 'nwe'. Did you mean 'new'?"),
        (["models", "new", "tompson"], "No such command 'tompson'. Did you mean 'thompson'?"),
        (["section", "extrat"], "No such command 'extrat'. Did you mean 'extract'?"),
        (["xyzzy"], "No such command 'xyzzy'.\n"),
    ],
)
def test_a_mistyped_command_gets_a_proposal(
    words: list[str], meant: str, wasmstate: Wasmstate
) -> None:
    result = wasmstate(*words)
    assert result.exit_code == 2
    assert meant in result.stderr


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (MemoryError(), 2, "Error: there is not enough memory for files of this size\n"),
    ],
)
def test_a_command_that_cannot_go_on_says_why(
    error: BaseException,
    status: int,
    message: str,
    wasmstate: Wasmstate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @click.command()
    def command() -> None:
        raise error

    monkeypatch.setattr(cli.main, "get_command", lambda *_: command)
    result = wasmstate("layout")
    assert (result.exit_code, result.stderr, result.stdout) == (status, message, "")
