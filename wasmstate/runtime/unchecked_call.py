"""The way into wasmtime: its C API past its Python layer, or that layer where the C API differs.

wasmtime's Python API reads a function's type again for each call and makes an object of each value:
some 20 µs, where a small model's own work takes less than one. So a call is prepared once: its
types are checked, its values get a buffer of 16 bytes each, and what remains is one C call,
``wasmtime_func_call_unchecked``. *Unchecked* means that whatever is wrong with arguments would be
wrong in memory; hence every value is packed by its type, or refused.

The C functions are found by private names of the Python package (:data:`_NAMES`). If one is missing
or looks different, :class:`Link` does the same by the public API. Only the bits of an ``f32`` that
is a signalling NaN get lost there: Python has no such number.

ctypes is spoken in this file alone. Pointers into linear memory live in a :class:`Span`, which
keeps the store alive; :meth:`LinearMemory.settle` has to be called after whatever may have let the
memory grow.

Source: wasmtime's C API, func.h, val.h, memory.h, global.h.
"""

from __future__ import annotations

import ctypes
import struct
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np
import wasmtime

try:
    from wasmtime import _bindings, _ffi, _func
except ImportError:  # the public API has to do
    _bindings = _ffi = _func = None  # type: ignore[assignment]

FORMATS = {"i32": "i", "i64": "q", "f32": "f", "f64": "d"}
"""How :mod:`struct` writes each numeric type."""

SIZES = {type_: struct.calcsize(f"<{format_}") for type_, format_ in FORMATS.items()}
"""Sizes of the numeric types, in bytes."""

Check = Callable[[Sequence[Any]], Sequence[Any]]
"""Gives the values as a call takes them, or raises what is wrong with them."""

Prepared = Callable[[Sequence[Any]], Any]
"""Calls a function with the values in a sequence: one argument costs less than a varying count."""

_SLOT = 16
"""Bytes of a raw value: ``wasmtime_val_raw_t``."""

_OF = 8
"""Where the value begins in a ``wasmtime_val_t``, behind its kind."""

_MISFITS = (struct.error, TypeError, ValueError, OverflowError)

_NAMES = {
    "wasmtime_func_call_unchecked": 5,
    "wasmtime_context_set_epoch_deadline": 2,
    "wasmtime_context_set_fuel": 2,
    "wasmtime_memory_data": 2,
    "wasmtime_global_get": 3,
    "wasmtime_global_set": 3,
}
"""Each C function, and how many arguments it must take."""


def _look_as_expected() -> bool:
    """Whether the private names are there, and what they were when this file was written."""
    try:
        return (
            all(len(getattr(_bindings, f"_{n}").argtypes) == args for n, args in _NAMES.items())
            and ctypes.sizeof(_bindings.wasmtime_val_raw_t) == _SLOT
            and ctypes.sizeof(_bindings.wasmtime_func_t) == 16
            and _bindings.wasmtime_val_t.of.offset == _OF
            and all(hasattr(_ffi, f"WASMTIME_{type_.upper()}") for type_ in FORMATS)
            and all(
                hasattr(owner, name)
                for owner, name in (
                    (wasmtime.Store, "_context"),
                    (wasmtime.Trap, "_from_ptr"),
                    (wasmtime.WasmtimeError, "_from_ptr"),
                    (_func, "maybe_raise_last_exn"),
                )
            )
        )
    except AttributeError:
        return False


class Link:
    """What an instance asks of its store, by wasmtime's public API."""

    def __init__(self, store: wasmtime.Store) -> None:
        self.store = store

    def set_deadline(self, ticks: int) -> None:
        """End what runs so many epochs from now."""
        self.store.set_epoch_deadline(ticks)

    def set_fuel(self, fuel: int) -> None:
        """Give the store so much, whatever it had."""
        self.store.set_fuel(fuel)

    def function(
        self, func: wasmtime.Func, params: Sequence[str], results: Sequence[str], check: Check
    ) -> Prepared:
        """A prepared call.

        Args:
            func: of this store.
            params: its types, numeric ones.
            results: its types, numeric ones.
            check: for values that do not fit as they are.

        Returns:
            What takes a sequence of as many numbers and gives nothing, one, or a tuple; it raises
            what ``check`` raises, :class:`wasmtime.Trap` and :class:`wasmtime.WasmtimeError`.

        Raises:
            TypeError: if the function has other types.
        """
        _check_types(self.store, func, params, results)
        store = self.store

        def call(values: Sequence[Any]) -> Any:
            numbers = (float(v) if type(v) is np.float32 else v for v in check(values))
            given = func(store, *numbers)
            return tuple(given) if isinstance(given, list) else given

        return call

    def memory(self, memory: wasmtime.Memory, *, grows: bool) -> LinearMemory:
        """An exported memory; ``grows`` if its type lets it."""
        store = self.store
        return LinearMemory(
            store,
            lambda: ctypes.cast(memory.data_ptr(store), ctypes.c_void_p).value or 0,
            lambda: memory.data_len(store),
            grows=grows,
        )

    def cell(self, item: wasmtime.Global, type_: str) -> Cell:
        """An exported global of a numeric type."""
        return Cell(self.store, item, type_)


class FastLink(Link):
    """The same, by C functions that are given plain integers."""

    def __init__(self, store: wasmtime.Store) -> None:
        super().__init__(store)
        self._context = _address(store._context())

    def set_deadline(self, ticks: int) -> None:
        _set_deadline(self._context, ticks)

    def set_fuel(self, fuel: int) -> None:
        error = _set_fuel(self._context, fuel)
        if error:
            raise _error(error)

    def function(
        self, func: wasmtime.Func, params: Sequence[str], results: Sequence[str], check: Check
    ) -> Prepared:
        _check_types(self.store, func, params, results)
        slots = max(len(params), len(results))
        raw: Any = (ctypes.c_char * (_SLOT * max(slots, 1)))()
        trap_pointer = (ctypes.c_uint64 * 1)()
        trap = memoryview(trap_pointer).cast("B").cast("Q")  # quicker than the attribute
        pack_into = _slots(params).pack_into
        unpack_from = _slots(results).unpack_from
        context, native = self._context, _call_unchecked
        func_address, raw_address = ctypes.addressof(func._func), ctypes.addressof(raw)
        trap_address = ctypes.addressof(trap_pointer)
        singles = [i for i, param in enumerate(params) if param == "f32"]
        is_one, is_none = len(results) == 1, not results

        def call(values: Sequence[Any]) -> Any:
            try:
                pack_into(raw, 0, *values)
            except _MISFITS:
                values = check(values)
                pack_into(raw, 0, *values)
            for i in singles:
                if type(values[i]) is np.float32:  # a double has no room for a signalling NaN
                    raw[_SLOT * i : _SLOT * i + 4] = values[i].tobytes()
            error = native(context, func_address, raw_address, slots, trap_address)
            if error or trap[0]:
                fail(error)
            if is_none:
                return None
            return unpack_from(raw)[0] if is_one else unpack_from(raw)

        def fail(error: int | None, _kept: object = (self.store, func)) -> NoReturn:
            # What is kept must not go while its address is in use.
            caught, trap[0] = trap[0], 0
            raised = _error(error) if error else _trap(caught)
            _func.maybe_raise_last_exn()  # what an imported function in Python raised
            raise raised

        return call

    def memory(self, memory: wasmtime.Memory, *, grows: bool) -> LinearMemory:
        context, store, address = self._context, self.store, ctypes.addressof(memory._memory)
        return LinearMemory(
            store,
            lambda: _memory_data(context, address) or 0,
            lambda: memory.data_len(store),
            grows=grows,
        )

    def cell(self, item: wasmtime.Global, type_: str) -> Cell:
        return _FastCell(self.store, item, type_)


class Cell:
    """A global: its bytes, little endian."""

    def __init__(self, store: wasmtime.Store, item: wasmtime.Global, type_: str) -> None:
        self._store = store
        self._item = item
        self._packer = struct.Struct(f"<{FORMATS[type_]}")

    def read(self) -> bytes:
        """A copy of its bytes."""
        return self._packer.pack(self._item.value(self._store))

    def write(self, content: bytes) -> None:
        """Give it other bytes, as many."""
        self._item.set_value(self._store, self._packer.unpack(content)[0])


class _FastCell(Cell):
    """The same, bit by bit."""

    def __init__(self, store: wasmtime.Store, item: wasmtime.Global, type_: str) -> None:
        super().__init__(store, item, type_)
        self._kind = bytes([getattr(_ffi, f"WASMTIME_{type_.upper()}").value, *bytes(_OF - 1)])
        self._end = _OF + SIZES[type_]
        self._value = (ctypes.c_char * ctypes.sizeof(_bindings.wasmtime_val_t))()
        context, address = _address(store._context()), ctypes.addressof(item._global)
        self._arguments = context, address, ctypes.addressof(self._value)

    def read(self) -> bytes:
        _global_get(*self._arguments)
        return self._value.raw[_OF : self._end]

    def write(self, content: bytes) -> None:
        self._value.raw = self._kind + content
        error = _global_set(*self._arguments)
        if error:
            raise _error(error)


class Span:
    """A range of linear memory, for as long as its memory is asked to settle after calls.

    Attributes:
        address: of the first byte, in linear memory.
        view: its bytes, to be written to; another object after the memory moved.
        read: gives a copy of its bytes.
    """

    view: memoryview
    read: Callable[[], bytes]

    def __init__(self, memory: LinearMemory, address: int, length: int) -> None:
        self.memory = memory
        self.address = address
        self.length = length
        self.bind()

    def bind(self) -> None:
        """Point to where the memory is now."""
        place = self.memory.base + self.address
        self.view = memoryview((ctypes.c_char * self.length).from_address(place)).cast("B")
        self.read = self.view.tobytes

    def write(self, content: bytes) -> None:
        """Give it other bytes, as many."""
        self.view[:] = content


class LinearMemory:
    """An exported memory.

    Attributes:
        base: where it begins in this process, for now.
    """

    def __init__(
        self,
        store: wasmtime.Store,
        data: Callable[[], int],
        size: Callable[[], int],
        *,
        grows: bool,
    ) -> None:
        self._store = store  # the memory lives as long as it does
        self._data = data
        self._spans: weakref.WeakSet[Span] = weakref.WeakSet()
        self.size = size
        self.grows = grows
        self.base = data()

    def span(self, address: int, length: int) -> Span:
        """A range that must lie inside; ask :attr:`size` first."""
        self.settle()
        span = Span(self, address, length)
        self._spans.add(span)
        return span

    def settle(self) -> None:
        """Find the spans again if the memory has moved, as it may when it grows."""
        if not self.grows:
            return
        base = self._data()
        if base != self.base:
            self.base = base
            for span in self._spans:
                span.bind()


def _check_types(
    store: wasmtime.Store, func: wasmtime.Func, params: Sequence[str], results: Sequence[str]
) -> None:
    type_ = func.type(store)
    found = [str(each) for each in type_.params], [str(each) for each in type_.results]
    if found != (list(params), list(results)) or not {*params, *results} <= set(FORMATS):
        raise TypeError(f"the function is {found}, not {(list(params), list(results))}")


def _slots(types: Sequence[str]) -> struct.Struct:
    """Each value at the start of its slot, zeros behind it."""
    return struct.Struct(
        "<" + "".join(f"{FORMATS[type_]}{_SLOT - SIZES[type_]}x" for type_ in types)
    )


def _address(pointer: Any) -> int:
    return ctypes.cast(pointer, ctypes.c_void_p).value or 0


def _error(address: int) -> wasmtime.WasmtimeError:
    """The error at an address; it is freed with the object."""
    pointer = ctypes.cast(address, ctypes.POINTER(_bindings.wasmtime_error_t))
    return wasmtime.WasmtimeError._from_ptr(pointer)


def _trap(address: int) -> wasmtime.Trap:
    """The trap at an address; it is freed with the object."""
    return wasmtime.Trap._from_ptr(ctypes.cast(address, ctypes.POINTER(_bindings.wasm_trap_t)))


def _prototype(name: str, result: Any, *arguments: Any) -> Any:
    """A C function, its pointers as plain integers; the interpreter's lock is free meanwhile."""
    return ctypes.CFUNCTYPE(result, *arguments)((name, _ffi.dll))


_IS_FAST = _look_as_expected()
if _IS_FAST:
    _P, _U64 = ctypes.c_void_p, ctypes.c_uint64
    _call_unchecked = _prototype(
        "wasmtime_func_call_unchecked", _P, _P, _P, _P, ctypes.c_size_t, _P
    )
    _set_deadline = _prototype("wasmtime_context_set_epoch_deadline", None, _P, _U64)
    _set_fuel = _prototype("wasmtime_context_set_fuel", _P, _P, _U64)
    _memory_data = _prototype("wasmtime_memory_data", _P, _P, _P)
    _global_get = _prototype("wasmtime_global_get", None, _P, _P, _P)
    _global_set = _prototype("wasmtime_global_set", _P, _P, _P, _P)


def link(store: wasmtime.Store) -> Link:
    """The fastest way into a store that there is."""
    return FastLink(store) if _IS_FAST else Link(store)


@contextmanager
def public_calls() -> Iterator[None]:
    """Instances made in this context use the public API only: for tests of both ways."""
    global _IS_FAST  # noqa: PLW0603
    before, _IS_FAST = _IS_FAST, False
    try:
        yield
    finally:
        _IS_FAST = before
