"""Run a command, or a call of the library, in a process of its own, and measure it.

    python tests/hostile/measured.py REPORT command ARGUMENT...
    python tests/hostile/measured.py REPORT call FILE FUNCTION SECONDS MEMORY ARGUMENTS

The report is JSON: seconds of processor time, which other programs do not lengthen; bytes of memory
beyond what Python and the libraries take; and of a call the name of the error's class, its message,
and what the call gave. The peak is that of /proc: ``ru_maxrss`` begins with the memory of the
process that started this one.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

import wasmtime

from hostile.memory import peak
from wasmstate import Limits, Session, WasmstateError
from wasmstate.cli import main as wasmstate


def taken() -> int:
    """The most memory that this process, or one that it waited for, has had, in bytes."""
    return max(peak(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10)


def spent() -> float:
    """Processor time of this process and of those that it waited for, in seconds."""
    now = os.times()
    return now.user + now.system + now.children_user + now.children_system


def call(path: str, function: str, seconds: str, memory: str, arguments: str) -> dict[str, Any]:
    """Call a function of a model with these limits."""
    limits = Limits(seconds=float(seconds), memory=int(memory))
    try:
        with Session.open(path, limits=limits) as session:
            given = getattr(session, function)(*json.loads(arguments))
    except WasmstateError as error:
        return {"error": type(error).__name__, "message": str(error)}
    return {"error": "", "message": "", "given": given}


def command(*arguments: str) -> dict[str, Any]:
    """Run a command as the program does."""
    try:
        wasmstate(arguments)
    except SystemExit as error:
        return {"status": error.code}
    return {"status": 0}


def main() -> None:
    """Measure what the command line says."""
    report, what, *arguments = sys.argv[1:]
    wasmtime.Module(wasmtime.Engine(), "(module)")  # threads and tables that are made once
    before = taken()
    started = spent()
    found = call(*arguments) if what == "call" else command(*arguments)
    found |= {"seconds": spent() - started, "memory": taken() - before}
    Path(report).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
