"""Bounds, checked in a microsecond: a quick look that tells *surely well* from *look closer*.

NumPy needs microseconds for each comparison of the few numbers that a small model has. So a bound
is compiled to sums, minima and maxima of plain Python numbers. Whatever does not pass is looked at
by :mod:`wasmstate.state.bounds`, which says what is wrong, or that nothing is: the quick look may
only err on the side of looking closer.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from math import ceil, floor, inf, isfinite, isnan
from typing import Any

import numpy as np

from wasmstate.state.bounds import parse_bound
from wasmstate.state.tensor import DTYPES, Tensor

Content = bytes | memoryview

Look = Callable[[Content], bool]
"""Whether the numbers in these bytes surely fulfil what is compiled into it."""

STRUCT_FORMATS = {
    "i8": "b", "u8": "B", "i16": "h", "u16": "H", "i32": "i", "u32": "I", "i64": "q", "u64": "Q",
    "f16": "e", "f32": "f", "f64": "d",
}  # fmt: skip
"""How :mod:`struct` writes the element types."""

FEW = 256
"""Elements up to which plain Python is quicker than NumPy."""

_EXACT = 1 << 53
"""Integers below it are exact as floats."""

_COMPARISON = re.compile(r"(>=|<=|>|<)\s*(.*)")


def quick_look(bounds: Sequence[str], dtype: str, count: int = 1, offset: int = 0) -> Look | None:
    """The quick look for bounds of so many numbers of one element type.

    Args:
        bounds: as tensors have them.
        dtype: a key of :data:`wasmstate.state.tensor.DTYPES`.
        count: of the numbers that will be given.
        offset: where they begin in the bytes that will be given.

    Returns:
        ``None`` if there is none for such bounds.
    """
    if not bounds:
        return lambda _: True
    limits = _limits(bounds, dtype)
    if limits is None:
        return None
    low, high, is_finite = limits
    unpack = struct.Struct(f"<{count}{STRUCT_FORMATS[dtype]}").unpack_from
    if count == 1:
        return lambda content: low <= unpack(content, offset)[0] <= high  # false for a NaN
    if is_finite:
        # A NaN makes the sum one, wherever it stands; min() and max() may pass over it.
        return lambda content: isfinite(sum(unpack(content, offset)))

    def look(content: Content) -> bool:
        numbers = unpack(content, offset)
        return low <= min(numbers) and max(numbers) <= high and not isnan(sum(numbers))

    return look


def _limits(bounds: Sequence[str], dtype: str) -> tuple[float, float, bool] | None:
    """What fulfils all bounds: from least to greatest; whether they only ask for finite floats."""
    type_ = DTYPES[dtype]
    is_float = type_.kind == "f"
    low, high = -inf, inf
    for bound in bounds:
        match = _COMPARISON.fullmatch(bound)
        if match is not None:
            limit: Any = float(match[2])
            if is_float:
                with np.errstate(over="ignore"):  # as in the comparison itself
                    limit = type_.type(limit)
                if len(match[1]) == 1:
                    limit = np.nextafter(limit, type_.type(inf if match[1] == ">" else -inf))
            elif abs(limit) >= _EXACT:
                return None  # NumPy compares integers as floats, and rounds those
            elif match[1][0] == ">":
                limit = floor(limit) + 1 if match[1] == ">" else ceil(limit)
            else:
                limit = ceil(limit) - 1 if match[1] == "<" else floor(limit)
            if match[1][0] == ">":
                low = max(low, float(limit))
            else:
                high = min(high, float(limit))
        elif bound != "finite":
            return None
        elif is_float:
            most = float(np.finfo(type_).max)
            low, high = max(low, -most), min(high, most)
    return low, high, is_float and set(bounds) == {"finite"}


class BoundsCheck:
    """The bounds of all tensors of a state, compiled.

    Tensors of a few elements get a quick look each time. A large one is checked only if its bytes
    differ from those that passed last.
    """

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self._passed: Sequence[bytes] | None = None
        self._large: list[Tensor] = []
        self._quick: list[tuple[int, Look]] = []
        self._bounded = [tensor for tensor in tensors if tensor.bounds]
        # Numbers that stand side by side and have the same bounds are looked at together.
        for group in _groups(self._bounded):
            first = group[0]
            count = sum(tensor.nbytes for tensor in group) // DTYPES[first.dtype].itemsize
            look = quick_look(first.bounds, first.dtype, count, first.offset)
            if look is None or count > FEW:
                self._large += group
            else:
                self._quick.append((first.region, look))

    def broken(self, contents: Sequence[bytes]) -> list[tuple[str, str]]:
        """As :meth:`wasmstate.state.schema.Schema.broken_bounds`.

        Args:
            contents: of the regions; not to be changed afterwards.
        """
        for region, look in self._quick:
            if not look(contents[region]):
                break
        else:
            if not self._large or self._large_pass(contents):
                self._passed = contents
                return []
        found = broken(self._bounded, contents)
        self._passed = None if found else contents
        return found

    def _large_pass(self, contents: Sequence[bytes]) -> bool:
        return not broken(
            [each for each in self._large if self._passed is None or self._differs(each, contents)],
            contents,
        )

    def _differs(self, tensor: Tensor, contents: Sequence[bytes]) -> bool:
        assert self._passed is not None
        before, after = self._passed[tensor.region], contents[tensor.region]
        part = slice(tensor.offset, tensor.offset + tensor.nbytes)
        return before is not after and before[part] != after[part]


def _groups(tensors: Sequence[Tensor]) -> list[list[Tensor]]:
    groups: list[list[Tensor]] = []
    for tensor in sorted(tensors, key=lambda each: (each.region, each.offset)):
        if groups and _goes_on(groups[-1][-1], tensor):
            groups[-1].append(tensor)
        else:
            groups.append([tensor])
    return groups


def _goes_on(last: Tensor, tensor: Tensor) -> bool:
    follows = (last.region, last.offset + last.nbytes) == (tensor.region, tensor.offset)
    return follows and (last.dtype, last.bounds) == (tensor.dtype, tensor.bounds)


def broken(tensors: Sequence[Tensor], contents: Sequence[bytes]) -> list[tuple[str, str]]:
    """For each bound that the bytes of the regions break: the tensor, and what is wrong."""
    found = []
    for tensor in tensors:
        for bound in tensor.bounds:
            wrong = parse_bound(bound)(tensor.read(contents[tensor.region]))
            if wrong is not None:
                found.append((tensor.name, wrong))
    return found
