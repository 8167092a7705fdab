"""Runs into a deadline, then once more in a child that was forked after it."""

from __future__ import annotations

import os
import sys

import wasmtime

from wasmstate import DeadlineError, Limits, Module
from wasmstate.runtime.instance import Instance
from wasmstate.runtime.program import Program

module = Module.from_bytes(wasmtime.wat2wasm('(module (func (export "f") (loop br 0)))'))
instance = Instance(Program(module, Limits(seconds=0.1)))


def run_into_the_deadline() -> None:
    """Call what does not end; prints the error."""
    try:
        instance.call("f", [])
    except DeadlineError as error:
        os.write(1, f"{error}\n".encode())


run_into_the_deadline()
child = os.fork()
run_into_the_deadline() if child == 0 else None
if child == 0:
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
