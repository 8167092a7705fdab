"""Compilation within limits of time and memory, in a process that can be ended.

A compiler takes more than linear time and memory for some functions, and wasmtime's can neither be
interrupted nor limited: 443 KB of one function with many live values took a minute and 3.5 GB. So
a module is compiled by a child process, and its serialized form loaded here. Only a module that
cannot take much is compiled in this process, without the tenth of a second that a child costs:
see :func:`takes_little`.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

import wasmtime

from wasmstate.binary.module import Module
from wasmstate.binary.sections.code import CodeSection
from wasmstate.binary.sections.custom import CustomSection
from wasmstate.binary.sections.data import DataSection
from wasmstate.binary.sections.type import StructType, TypeSection
from wasmstate.binary.types import FuncType
from wasmstate.errors import CallError, LimitError, MalformedError
from wasmstate.frozen import child_command
from wasmstate.runtime.compile_child import COMPILED, HEADER, NO_LIMIT
from wasmstate.runtime.failures import one_line
from wasmstate.runtime.limits import Limits

FEW_BYTES = 16 << 10
"""Bytes of code and types that take little, whatever they are, if the next two hold."""

FEW_VALUES = 16
"""Parameters and results of a type, or fields. One byte of code can name a type, and make as many
values: 22 KB of calls with 1,000 results took 9 s and 1.5 GB."""

FEW_LOCALS = 10_000
"""Locals of all functions. Four bytes declare up to 50,000."""

_LOOK = 0.1  # seconds between looks for a signal, where waiting for a thread does not end for one
_NO_MEMORY = ("memory allocation of", "MemoryError", "code: 12", "code: 11", "(os error 12)")
"""What Rust, Python and the system say; 11 if there is no memory for a thread."""


def compile_module(
    engine: wasmtime.Engine, module: Module, limits: Limits
) -> tuple[wasmtime.Module, bytes | None]:
    """Compile a module.

    Returns:
        The module, and its serialized form if there is one already.

    Raises:
        LimitError: if it takes more than the limits allow.
        CallError: if wasmtime does not accept the module, or no process can be started.
    """
    data = module.to_bytes()
    is_limited = limits.compile_seconds is not None or limits.compile_memory is not None
    try:
        if not is_limited or takes_little(module):
            return wasmtime.Module(engine, data), None
        artifact = _compile_in_child(data, limits)
        return wasmtime.Module.deserialize(engine, artifact), artifact
    except wasmtime.WasmtimeError as error:
        raise _refused(str(error)) from error


def takes_little(module: Module) -> bool:
    """Whether a module surely takes less than a second and 200 MB to compile."""
    sections = [s for s in module.sections if not isinstance(s, (CustomSection, DataSection))]
    if sum(section.size for section in sections) > FEW_BYTES:
        return False
    try:
        types = module.section(TypeSection)
        code = module.section(CodeSection)
        values = [_values(each.comptype) for each in types.subtypes()] if types else []
        locals_ = sum(run.count for func in code.entries for run in func.locals()) if code else 0
    except MalformedError:
        return False
    return max(values, default=0) <= FEW_VALUES and locals_ <= FEW_LOCALS


def _values(type_: object) -> int:
    match type_:
        case FuncType(params, results):
            return len(params) + len(results)
        case StructType(fields):
            return len(fields)
    return 1


def _compile_in_child(data: bytes, limits: Limits) -> bytes:
    """The serialized form of a module."""
    memory = NO_LIMIT if limits.compile_memory is None else limits.compile_memory
    header = HEADER.pack(limits.fuel is not None, memory, len(data))
    child = _start()
    try:
        found = _answer(child, (header, data), limits.compile_seconds)
    finally:  # KeyboardInterrupt, too
        child.kill()
        child.wait()
    if found is None:
        raise LimitError(
            f"the module is not compiled: that takes longer than {limits.compile_seconds} s"
        ).helped_by("Limits.compile_seconds")
    compiled, said = found
    text = "" if compiled[:1] == COMPILED else compiled[1:].decode(errors="replace")
    is_full = any(each in said + text for each in _NO_MEMORY)
    if is_full and limits.compile_memory is not None:
        raise LimitError(
            f"the module is not compiled: that takes more memory than {limits.compile_memory} bytes"
        ).helped_by("Limits.compile_memory")
    if not compiled:
        reason = said.strip().splitlines()[-1] if said.strip() else f"status {child.returncode}"
        raise CallError(f"the process that compiles the module ended: {reason}")
    if text:
        raise _refused(text)
    return compiled[1:]


def _start() -> subprocess.Popen[bytes]:
    # Without a backtrace: Rust waits without end if there is no memory for one.
    environment = os.environ | {"RUST_BACKTRACE": "0"}
    if not getattr(sys, "frozen", False):  # it finds this package where this process found it
        environment["PYTHONPATH"] = os.pathsep.join(filter(os.path.isabs, sys.path))
    try:
        return subprocess.Popen(  # noqa: S603 (this program)
            child_command("wasmstate.runtime.compile_child"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,  # Ctrl+C is this process's, which ends the child
        )
    except OSError as error:
        raise CallError(
            f"the process that compiles the module does not start ({error}); with "
            "Limits(compile_seconds=None, compile_memory=None) it is compiled in this one"
        ) from error


def _answer(
    child: subprocess.Popen[bytes], question: Sequence[bytes], seconds: float | None
) -> tuple[bytes, str] | None:
    """What the child writes until it ends, and its errors; ``None`` if that takes too long."""
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    stdin, stdout, stderr = child.stdin, child.stdout, child.stderr
    compiled: list[bytes] = []
    said: list[bytes] = []

    def ask() -> None:
        with suppress(OSError):  # it has ended
            stdin.writelines(question)
            stdin.flush()

    threads = [
        threading.Thread(target=ask, daemon=True),
        threading.Thread(target=lambda: said.append(stderr.read()), daemon=True),
        threading.Thread(target=lambda: compiled.append(stdout.read()), daemon=True),
    ]
    listener = threads[-1]
    until = time.monotonic() + (math.inf if seconds is None else seconds)
    try:
        for thread in threads:
            thread.start()
        while listener.is_alive() and time.monotonic() < until:
            listener.join(max(0, min(_LOOK, until - time.monotonic())))
        is_late = listener.is_alive()
    finally:
        child.kill()
        for thread in threads:
            thread.join()
        for stream in (stdout, stderr, stdin):
            with suppress(OSError):
                stream.close()
    return None if is_late else (compiled[0], said[0].decode(errors="replace"))


def _refused(text: str) -> CallError:
    return CallError(f"wasmtime does not accept the module: {one_line(text)}")
