"""WASI for a model that needs nothing of it: functions that answer as an empty system would.

Models that were linked with a C library import WASI because the library does, not because they have
anything to do with files. What they get: no files, no arguments, no environment; what they write to
stdout or stderr is kept for error messages. Every result is set, for a C library that is told of a
success and not how many bytes were written tries for ever.

The clock stands still and random bytes are the same each time, so that a call depends on S and its
arguments alone: a clock that ticked would be a second state, which no file keeps, and N updates, a
restart and M updates would differ from N + M of them (docs/decisions/0015). A loop that waits for
time to pass meets its deadline.

Source: WASI preview 1, "Functions" and "Types", ``errno``; ``wasi_unstable`` (preview 0) agrees
with it in what is answered here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, get_args

import wasmtime

from wasmstate.binary.edits.export import export_name
from wasmstate.binary.sections.import_ import Import
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import TrapError

NAMESPACES = ("wasi_unstable", "wasi_snapshot_preview1")
SCAILABLE = {
    "malloc_buffer": "(i32) -> (i32)",
    "pred": "() -> (i32)",
    "get_out_len": "() -> (i32)",
    "get_out_loc": "() -> (i32)",
    "free_buffer": "(i32) -> ()",
}
"""The functions of Scailable's interface, and their types."""

SUCCESS, BADF, FAULT, INVAL, NOSYS, SPIPE = 0, 8, 21, 28, 52, 70
_CHARACTER_DEVICE = 2
_KEPT = 4096  # bytes of what was written
_NOW = 946_684_800 * 10**9  # 2000-01-01 00:00:00 UTC in nanoseconds
_CLOCKS = range(4)  # realtime, monotonic and the two of processor time
_RANDOM = hashlib.shake_256(b"wasmstate").digest(4096)

Wasi = Literal["none", "stub"]
"""What a module is granted of WASI: nothing, or functions that answer as an empty system would."""


def imports_wasi_alone(spaces: Spaces) -> bool:
    """Whether all that a module imports are functions of WASI."""
    return all(map(is_of_wasi, spaces.imports))


def is_of_wasi(item: Import) -> bool:
    """Whether an import is a function of WASI."""
    return item.module in NAMESPACES and item.kind == "func"


def wasi_stub(choice: str) -> WasiStub | None:
    """The functions that a choice grants.

    Raises:
        ValueError: for another choice.
    """
    if choice not in get_args(Wasi):
        raise ValueError(f"wasi must be none or stub, not {choice!r}")
    return WasiStub() if choice == "stub" else None


def is_scailable(spaces: Spaces) -> bool:
    """Whether a module has Scailable's interface, and imports no more than WASI."""
    types = {name: str(type_) for name, type_ in spaces.exported_functions().items()}
    has_all = all(types.get(name) == type_ for name, type_ in SCAILABLE.items())
    return has_all and imports_wasi_alone(spaces)


class ExitError(TrapError):
    """The module ended itself.

    Attributes:
        code: that it gave.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"the module ended itself: proc_exit({code})")
        self.code = code


class WasiStub:
    """The functions, for the instances of one module.

    Attributes:
        text: what was written to stdout and stderr, the last 4 KiB of it.
    """

    def __init__(self) -> None:
        self.text = b""

    def function(self, store: wasmtime.Store, name: str, type_: wasmtime.FuncType) -> wasmtime.Func:
        """One function, of the type by which it is imported."""
        answer = getattr(self, f"_{name}", None)
        if answer is None or _COUNTS.get(name) != len(type_.params):
            answer = self._missing
        call = partial(_called, answer, bool(type_.results))
        return wasmtime.Func(store, type_, call, access_caller=True)

    def _missing(self, memory: _Memory, *args: int) -> int:
        return NOSYS

    def _proc_exit(self, memory: _Memory, code: int) -> int:
        raise ExitError(code)

    def _fd_write(self, memory: _Memory, fd: int, iovs: int, count: int, nwritten: int) -> int:
        memory.write(nwritten, 0, 4)
        if fd not in (1, 2):
            return BADF
        size = 0
        for i in range(count % (1 << 32)):
            pointer = memory.number(iovs + 8 * i)
            length = memory.number(iovs + 8 * i + 4)
            self.text = (self.text + memory.read(pointer, length))[-_KEPT:]
            size += length
        memory.write(nwritten, size, 4)
        return SUCCESS

    def _fd_read(self, memory: _Memory, fd: int, iovs: int, count: int, nread: int) -> int:
        memory.write(nread, 0, 4)  # the end of the file
        return SUCCESS if fd == 0 else BADF

    def _fd_seek(self, memory: _Memory, fd: int, offset: int, whence: int, at: int) -> int:
        memory.write(at, 0, 8)
        return SPIPE if fd in (0, 1, 2) else BADF

    def _fd_close(self, memory: _Memory, fd: int) -> int:
        return SUCCESS if fd in (0, 1, 2) else BADF

    def _fd_fdstat_get(self, memory: _Memory, fd: int, stat: int) -> int:
        if fd not in (0, 1, 2):
            return BADF
        memory.write(stat, _CHARACTER_DEVICE, 24)
        return SUCCESS

    def _fd_prestat_get(self, memory: _Memory, fd: int, stat: int) -> int:
        return BADF  # which says that there are no folders

    def _args_sizes_get(self, memory: _Memory, count: int, size: int) -> int:
        memory.write(count, 0, 4)
        memory.write(size, 0, 4)
        return SUCCESS

    def _args_get(self, memory: _Memory, pointers: int, texts: int) -> int:
        return SUCCESS

    def _clock_time_get(self, memory: _Memory, clock: int, precision: int, at: int) -> int:
        memory.write(at, _NOW, 8)
        return SUCCESS if clock in _CLOCKS else INVAL

    def _clock_res_get(self, memory: _Memory, clock: int, at: int) -> int:
        memory.write(at, 1, 8)
        return SUCCESS if clock in _CLOCKS else INVAL

    def _random_get(self, memory: _Memory, at: int, size: int) -> int:
        memory.fill(at, size, _RANDOM)
        return SUCCESS

    def _sched_yield(self, memory: _Memory) -> int:
        return SUCCESS

    _environ_sizes_get = _args_sizes_get
    _environ_get = _args_get


_COUNTS = {
    "proc_exit": 1,
    "fd_write": 4,
    "fd_read": 4,
    "fd_seek": 4,
    "fd_close": 1,
    "fd_fdstat_get": 2,
    "fd_prestat_get": 2,
    "args_sizes_get": 2,
    "args_get": 2,
    "environ_sizes_get": 2,
    "environ_get": 2,
    "clock_time_get": 3,
    "clock_res_get": 2,
    "random_get": 2,
    "sched_yield": 0,
}


class _FaultError(Exception):
    """A pointer leads out of the memory."""


class _Memory:
    """The memory of the caller."""

    def __init__(self, caller: wasmtime.Caller) -> None:
        found = caller.get("memory") or caller.get(export_name("memory", 0))
        if not isinstance(found, wasmtime.Memory):
            raise _FaultError
        self._memory = found
        self._caller = caller

    def read(self, at: int, size: int) -> bytes:
        at, size = at % (1 << 32), size % (1 << 32)
        if at + size > self._memory.data_len(self._caller):
            raise _FaultError
        return bytes(self._memory.read(self._caller, at, at + size))

    def number(self, at: int) -> int:
        return int.from_bytes(self.read(at, 4), "little")

    def write(self, at: int, value: int, size: int) -> None:
        at %= 1 << 32
        if at + size > self._memory.data_len(self._caller):
            raise _FaultError
        self._memory.write(self._caller, value.to_bytes(size, "little"), at)

    def fill(self, at: int, size: int, pattern: bytes) -> None:
        """Write a pattern, again and again, to ``size`` bytes."""
        at, size = at % (1 << 32), size % (1 << 32)
        if at + size > self._memory.data_len(self._caller):
            raise _FaultError
        content = (pattern * (size // len(pattern) + 1))[:size]
        self._memory.write(self._caller, content, at)


def _called(
    answer: Callable[..., int],
    has_result: bool,
    caller: wasmtime.Caller,
    *args: Any,
) -> int | None:
    try:
        code = answer(_Memory(caller), *args)
    except _FaultError:
        code = FAULT
    return code if has_result else None
