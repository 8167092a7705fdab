"""Sums without rounding: each cell is a fixed-point integer, in digits of 32 bits.

A float is an integer times a power of two. So is each sum of floats and of products of floats: as
an integer it depends neither on order nor on grouping. Only :func:`rounded` rounds.

Source: U. Kulisch, "Computer Arithmetic and Validity" (2008), the long accumulator; R. M. Neal,
"Fast Exact Summation Using Small and Large Superaccumulators" (2015).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Terms = list[tuple[Array, Any]]
"""Addends ``integer * 2**exponent``: arrays of int64, and their exponents or one for all."""

_DIGIT = 32  # bits
_DIGIT_MASK = (1 << _DIGIT) - 1
_LIMB = 31  # bits: the product of two limbs fits in an int64
_LIMB_MASK = (1 << _LIMB) - 1
_MANTISSA = 53  # bits of a double


def exact(values: Array) -> Terms:
    """Finite floats, or integers, as terms."""
    if values.dtype.kind == "f":
        fractions, exponents = np.frexp(values.astype(np.float64))
        integers = np.ldexp(fractions, _MANTISSA).astype(np.int64)
        return [(integers, exponents.astype(np.int64) - _MANTISSA)]
    if values.dtype.kind == "u" and values.dtype.itemsize == 8:
        halves = values & np.uint64(_DIGIT_MASK), values >> np.uint64(_DIGIT)
        return [(half.astype(np.int64), i * _DIGIT) for i, half in enumerate(halves)]
    return [(values.astype(np.int64), 0)]


def product(a: Terms, b: Terms) -> Terms:
    """The terms of ``a * b``, cell by cell; shapes are broadcast."""
    right = list(_limbs(b))
    return [(x * y, i + j) for x, i in _limbs(a) for y, j in right]


def _limbs(terms: Terms) -> Iterator[tuple[Array, Any]]:
    for integers, exponents in terms:
        rest, at = integers, exponents
        for _ in range(2):
            yield rest & _LIMB_MASK, at
            rest, at = rest >> _LIMB, at + _LIMB
            if not rest.any():
                break
        else:
            yield rest, at


class ExactSums:
    """One sum a cell.

    Attributes:
        shape: of the cells.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self._low = 0  # the digit that row 0 of _digits holds
        # A row a digit, the least first; only the last row may be negative, or exceed 32 bits.
        self._digits = np.zeros((1, math.prod(shape)), np.int64)

    def add(self, terms: Terms) -> None:
        """Add terms of shape ``(n, *shape)``, or broadcast to it; n is below 2**29."""
        for integers, exponents in terms:
            self._add(integers, exponents)

    def __iadd__(self, other: ExactSums) -> Self:
        self._make_room(other._low, other._low + len(other._digits))
        start = other._low - self._low
        self._digits[start : start + len(other._digits)] += other._digits
        self._carry()
        return self

    def integers(self) -> tuple[list[int], int]:
        """Integers, row after row, and the exponent of two that all are to be multiplied by."""
        lower = np.ascontiguousarray(self._digits[:-1].T.astype("<u4"))
        top = self._digits[-1].tolist()
        bits = _DIGIT * (len(self._digits) - 1)
        size = lower.shape[1] * lower.itemsize
        data = lower.tobytes()
        found = [
            int.from_bytes(data[i * size : (i + 1) * size], "little") + (each << bits)
            for i, each in enumerate(top)
        ]
        return found, self._low * _DIGIT

    def _add(self, integers: Array, exponents: Any) -> None:
        digits, shifts = exponents >> 5, exponents & 31
        low = (integers & _DIGIT_MASK) << shifts
        high = (integers >> _DIGIT) << shifts
        parts = low & _DIGIT_MASK, (low >> _DIGIT) + (high & _DIGIT_MASK), high >> _DIGIT
        least, most = int(np.min(digits)), int(np.max(digits))
        self._make_room(least, most + len(parts))
        for i, part in enumerate(parts):
            if least == most:  # as all integers, and most floats of one order of magnitude
                whole = np.broadcast_to(part, (len(part), *self.shape))
                self._digits[least + i - self._low] += whole.sum(axis=0).reshape(-1)
                continue
            cells = np.arange(self._digits.shape[1]).reshape(self.shape)
            places = (digits + (i - self._low)) * self._digits.shape[1] + cells
            np.add.at(self._digits.reshape(-1), places, part)
        self._carry()

    def _make_room(self, low: int, end: int) -> None:
        before = max(self._low - low, 0)
        after = max(end - (self._low + len(self._digits)), 0)
        if before or after:
            self._digits = np.pad(self._digits, ((before, after), (0, 0)))
            self._low -= before
            # The row that was the last may be negative: its sign moves up.
            self._carry()

    def _carry(self) -> None:
        for i in range(len(self._digits) - 1):
            self._digits[i + 1] += self._digits[i] >> _DIGIT
            self._digits[i] &= _DIGIT_MASK
        top = self._digits[-1]
        if (np.abs(top) >> (_DIGIT - 1)).any():
            self._digits = np.vstack([self._digits, top >> _DIGIT])
            self._digits[-2] &= _DIGIT_MASK


def rounded(numerator: int, denominator: int, exponent: int, dtype: np.dtype[Any]) -> float:
    """``numerator / denominator * 2**exponent``, rounded once, to the precision of ``dtype``.

    Args:
        numerator: any integer.
        denominator: above 0.
        exponent: of two.
        dtype: of an integer, or of a float; what is too large for a double is infinite.
    """
    if exponent >= 0:
        numerator <<= exponent
    else:
        denominator <<= -exponent
    if dtype.kind in "iu":
        return (2 * numerator + denominator) // (2 * denominator)
    try:
        quotient = numerator / denominator
    except OverflowError:
        return math.inf if numerator > 0 else -math.inf
    if dtype.itemsize == 8:
        return quotient
    # Two roundings in a row can differ from one. Rounding to odd first prevents it: a double that
    # is not exact gets an odd last bit, so it is no tie of the smaller format (S. Boldo,
    # G. Melquiond, "When double rounding is odd", 2005).
    top, bottom = quotient.as_integer_ratio()
    error = numerator * bottom - top * denominator
    is_even = int(math.ldexp(math.frexp(quotient)[0], _MANTISSA)) % 2 == 0
    if error and is_even:
        return math.nextafter(quotient, math.inf if error > 0 else -math.inf)
    return quotient
