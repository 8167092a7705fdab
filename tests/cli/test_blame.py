"""What is wrong is said of the file that it is wrong with, in words that a terminal can show."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cli_runner import Wasmstate
from models import model as made_model
from wasmstate import Module

PLAIN = '(module (memory (export "memory") 1) (func (export "update")))'


def damaged_code(path: Path) -> None:
    """A function whose code cannot be decoded, in a section that can be found."""
    content = bytearray(path.read_bytes())
    content[Module.open(path).sections[6].content_offset + 10] = 0xFF
    path.write_bytes(content)


def damaged_state(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-100] ^= 255
    path.write_bytes(content)


def no_module(path: Path) -> None:
    path.write_bytes(b"hello world")


@pytest.mark.parametrize("damage", [damaged_state, no_module])
@pytest.mark.parametrize(
    "words",
    [
        ["drift", "bandit.wasm", "--from", "rows.csv", "--detector", "bad.wasm"],
        ["merge", "bad.wasm", "bandit.wasm"],
        ["merge", "bandit.wasm", "bad.wasm"],
        ["migrate", "bad.wasm", "bandit.wasm"],
        ["migrate", "bandit.wasm", "bad.wasm"],
        ["diff", "bad.wasm", "bandit.wasm"],
        ["diff", "bandit.wasm", "bad.wasm"],
    ],
    ids=lambda words: " ".join(words[:3]),
)
def test_of_two_files_the_damaged_one_is_named(
    words: list[str], damage: Callable[[Path], None], model: Path, wasmstate: Wasmstate
) -> None:
    damage(Path(shutil.copy(model, "bad.wasm")))
    Path("rows.csv").write_text("1,1\n")
    done = wasmstate(*words)
    assert done.exit_code == 1
    first, advice = done.stderr.splitlines()
    assert first.startswith("Error: bad.wasm: ")
    assert advice == "See all that is wrong with it: wasmstate check bad.wasm"


def test_a_donor_that_cannot_be_decoded_is_named_not_its_host(
    model: Path, wasmstate: Wasmstate
) -> None:
    damaged_code(Path(shutil.copy(model, "bad.wasm")))
    done = wasmstate("graft", str(model), "bad.wasm", "-o", "out.wasm")
    assert done.stderr.startswith("Error: bad.wasm: sections[6].entries[0]")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["set", "bandit.wasm", "count=@none.npy"], "none.npy: No such file or directory"),
        (["set", "bandit.wasm", "count=@folder"], "folder: Is a directory"),
        (
            ["drift", "bandit.wasm", "--from", "rows.csv", "--detector", "folder"],
            "folder: Is a directory",
        ),
    ],
)
def test_a_file_that_the_system_refuses_is_named(
    words: list[str], reason: str, model: Path, wasmstate: Wasmstate
) -> None:
    assert model.exists()
    Path("folder").mkdir()
    Path("rows.csv").write_text("1,1\n")
    done = wasmstate(*words)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"Error: {reason}")


@pytest.mark.parametrize("command", ["replay", "bisect"])
def test_what_is_no_log_is_not_sent_to_check(
    command: str, model: Path, wasmstate: Wasmstate
) -> None:
    Path("no.log").write_bytes(b"hello world")
    until = ["--until", "count > 1"] if command == "bisect" else []
    done = wasmstate(command, str(model), "--log", "no.log", *until)
    assert done.stderr == ("Error: no.log: log.magic at content offset 0x0: this is no call log\n")


def test_a_log_of_other_code_says_so(model: Path, wasmstate: Wasmstate) -> None:
    words = ("run", str(model), "update", "2", "1.0", "--record", "clicks.log")
    assert wasmstate(*words).exit_code == 0
    Path("other.wasm").write_bytes(made_model(PLAIN, "s:i32@0").to_bytes())
    done = wasmstate("replay", "other.wasm", "--log", "clicks.log")
    assert done.stderr == (
        "Error: clicks.log: the log was recorded with another module, or the code has changed "
        "since: replay it with the module that it was recorded with\n"
    )


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs the device /dev/zero")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["replay", "bandit.wasm", "--log", "/dev/zero"], "this is no call log"),
        (["attach", "bandit.wasm", "--schema", "/dev/zero"], "it is no schema file"),
        (["run", "bandit.wasm", "update", "--from", "/dev/zero"], "this is no table"),
    ],
    ids=lambda each: each[0] if isinstance(each, list) else "",
)
def test_a_file_without_end_is_not_read_to_its_end(
    words: list[str], message: str, model: Path, wasmstate: Wasmstate
) -> None:
    assert model.exists()
    done = wasmstate(*words)
    assert (done.exit_code, message in done.stderr) == (1, True)


def test_advice_can_be_given_to_a_shell(model: Path, wasmstate: Wasmstate) -> None:
    no_module(Path("my model's.wasm"))
    done = wasmstate("state", "my model's.wasm")
    assert done.stderr.splitlines()[1] == (
        "See all that is wrong with it: wasmstate check 'my model'\"'\"'s.wasm'"
    )
    assert model.exists()


HOSTILE = "\x1b[2J\x1b]0;x\x07\rok\nok"
ESCAPED = r"\x1b[2J\x1b]0;x\x07\rok\nok"


@pytest.mark.parametrize(
    "words",
    [["layout"], ["section", "list"], ["dump"], ["diff", "bandit.wasm"]],
    ids=lambda words: words[0],
)
def test_names_in_a_file_cannot_steer_the_terminal(
    words: list[str], model: Path, wasmstate: Wasmstate
) -> None:
    hostile = Module.open(model).with_custom(HOSTILE, b"x")
    Path("bad.wasm").write_bytes(hostile.to_bytes())
    done = wasmstate(*words, "bad.wasm")
    assert ESCAPED in done.stdout
    assert "\r" not in done.stdout


def test_a_long_line_in_a_table_is_not_printed_whole(model: Path, wasmstate: Wasmstate) -> None:
    Path("rows.csv").write_bytes(b"\x1b[31m" + b"x" * 10_000 + b"\n")
    done = wasmstate("run", str(model), "update", "--from", "rows.csv")
    assert done.exit_code == 1
    assert "\x1b" not in done.stderr
    assert len(done.stderr) < 300
    assert "rows.csv, line 1: there is no column arm, reward; there are \\x1b[31mxxx" in done.stderr
