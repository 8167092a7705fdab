"""Entry points as the schema describes them: arrays into their buffers, bounds held, then the call.

Whatever is wrong with an argument is said before the function is called.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wasmstate.errors import ArgumentError, CallError, SchemaError, StateBoundsError
from wasmstate.runtime import unchecked_call
from wasmstate.runtime.instance import Instance
from wasmstate.runtime.values import check_number, whole_numbers
from wasmstate.state.bounds import parse_bound
from wasmstate.state.bounds_fast_path import STRUCT_FORMATS, quick_limits, quick_look
from wasmstate.state.buffers import address_type, allocator, check_types, find_buffers
from wasmstate.state.record import Region, RegionKind
from wasmstate.state.signature import Param, Signature, completed
from wasmstate.state.tensor import DTYPES, Tensor

_TYPES: dict[str, tuple[tuple[type, ...], float]] = {
    "f64": ((float, int), math.inf),
    "i32": ((int,), (1 << 31) - 1),
    "i64": ((int,), (1 << 63) - 1),
}
"""The types of Python that arrive exactly, and their largest value."""

_MISFITS = (struct.error, TypeError, ValueError, OverflowError)


def entry_point(
    instance: Instance, name: str, signature: Signature | None, regions: Sequence[Region]
) -> unchecked_call.Prepared:
    """An exported function, prepared to be called as its signature says.

    Args:
        instance: that has it.
        name: of the export.
        signature: the schema's, if it has one.
        regions: of S, which no buffer may touch.

    Returns:
        What takes a sequence: for each number a number, for each array what ``numpy.asarray``
        takes. It raises :class:`ArgumentError` before the call, and in it as :meth:`Instance.call`.

    Raises:
        SchemaError: if the function or the module is not what the signature says.
        StateBoundsError: if a buffer does not lie in the memory.
        CallError: if there is no such function.
    """
    if signature is None:
        return instance.function(name)
    instance.program.func_type(name)
    spaces = instance.program.spaces
    check_types(spaces, name, signature)
    native = instance.function(name, [param.name for param in signature.params])
    if signature.is_plain:
        return native
    numbers = [
        (i, *Number(name, param).quick_check)
        for i, param in enumerate(signature.params)
        if param.bounds and not param.is_array
    ]
    placed, free = [], []
    for buffer in find_buffers(spaces, name, signature, regions):
        array = Array(name, buffer.param)
        if buffer.address is None:
            free.append((buffer.index, array))
        else:
            span = instance.span(buffer.address, buffer.param.nbytes)
            placed.append((buffer.index, array.filler(span)))
    allocation = Allocation(instance, name, regions) if free else None
    params, count = signature.params, len(signature.params)
    has_defaults = len(signature.required) < count

    def call(args: Sequence[Any]) -> Any:
        if has_defaults:
            args = completed(params, args)
        if len(args) != count:
            raise ArgumentError(
                f"{name}{signature} takes {count} argument{'s' * (count != 1)}, {len(args)} given"
            )
        values = list(args)
        for i, types, low, high, check in numbers:
            value = args[i]
            if type(value) not in types or not low <= value <= high:
                check(value)
        for i, fill in placed:
            values[i] = fill(args[i])
        if allocation is None:
            return native(values)
        contents = [array.encode(args[i]) for i, array in free]
        addresses = allocation.take(contents)
        for (i, _), address in zip(free, addresses, strict=True):
            values[i] = address
        result = native(values)
        allocation.give_back(addresses)
        return result

    return call


class Number:
    """A number with bounds."""

    def __init__(self, name: str, param: Param) -> None:
        self._what = f"{name}, argument {param.name}"
        self._param = param
        self._look = quick_look(param.bounds, param.dtype)
        self._pack = struct.Struct(f"<{STRUCT_FORMATS[param.dtype]}").pack

    @property
    def quick_check(self) -> tuple[tuple[type, ...], float, float, Callable[[Any], None]]:
        """Types and limits of the values that need no :meth:`check`; and it, for all others."""
        limits = quick_limits(self._param.bounds, self._param.dtype)
        if limits is None or self._param.dtype not in _TYPES:
            return (), 0, 0, self.check
        types, most = _TYPES[self._param.dtype]
        return types, max(limits[0], -most - 1), min(limits[1], most), self.check

    def check(self, value: Any) -> None:
        """Check one value.

        Raises:
            ArgumentError: for another value, or a broken bound.
        """
        try:
            # As it will arrive: a bound may hold for a double, and not for the f32 it becomes.
            if self._look is not None and self._look(self._pack(value)):
                return
        except _MISFITS:
            pass  # given unsigned, or no number at all
        number = check_number(self._what, self._param.type, value)
        array = np.asarray(number, DTYPES[self._param.dtype])
        check_bounds(self._what, self._param, array)


class Array:
    """An array as an argument."""

    def __init__(self, name: str, param: Param) -> None:
        self._what = f"{name}, argument {param.name}"
        self._param = param
        self._dtype = DTYPES[param.dtype]
        self._shape = param.shape
        self._tensor = Tensor(self._what, param.dtype, param.shape, 0, 0)
        count = param.nbytes // self._dtype.itemsize
        self._look = quick_look(param.bounds, param.dtype, count)
        self._struct = struct.Struct(f"<{count}{STRUCT_FORMATS[param.dtype]}")

    def filler(self, span: unchecked_call.Span) -> Callable[[Any], int]:
        """What copies the elements into a buffer, and gives its address. Raises as :meth:`encode`.

        Lists and arrays that are what is wanted already are copied as they are.
        """
        address, dtype, shape, encoded = span.address, self._dtype, self._shape, self._encoded
        pack_into, is_flat = self._struct.pack_into, len(shape) == 1
        look, check = self._look, self._check if self._param.bounds else None

        def fill(value: Any) -> int:
            kind = type(value)
            if is_flat and (kind is list or kind is tuple):
                try:
                    pack_into(span.view, 0, *value)
                except _MISFITS:
                    span.view[:] = encoded(value)
            elif kind is np.ndarray and value.dtype is dtype and value.shape == shape:
                span.view[:] = value.tobytes()
            else:
                span.view[:] = encoded(value)
            if check is not None and not (look is not None and look(span.view)):
                check(span.view)
            return address

        return fill

    def encode(self, value: Any) -> bytes:
        """The bytes of the elements.

        Raises:
            ArgumentError: if they are not of the type and shape, or break a bound.
        """
        content = self._encoded(value)
        if self._param.bounds and not (self._look is not None and self._look(content)):
            self._check(content)
        return content

    def _encoded(self, value: Any) -> bytes:
        if self._dtype.kind in "iu":
            value = whole_numbers(value)
        try:
            return self._tensor.encode(value)
        except (SchemaError, StateBoundsError) as error:
            raise ArgumentError(str(error)) from error

    def _check(self, content: bytes | memoryview) -> None:
        array = np.frombuffer(bytes(content), self._dtype).reshape(self._shape)
        check_bounds(self._what, self._param, array)


def check_bounds(what: str, param: Param, array: np.ndarray[Any, Any]) -> None:
    """Check a value against its bounds.

    Raises:
        ArgumentError: naming the element.
    """
    for bound in param.bounds:
        wrong = parse_bound(bound)(array)
        if wrong is not None:
            raise ArgumentError(f"{what}{wrong}")


class Allocation:
    """Buffers that the module's own allocator gives, for one call each.

    They are given back after the call: what an allocator keeps of a buffer would make another
    state of the module than the one that it has between two calls elsewhere.
    """

    def __init__(self, instance: Instance, name: str, regions: Sequence[Region]) -> None:
        spaces = instance.program.spaces
        names = allocator(spaces)
        assert names is not None  # find_buffers has looked
        self._what, self._malloc_name = name, names[0]
        self._malloc, self._free = map(instance.function, names)
        self._wrap = 1 << int(address_type(spaces)[1:])
        self._instance = instance
        self._state = [
            (region.address, region.end, "S")
            for region in regions
            if region.kind is RegionKind.MEMORY and region.index == 0
        ]

    def take(self, contents: Sequence[bytes]) -> list[int]:
        """Give each of these bytes a buffer.

        Returns:
            Their addresses.

        Raises:
            CallError: if the allocator gives nothing, or what cannot be.
        """
        addresses: list[int] = []
        taken = list(self._state)
        for content in contents:
            size = len(content)
            address = self._malloc((size,)) % self._wrap
            what = f"{self._what}: the module's {self._malloc_name}({size}) gave {address}"
            available = self._instance.memory_size
            if not address:
                raise CallError(f"{what}: it has no memory left")
            if address + size > available:
                raise CallError(f"{what}, but the memory has {available} bytes")
            for start, end, owner in taken:
                if start < address + size and address < end:
                    raise CallError(f"{what}, which is inside {owner}")
            taken.append((address, address + size, "another buffer"))
            addresses.append(address)
        # Only now: an allocator may write to what it gave before.
        for address, content in zip(addresses, contents, strict=True):
            self._instance.span(address, len(content)).write(content)
        return addresses

    def give_back(self, addresses: Sequence[int]) -> None:
        """Free the buffers, the last one first. Raises as a call."""
        for address in reversed(addresses):
            self._free((address,))
