"""Commit in a child process, for each line of standard input, and say how that ended.

Usage: traced.py, then lines with the path of a file. A child prints its process id, waits for a
line, so that whoever reads can begin to trace it, commits, and prints in JSON which calls the port
made and how it ended. When the child has ended, however that came, ``dead`` is printed.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from pathlib import Path
from typing import Any

from storage.disk import Disk
from wasmstate import CommitError, Module, State, commit
from wasmstate.storage.filesystem import using


class Recorder(Disk):
    """Writes nothing while it records: that would be one more call."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def call(self, name: str, real: Any, *args: Any, **options: Any) -> Any:
        result = super().call(name, real, *args, **options)
        self.calls.append(name)
        return result


def read_line() -> str:
    """A line of standard input, not a byte more: the rest is for the other process."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            sys.exit()
        line += byte
    return line.decode().rstrip("\n")


def say(text: str) -> None:
    """Print a line at once."""
    os.write(1, f"{text}\n".encode())


def commit_and_say(path: Path) -> None:
    """What the child does."""
    # Where only parents may trace their children (Yama), let anybody.
    ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1))  # PR_SET_PTRACER, ANY; linux/prctl.h
    state = State.of(Module.open(path)).with_values({"total": 2})
    disk = Recorder()
    say(str(os.getpid()))
    read_line()
    try:
        with using(disk):
            commit(path, state)
        outcome = "committed"
    except CommitError as error:
        outcome = type(error).__name__
    say(json.dumps({"outcome": outcome, "calls": disk.calls}))


while True:
    path = Path(read_line())
    child = os.fork()
    if child == 0:
        commit_and_say(path)
        os._exit(0)
    os.waitpid(child, 0)
    say("dead")
