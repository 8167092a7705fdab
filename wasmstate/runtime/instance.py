"""A running instance: its functions called, S in its memory and globals read and written."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import wasmtime

from wasmstate.errors import CallError, StateBoundsError
from wasmstate.runtime import unchecked_call
from wasmstate.runtime.clock import MOVING, Clock
from wasmstate.runtime.failures import translated
from wasmstate.runtime.limits import Limits
from wasmstate.runtime.program import Program
from wasmstate.runtime.shares import memory_share, table_share
from wasmstate.runtime.values import check_arguments
from wasmstate.runtime.whole_memory import Whole
from wasmstate.state.record import Region, RegionKind

_NAMESPACE = "model"  # any name: the linker holds one instance

_TABLE_ELEMENT = 8  # bytes that an element of a table takes of this process

Place = unchecked_call.Span | unchecked_call.Cell | Whole
"""Where a region is in an instance: it can be read and written."""


class _Gate:
    """What every call goes through: one at a time, with its deadline and fuel.

    It is no part of the instance: calls that knew the instance that keeps them would keep its
    memory alive until the garbage collector comes by.
    """

    def __init__(self, link: unchecked_call.Link, limits: Limits, clock: Clock) -> None:
        self._link = link
        self._clock = clock
        self._ticks = clock.ticks(limits.seconds)
        self._fuel = limits.fuel
        self._armed = MOVING
        self._is_busy = False
        self.growing: tuple[unchecked_call.LinearMemory, ...] = ()

    def enter(self) -> None:
        if self._is_busy:
            raise CallError("the instance is busy with another call")
        self._is_busy = True
        clock = self._clock
        clock.calls.append(None)
        if clock.rests:
            clock.wake()
        epoch = clock.epoch
        if epoch != self._armed or epoch == MOVING:
            self._link.set_deadline(self._ticks)
            self._armed = epoch
        if self._fuel is not None:
            self._link.set_fuel(self._fuel)

    def leave(self) -> None:
        self._clock.was_called = True
        self._clock.calls.pop()
        self._is_busy = False
        for memory in self.growing:
            memory.settle()


class Instance:
    """An instance: its memory, its globals, its functions. One thread at a time may use it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._limits = program.limits
        self._calls: dict[str, unchecked_call.Prepared] = {}
        self._store = wasmtime.Store(program.engine)
        self._link = unchecked_call.link(self._store)
        if self._limits.memory is not None:
            most = self._limits.memory
            self._store.set_limits(
                memory_size=memory_share(program.spaces, most),
                table_elements=table_share(program.spaces.module, most // _TABLE_ELEMENT),
            )
        self._gate = _Gate(self._link, self._limits, program.clock)
        self._gate.enter()
        try:
            granted = program.externs(self._store)
            instance = wasmtime.Instance(self._store, program.compiled, granted)
        except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
            raise translated("instantiation", error, self._limits) from error
        finally:
            self._gate.leave()
        # wasmtime's own mapping of exports takes time quadratic in their number.
        self._exports = wasmtime.Linker(program.engine)
        self._exports.define_instance(self._store, _NAMESPACE, instance)
        self._memories: dict[int, unchecked_call.LinearMemory] = {}
        self._globals: dict[int, wasmtime.Global] = {}
        for export in program.spaces.exports.values():
            if export.kind == "memory" and export.index not in self._memories:
                item = self._export(export.name)
                assert isinstance(item, wasmtime.Memory)
                limits = program.spaces.memories[export.index].limits
                memory = self._link.memory(item, grows=limits.min != limits.max)
                self._memories[export.index] = memory
            elif export.kind == "global" and export.index not in self._globals:
                item = self._export(export.name)
                assert isinstance(item, wasmtime.Global)
                self._globals[export.index] = item
        self._gate.growing = tuple(each for each in self._memories.values() if each.grows)
        if "_initialize" in program.functions:
            self.call("_initialize", [])

    @property
    def pages(self) -> int:
        """Size of the first exported memory in pages; 0 without one."""
        memory = next(iter(self._memories.values()), None)
        return memory.size() >> 16 if memory is not None else 0

    @property
    def memory_size(self) -> int:
        """Size of memory 0, in bytes.

        Raises:
            StateBoundsError: if it is not exported.
        """
        return self._memory(0).size()

    def span(self, address: int, length: int) -> unchecked_call.Span:
        """Bytes of memory 0, to be read and written often.

        Raises:
            StateBoundsError: if they are not there, or not to be reached from outside.
        """
        return self._span(Region(RegionKind.MEMORY, 0, address, length, 0), "the buffer")

    def prepare(self, name: str, args: Sequence[Any]) -> list[int | float]:
        """Check that a function is exported and takes these arguments.

        Raises:
            CallError: saying what does not fit.
        """
        return check_arguments(name, self.program.func_type(name), args)

    def call(self, name: str, args: Sequence[Any]) -> Any:
        """Call an exported function.

        Returns:
            Nothing, a number, or a tuple of numbers; integers are signed.

        Raises:
            TrapError: if it trapped.
            DeadlineError: if it ran out of its time.
            LimitError: if it ran out of its memory or its fuel.
            CallError: if it cannot be called like this.
        """
        return self.function(name)(args)

    def function(self, name: str, params: Sequence[str] = ()) -> unchecked_call.Prepared:
        """An exported function, prepared: takes a sequence of numbers, and raises as :meth:`call`.

        Args:
            name: of the export.
            params: the names of its parameters, for errors.

        Raises:
            CallError: if there is none of that name.
        """
        if params:
            return self._prepared(name, params)
        call = self._calls.get(name)
        if call is None:
            call = self._calls[name] = self._prepared(name)
        return call

    def _export(self, name: str) -> object:
        return self._exports.get(self._store, _NAMESPACE, name)

    def _prepared(self, name: str, names: Sequence[str] = ()) -> unchecked_call.Prepared:
        func_type = self.program.func_type(name)
        check = partial(check_arguments, name, func_type, names=names)
        params, results = list(map(str, func_type.params)), list(map(str, func_type.results))
        if not {*params, *results} <= set(unchecked_call.FORMATS):
            return check  # which says why it cannot be called
        func = self._export(name)
        assert isinstance(func, wasmtime.Func)
        native = self._link.function(func, params, results, check)
        what, limits, enter, leave = f"{name}()", self._limits, self._gate.enter, self._gate.leave

        def call(args: Sequence[Any]) -> Any:
            enter()
            try:
                return native(args)
            except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
                raise translated(what, error, limits) from error
            finally:
                leave()

        return call

    def read(self, regions: Sequence[Region]) -> list[bytes]:
        """The bytes of each region.

        Raises:
            StateBoundsError: if a region is not there, or not to be reached from outside.
        """
        return [place.read() for place in self.places(regions)]

    def write(self, regions: Sequence[Region], contents: Sequence[bytes]) -> None:
        """Give each region its bytes. Raises as :meth:`read`."""
        for place, content in zip(self.places(regions), contents, strict=True):
            place.write(content)

    def places(self, regions: Sequence[Region]) -> list[Place]:
        """Where the regions are, to be read and written often. Raises as :meth:`read`."""
        return [self._place(region) for region in regions]

    def _place(self, region: Region) -> Place:
        match region.kind:
            case RegionKind.MEMORY:
                return self._span(region)
            case RegionKind.GLOBAL:
                return self._cell(region)
            case RegionKind.WHOLE_MEMORY:
                return self._whole(region)

    def _cell(self, region: Region) -> unchecked_call.Cell:
        found = self._globals.get(region.index)
        if found is None:
            raise StateBoundsError(f"global {region.index} is not exported, S cannot be read")
        type_ = self.program.spaces.globals[region.index].type
        if not type_.mut or region.length != unchecked_call.SIZES.get(str(type_.valtype)):
            kind = "mutable" if type_.mut else "constant"
            raise StateBoundsError(
                f"global {region.index} is a {kind} {type_.valtype}, "
                f"it cannot hold {region.length} bytes of S"
            )
        return self._link.cell(found, str(type_.valtype))

    def _whole(self, region: Region) -> Whole:
        memory = self._memory(region.index)
        spaces = self.program.spaces
        export = next(
            e for e in spaces.exports.values() if (e.kind, e.index) == ("memory", region.index)
        )
        item = self._export(export.name)
        assert isinstance(item, wasmtime.Memory)
        grow = partial(item.grow, self._store)
        return Whole(memory, grow, spaces.memories[region.index].page_size)

    def _span(self, region: Region, what: str = "S") -> unchecked_call.Span:
        memory = self._memory(region.index, what)
        size = memory.size()
        if region.end > size:
            raise StateBoundsError(
                f"{what} ends at address {region.end}, the memory has {size} bytes"
            )
        return memory.span(region.address, region.length)

    def _memory(self, index: int, what: str = "S") -> unchecked_call.LinearMemory:
        if index not in self._memories:
            raise StateBoundsError(f"memory {index} is not exported, {what} cannot be read")
        return self._memories[index]
