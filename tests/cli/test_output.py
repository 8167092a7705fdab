"""What happens to output that nobody takes, and to commands that are interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from cli_runner import Wasmstate
from wasmstate import cli

COMMAND = [sys.executable, "-c", "from wasmstate.cli import main; main()"]


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


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device /dev/full")
def test_output_that_cannot_be_written_is_told(model: Path) -> None:
    with open("/dev/full", "wb") as full:
        command = [*COMMAND, "state", str(model)]
        done = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr == b"Error: the output: No space left on device\n"


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
