"""The process that compiles a module within limits: see :mod:`wasmstate.runtime.compile`.

It reads a header and the module from stdin and writes a mark and its answer to stdout. Stdin stays
open: when it ends, the process that wanted the answer is gone, and so is this one.
"""

from __future__ import annotations

import os
import struct
import sys
import threading
from typing import BinaryIO

import wasmtime

from wasmstate.runtime.engine import new_engine

HEADER = struct.Struct("<?QQ")
"""Whether fuel is counted, the limit of memory (:data:`NO_LIMIT` for none), the module's size."""

NO_LIMIT = (1 << 64) - 1

COMPILED = b"C"
"""Before a serialized module."""

REFUSED = b"R"
"""Before the text of wasmtime's error."""


def limit_memory(most: int) -> None:
    """Let allocations fail that go beyond a limit; on Linux, nothing elsewhere does so."""
    if sys.platform == "linux":
        import resource  # noqa: PLC0415 (no such module on Windows)

        # Not RLIMIT_AS: malloc reserves 64 MiB of addresses for each thread.
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if hard == resource.RLIM_INFINITY or most < hard:
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def answer(data: bytes, *, counts_fuel: bool) -> tuple[bytes, bytes]:
    """A mark, and what wasmtime makes of a module."""
    try:
        module = wasmtime.Module(new_engine(counts_fuel=counts_fuel), data)
        return COMPILED, bytes(module.serialize())
    except wasmtime.WasmtimeError as error:
        return REFUSED, str(error).encode()


def main() -> None:
    """Compile one module."""
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    header = stdin.read(HEADER.size)
    if len(header) < HEADER.size:
        return
    counts_fuel, most, size = HEADER.unpack(header)
    data = stdin.read(size)
    threading.Thread(target=_end_with, args=[stdin], daemon=True).start()
    if most != NO_LIMIT:
        limit_memory(most)
    for each in answer(data, counts_fuel=counts_fuel):
        stdout.write(each)
    stdout.flush()
    os._exit(0)  # not by the interpreter's end, which would wait for the thread's lock of stdin


def _end_with(stdin: BinaryIO) -> None:
    stdin.read(1)
    os._exit(1)


if __name__ == "__main__":
    main()
