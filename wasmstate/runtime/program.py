"""Compiled modules and their instances. wasmtime is spoken here and nowhere else."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

import wasmtime

from wasmstate.binary.module import Module
from wasmstate.binary.spaces import Spaces
from wasmstate.binary.types import FuncType
from wasmstate.errors import (
    CallError,
    DeadlineError,
    LimitError,
    LinkError,
    StateBoundsError,
    TrapError,
    WasmstateError,
)
from wasmstate.runtime.clock import Clock
from wasmstate.runtime.values import SIZES, check_arguments, pack, unpack
from wasmstate.state.record import Region, RegionKind

_TABLE_ELEMENT = 8  # bytes that an element of a table takes of this process
_NO_OFFSET = (1 << 64) - 1  # of a frame that wasmtime cannot place


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may use.

    Attributes:
        seconds: of wall clock, ``None`` for no deadline; exact to 10 ms.
        memory: bytes of each linear memory, ``None`` for what the module itself declares; tables
            may take as much, at eight bytes an element.

    Raises:
        ValueError: if one of them is negative or not a number.
    """

    seconds: float | None = 10.0
    memory: int | None = 1 << 30

    def __post_init__(self) -> None:
        for name in ("seconds", "memory"):
            value = getattr(self, name)
            if value is not None and not value >= 0:  # NaN is not, either
                raise ValueError(f"the limit of {name} must not be {value}")


@cache
def _engine() -> tuple[wasmtime.Engine, Clock]:
    config = wasmtime.Config()
    config.epoch_interruption = True
    config.wasm_exceptions = True
    engine = wasmtime.Engine(config)
    return engine, Clock(engine)


class Program:
    """A compiled module.

    Args:
        module: a core module whose imports are none: a model gets nothing but its arguments.
        limits: of every call.

    Raises:
        LinkError: naming each import, if there are any.
        CallError: if wasmtime does not accept the module.
    """

    def __init__(self, module: Module, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.spaces = Spaces(module)
        if module.is_component:
            raise LinkError("this is a component; only core modules can be run")
        _check_imports(self.spaces)
        self.functions = self.spaces.exported_functions()
        self.engine, self.clock = _engine()
        try:
            self.compiled = wasmtime.Module(self.engine, module.to_bytes())
        except wasmtime.WasmtimeError as error:
            raise CallError(f"wasmtime does not accept the module: {_one_line(error)}") from error

    def func_type(self, name: str) -> FuncType:
        """The type of an exported function.

        Raises:
            CallError: if there is none of that name.
        """
        if name not in self.functions:
            known = ", ".join(list(self.functions)[:20]) or "none"
            raise CallError(f"the module exports no function {name!r}; it exports {known}")
        return self.functions[name]

    def instantiate(self) -> Instance:
        """A new instance, its start function and ``_initialize`` done.

        Raises:
            CallError: as :meth:`Instance.call`; also if the limits forbid the first memory.
        """
        return Instance(self)


def _check_imports(spaces: Spaces) -> None:
    if not spaces.imports:
        return
    missing = []
    for each in spaces.imports:
        kind = str(spaces.func_type(each.type)) if isinstance(each.type, int) else each.kind
        missing.append(f"{each.module}.{each.name} {kind}")
    listing = "".join(f"\n  {line}" for line in missing)
    count = f"{len(missing)} import{'s' * (len(missing) != 1)}"
    raise LinkError(
        f"the module needs {count}, and a model is granted none:{listing}",
        tuple(missing),
    )


class Instance:
    """An instance: its memory, its globals, its functions."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._clock = program.clock
        self._store = wasmtime.Store(program.engine)
        limits = program.limits
        if limits.memory is not None:
            self._store.set_limits(
                memory_size=limits.memory, table_elements=limits.memory // _TABLE_ELEMENT
            )
        self._ticks = self._clock.ticks(limits.seconds)
        self._store.set_epoch_deadline(self._ticks)
        try:
            with self._clock:
                instance = wasmtime.Instance(self._store, program.compiled, [])
        except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
            self._raise("instantiation", error)
        self._exports = instance.exports(self._store)
        spaces = program.spaces
        self._memories: dict[int, wasmtime.Memory] = {}
        self._globals: dict[int, wasmtime.Global] = {}
        for export in spaces.exports.values():
            item = self._exports[export.name]
            if isinstance(item, wasmtime.Memory):
                self._memories[export.index] = item
            elif isinstance(item, wasmtime.Global):
                self._globals[export.index] = item
        if "_initialize" in program.functions:
            self.call("_initialize", [])

    @property
    def pages(self) -> int:
        """Of the first exported memory; 0 if there is none."""
        memory = next(iter(self._memories.values()), None)
        return memory.size(self._store) if memory is not None else 0

    def prepare(self, name: str, args: Sequence[Any]) -> list[int | float]:
        """Check that a function is exported and takes these arguments.

        Raises:
            CallError: saying what does not fit.
        """
        return check_arguments(name, self._program.func_type(name), args)

    def call(self, name: str, args: Sequence[Any]) -> Any:
        """Call an exported function.

        Returns:
            Nothing, a number, or a tuple of numbers; integers are signed.

        Raises:
            TrapError: if it trapped.
            DeadlineError: if it ran out of its time.
            LimitError: if it ran out of its memory.
            CallError: if it cannot be called like this.
        """
        return self.invoke(name, self.prepare(name, args))

    def invoke(self, name: str, arguments: Sequence[int | float]) -> Any:
        """As :meth:`call`, with arguments that :meth:`prepare` gave."""
        func = self._exports[name]
        assert isinstance(func, wasmtime.Func)
        self._store.set_epoch_deadline(self._ticks)
        try:
            with self._clock:
                result = func(self._store, *arguments)
        except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
            self._raise(f"{name}()", error)
        return tuple(result) if isinstance(result, list) else result

    def read(self, regions: Sequence[Region]) -> list[bytes]:
        """The bytes of each region.

        Raises:
            StateBoundsError: if a region is not there, or not to be reached from outside.
        """
        return [self._read(region) for region in regions]

    def _read(self, region: Region) -> bytes:
        if region.kind is RegionKind.GLOBAL:
            item, valtype = self._global(region)
            return pack(valtype, item.value(self._store))
        return ctypes.string_at(self._address(region), region.length)

    def write(self, regions: Sequence[Region], contents: Sequence[bytes]) -> None:
        """Give each region its bytes. Raises as :meth:`read`."""
        for region, content in zip(regions, contents, strict=True):
            if region.kind is RegionKind.GLOBAL:
                item, valtype = self._global(region)
                item.set_value(self._store, unpack(valtype, content))
            else:
                ctypes.memmove(self._address(region), content, region.length)

    def _global(self, region: Region) -> tuple[wasmtime.Global, str]:
        found = self._globals.get(region.index)
        if found is None:
            raise StateBoundsError(f"global {region.index} is not exported, S cannot be read")
        type_ = self._program.spaces.globals[region.index].type
        if not type_.mut or region.length != SIZES.get(str(type_.valtype)):
            kind = "mutable" if type_.mut else "constant"
            raise StateBoundsError(
                f"global {region.index} is a {kind} {type_.valtype}, "
                f"it cannot hold {region.length} bytes of S"
            )
        return found, str(type_.valtype)

    def _address(self, region: Region) -> int:
        """Where a region begins in this process, for now: memory moves when it grows."""
        memory = self._memories.get(region.index)
        if memory is None:
            raise StateBoundsError(f"memory {region.index} is not exported, S cannot be read")
        size = memory.data_len(self._store)
        if region.end > size:
            raise StateBoundsError(f"S ends at address {region.end}, the memory has {size} bytes")
        return ctypes.addressof(memory.data_ptr(self._store).contents) + region.address

    def _raise(self, what: str, error: Exception) -> NoReturn:
        raise _translated(what, error, self._program.limits) from error


def _translated(what: str, error: Exception, limits: Limits) -> WasmstateError:
    if not isinstance(error, wasmtime.Trap):
        reason = _one_line(error)
        if "exceeds memory limits" in reason or "exceeds table limits" in reason:
            return LimitError(f"{what}: {reason} (allowed are {limits.memory} bytes)")
        return CallError(f"{what}: {reason}")
    if error.trap_code is wasmtime.TrapCode.INTERRUPT:
        return DeadlineError(f"{what} was ended: it ran longer than {limits.seconds} s")
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


def _one_line(error: Exception) -> str:
    # Where there are several causes, wasmtime numbers them.
    lines = [re.sub(r"^\s*(\d+: )?", "", line).rstrip() for line in str(error).splitlines()]
    return ": ".join(line.removesuffix(":") for line in lines if line not in ("", "Caused by:"))
