"""wasmtime's errors in the words of wasmstate.errors."""

from __future__ import annotations

import errno
import re

import wasmtime

from wasmstate.errors import CallError, DeadlineError, LimitError, TrapError, WasmstateError
from wasmstate.runtime.limits import Limits

_NO_OFFSET = (1 << 64) - 1  # of a frame that wasmtime cannot place


def translated(what: str, error: Exception, limits: Limits) -> WasmstateError:
    """What to raise instead of a trap or an error of wasmtime."""
    if not isinstance(error, wasmtime.Trap):
        # A backtrace holds names that the guest chose; what wasmtime itself says comes last.
        _, trace, cause = str(error).rpartition("Caused by:")
        is_traced = "wasm backtrace:" in str(error) and bool(trace)
        reason = one_line(cause if is_traced else error)
        if is_traced and reason == "thrown Wasm exception":
            return TrapError(f"{what} trapped: {reason}")
        is_full = is_traced and reason.startswith("GC heap out of memory")
        if is_full or "exceeds memory limits" in reason or "exceeds table limits" in reason:
            text = f"{what}: {reason} (allowed are {limits.memory} bytes)"
            return LimitError(text).helped_by("Limits.memory")
        if f"(os error {errno.EFBIG})" in reason:
            # wasmtime keeps initial memory as a file in memory, which counts as one.
            return LimitError(
                f"{what}: the data of the module is larger than a file may be (ulimit -f)"
            )
        return CallError(f"{what}: {reason}")
    if error.trap_code is wasmtime.TrapCode.INTERRUPT:
        return DeadlineError(f"{what} was ended: it ran longer than {limits.seconds} s")
    if error.trap_code is wasmtime.TrapCode.OUT_OF_FUEL:
        return LimitError(f"{what} was ended: it needed more fuel than {limits.fuel}")
    reason = error.message.strip().splitlines()[-1].strip()
    reason = reason.partition(": ")[2] if reason[:1].isdigit() else reason
    reason = reason.removeprefix("wasm trap: ")
    frames = [
        f"{frame.func_name or f'function {frame.func_index}'} at {frame.module_offset:#x}"
        for frame in error.frames
        if frame.module_offset != _NO_OFFSET
    ]
    where = f"; in {', '.join(frames[:4])}" if frames else ""
    return TrapError(f"{what} trapped: {reason}{where}")


def one_line(error: Exception | str) -> str:
    """What an error of wasmtime says."""
    # Where there are several causes, wasmtime numbers them.
    lines = [re.sub(r"^\s*(\d+: )?", "", line).rstrip() for line in str(error).splitlines()]
    return ": ".join(line.removesuffix(":") for line in lines if line not in ("", "Caused by:"))
