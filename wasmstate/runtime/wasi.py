"""WASI for a model that needs nothing of it: functions that answer as an empty system would.

Models that were linked with a C library import WASI because the library does, not because they have
anything to do with files. What they get: no files, no arguments, no environment, no clock, no
randomness; what they write to stdout or stderr is kept for error messages. Every result is set, for
a C library that is told of a success and not how many bytes were written tries for ever.

Source: WASI preview 1, "Functions" and "Types", ``errno``; ``wasi_unstable`` (preview 0) agrees
with it in what is answered here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import wasmtime

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

SUCCESS, BADF, FAULT, NOSYS, SPIPE = 0, 8, 21, 52, 70
_CHARACTER_DEVICE = 2
_KEPT = 4096  # bytes of what was written


def imports_wasi_alone(spaces: Spaces) -> bool:
    """Whether all that a module imports are functions of WASI."""
    return all(each.module in NAMESPACES and each.kind == "func" for each in spaces.imports)


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

    def functions(self, store: wasmtime.Store, compiled: wasmtime.Module) -> list[wasmtime.Func]:
        """One function for each import, all of which must be functions."""
        found = []
        for each in compiled.imports:
            assert isinstance(each.type, wasmtime.FuncType)
            answer = getattr(self, f"_{each.name}", None)
            count = len(each.type.params)
            if answer is None or _COUNTS.get(each.name or "") != count:
                answer = self._missing
            call = partial(_called, answer, bool(each.type.results))
            found.append(wasmtime.Func(store, each.type, call, access_caller=True))
        return found

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
}


class _FaultError(Exception):
    """A pointer leads out of the memory."""


class _Memory:
    """The memory of the caller."""

    def __init__(self, caller: wasmtime.Caller) -> None:
        found = caller.get("memory")
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
