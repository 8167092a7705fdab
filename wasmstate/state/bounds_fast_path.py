"""Bounds, checked in a microsecond: a quick look that tells *surely well* from *look closer*.

NumPy needs microseconds for each comparison of the few numbers that a small model has. So a bound
is compiled to sums, minima and maxima of plain Python numbers. Whatever does not pass is looked at
by :mod:`wasmstate.state.bounds`, which says what is wrong, or that nothing is: the quick look may
only err on the side of looking closer.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import ceil, floor, hypot, inf, isfinite, isnan
from typing import Any, NamedTuple

import numpy as np

from wasmstate.state.bounds import Look, no_clock, parse_bound
from wasmstate.state.tensor import DTYPES, Tensor

Content = bytes | memoryview

QuickLook = Callable[[Content], bool]
"""Whether the numbers in these bytes surely fulfil what is compiled into it."""

STRUCT_FORMATS = {
    "i8": "b", "u8": "B", "i16": "h", "u16": "H", "i32": "i", "u32": "I", "i64": "q", "u64": "Q",
    "f16": "e", "f32": "f", "f64": "d",
}  # fmt: skip
"""How :mod:`struct` writes the element types."""

FEW = 256
"""Elements up to which plain Python is quicker than NumPy."""

_PART = 1 << 20
"""Bytes that are compared between two looks at the clock."""

_EXACT = 1 << 53
"""Integers below it are exact as floats."""

_COMPARISON = re.compile(r"(>=|<=|>|<)\s*(.*)")


def quick_look(bounds: Sequence[str], dtype: str, count: int = 1) -> QuickLook | None:
    """The quick look for bounds of so many numbers of one element type.

    Args:
        bounds: as tensors have them.
        dtype: a key of :data:`wasmstate.state.tensor.DTYPES`.
        count: of the numbers that will be given.

    Returns:
        ``None`` if there is none for such bounds.
    """
    if not bounds:
        return lambda _: True
    limits = quick_limits(bounds, dtype)
    if limits is None:
        return None
    low, high, _ = limits
    if count > FEW:
        return partial(_is_within, low=low, high=high, dtype=DTYPES[dtype])
    unpack = _unpack(dtype, count)
    if count == 1:
        return lambda content: low <= unpack(content)[0] <= high  # false for a NaN
    if low == -high > -inf:
        return lambda content: hypot(*unpack(content)) <= high
    look = _look_at([_Few(0, 0, dtype, count, limits)])
    return lambda content: look((content,))


def _is_within(content: Content, *, low: float, high: float, dtype: np.dtype[Any]) -> bool:
    array = np.frombuffer(content, dtype)
    return bool(low <= array.min() and array.max() <= high)  # both are NaN if a number is


def _unpack(dtype: str, count: int) -> Callable[..., tuple[Any, ...]]:
    return struct.Struct(f"<{count}{STRUCT_FORMATS[dtype]}").unpack_from


def _tests(dtype: str, limits: tuple[float, float, float]) -> Iterator[str]:
    """What to ask of several numbers, each with the index in place of {0}."""
    low, high, most = limits
    if low == -high > -inf:
        yield "hypot(*n{0}) <= high{0}"  # the norm is no less than any of them, or a NaN
        return
    if low > -most:
        yield "low{0} <= min(n{0})"
    if high < most:
        yield "max(n{0}) <= high{0}"
    # A NaN makes the sum one, wherever it stands; min() and max() may pass over it. Numbers whose
    # sum is finite are finite themselves.
    if DTYPES[dtype].kind == "f":
        yield "isfinite(sum(n{0}))" if most < inf else "not isnan(sum(n{0}))"


def quick_limits(bounds: Sequence[str], dtype: str) -> tuple[float, float, float] | None:
    """What fulfils all bounds, from least to greatest, and how large a number may be at all.

    ``None`` if the bounds are not of that kind.
    """
    type_ = DTYPES[dtype]
    is_float = type_.kind == "f"
    most = float(np.finfo(type_).max) if is_float and "finite" in bounds else inf
    low, high = -most, most
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
    return low, high, most


class BoundsCheck:
    """The bounds of all tensors of a state, compiled.

    Tensors of a few elements get a quick look each time. A large one is checked only if its bytes
    differ from those that passed last.

    Attributes:
        is_quick: whether every check is done in microseconds.
    """

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self._passed: Sequence[bytes] | None = None
        self._large: list[Tensor] = []
        self._few: list[Tensor] = []
        few = []
        # Numbers that stand side by side and have the same bounds are looked at together.
        for group in _groups([tensor for tensor in tensors if tensor.bounds]):
            first = group[0]
            count = sum(tensor.nbytes for tensor in group) // DTYPES[first.dtype].itemsize
            limits = quick_limits(first.bounds, first.dtype)
            if limits is None or count > FEW:
                self._large += group
            else:
                self._few += group
                few.append(_Few(first.region, first.offset, first.dtype, count, limits))
        self._look = _look_at(few)
        self.is_quick = not self._large

    def broken(self, contents: Sequence[bytes], look: Look = no_clock) -> list[tuple[str, str]]:
        """The result of :meth:`wasmstate.state.schema.Schema.broken_bounds`.

        Args:
            contents: of the regions; not to be changed afterwards.
            look: called now and then; what it raises ends the check.
        """
        if self._look(contents) and self.is_quick:
            return []
        changed = [each for each in self._large if self._differs(each, contents, look)]
        found = broken([*self._few, *changed], contents, look)
        if not found:
            self._passed = contents
        return found

    def _differs(self, tensor: Tensor, contents: Sequence[bytes], look: Look) -> bool:
        if self._passed is None:
            return True
        old, new = self._passed[tensor.region], contents[tensor.region]
        if old is new:
            return False
        end = tensor.offset + tensor.nbytes
        for start in range(tensor.offset, end, _PART):
            look()
            part = slice(start, min(start + _PART, end))
            if old[part] != new[part]:
                return True
        return False


class _Few(NamedTuple):
    """A few numbers with the same limits, as :func:`quick_limits` gives them."""

    region: int
    offset: int
    dtype: str
    size: int
    limits: tuple[float, float, float]


def _look_at(few: Sequence[_Few]) -> Callable[[Sequence[Content]], bool]:
    """The quick look at all of them, in one function that is written for them.

    A function for each would be called each time: that alone takes longer than what it does. The
    text of the function is made of indices, no name or bound of a schema is in it.
    """
    names: dict[str, Any] = {"hypot": hypot, "isfinite": isfinite, "isnan": isnan}
    lines, tests = [], ["True"]
    for region in {each.region: None for each in few}:
        taken, format_, end = [], "<", 0
        for i, each in enumerate(few):
            if each.region != region:
                continue
            names |= {f"low{i}": each.limits[0], f"high{i}": each.limits[1]}
            if each.size == 1:
                format_ += f"{each.offset - end}x{STRUCT_FORMATS[each.dtype]}"
                end = each.offset + DTYPES[each.dtype].itemsize
                taken.append(f"n{i}")
                tests.append(f"low{i} <= n{i} <= high{i}")  # false for a NaN
            else:
                names[f"unpack{i}"] = _unpack(each.dtype, each.size)
                lines.append(f"n{i} = unpack{i}(contents[{region}], {each.offset})")
                tests += [test.format(i) for test in _tests(each.dtype, each.limits)]
        if taken:
            names[f"unpack_single{region}"] = struct.Struct(format_).unpack_from
            lines.append(f"{', '.join(taken)}, = unpack_single{region}(contents[{region}])")
    lines.append(f"return {' and '.join(tests)}")
    exec("def look(contents):\n " + "\n ".join(lines), names)  # noqa: S102
    look: Callable[[Sequence[Content]], bool] = names["look"]
    return look


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


def broken(
    tensors: Sequence[Tensor], contents: Sequence[bytes], look: Look = no_clock
) -> list[tuple[str, str]]:
    """For each bound that the bytes of the regions break: the tensor, and what is wrong."""
    found = []
    for tensor in tensors:
        for bound in tensor.bounds:
            wrong = parse_bound(bound)(tensor.read(contents[tensor.region]), look)
            if wrong is not None:
                found.append((tensor.name, wrong))
    return found
