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
from math import isfinite, isnan
from typing import Any

import numpy as np

from wasmstate.state.bounds import parse_bound
from wasmstate.state.tensor import DTYPES, Tensor

Look = Callable[[Sequence[Any]], bool]
"""Whether numbers of one element type surely fulfil what is compiled into it."""

STRUCT_FORMATS = {
    "i8": "b", "u8": "B", "i16": "h", "u16": "H", "i32": "i", "u32": "I", "i64": "q", "u64": "Q",
    "f16": "e", "f32": "f", "f64": "d",
}  # fmt: skip
"""How :mod:`struct` writes the element types."""

FEW = 256
"""Elements up to which plain Python is quicker than NumPy."""

_COMPARISON = re.compile(r"(>=|<=|>|<)\s*(.*)")


def quick_look(bounds: Sequence[str], dtype: str) -> Look | None:
    """The quick look for bounds of an element type; ``None`` if there is none."""
    is_float = DTYPES[dtype].kind == "f"
    limits: dict[str, float] = {}
    for bound in bounds:
        match = _COMPARISON.fullmatch(bound)
        if match is None and bound != "finite":
            return None
        if match is not None:
            # As in the comparison itself, the limit becomes a number of the values' type.
            with np.errstate(over="ignore"):
                limit = float(DTYPES[dtype].type(match[2]) if is_float else float(match[2]))
            sign, tighter = match[1], max if match[1][0] == ">" else min
            limits[sign] = tighter(limit, limits.get(sign, limit))
    # A NaN makes the sum one, wherever it stands; min() and max() may pass over it.
    whole = (_is_finite if "finite" in bounds else _has_no_nan) if is_float else None
    looks = [*([whole] if whole and bounds else []), *(_compared(*each) for each in limits.items())]
    if len(looks) == 1:
        return looks[0]
    return lambda numbers: all(look(numbers) for look in looks)


def _is_finite(numbers: Sequence[Any]) -> bool:
    return isfinite(sum(numbers))


def _has_no_nan(numbers: Sequence[Any]) -> bool:
    return not isnan(sum(numbers))


def _compared(sign: str, limit: float) -> Look:
    # Integers are compared as floats, as NumPy does it.
    return {
        ">=": lambda numbers: float(min(numbers)) >= limit,
        ">": lambda numbers: float(min(numbers)) > limit,
        "<=": lambda numbers: float(max(numbers)) <= limit,
        "<": lambda numbers: float(max(numbers)) < limit,
    }[sign]


class BoundsCheck:
    """The bounds of all tensors of a state, compiled.

    Tensors of a few elements get a quick look each time. A large one is checked only if its bytes
    differ from those that passed last.
    """

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self._passed: Sequence[bytes] | None = None
        self._large: list[Tensor] = []
        self._quick: list[tuple[int, int, Callable[..., Any], Look]] = []
        self._bounded = [tensor for tensor in tensors if tensor.bounds]
        # Numbers that stand side by side and have the same bounds are looked at together.
        for group in _groups(self._bounded):
            look = quick_look(group[0].bounds, group[0].dtype)
            count = sum(tensor.nbytes for tensor in group) // DTYPES[group[0].dtype].itemsize
            if look is None or count > FEW:
                self._large += group
                continue
            unpack = struct.Struct(f"<{count}{STRUCT_FORMATS[group[0].dtype]}").unpack_from
            self._quick.append((group[0].region, group[0].offset, unpack, look))

    def broken(self, contents: Sequence[bytes]) -> list[tuple[str, str]]:
        """As :meth:`wasmstate.state.schema.Schema.broken_bounds`.

        Args:
            contents: of the regions; not to be changed afterwards.
        """
        for region, offset, unpack, look in self._quick:
            if not look(unpack(contents[region], offset)):
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
