"""How far two numbers are apart: relatively, and in units in the last place."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def relative_change(before: NDArray[Any], after: NDArray[Any]) -> NDArray[np.float64]:
    """``|after - before| / |before|``, cell by cell.

    0 where the two are equal, infinite where a change starts from 0 or one of the two is infinite,
    NaN where one of the two is NaN.
    """
    old, new = before.astype(np.float64), after.astype(np.float64)
    with np.errstate(all="ignore"):  # 0/0 and inf - inf are what the next lines mend
        change: NDArray[np.float64] = np.abs(new - old) / np.abs(old)
    change[np.isinf(old)] = np.inf
    # Integers of 64 bits may be equal as floats only: what is left of them is too small to tell.
    change[old == new] = 0.0
    change[np.isnan(old) | np.isnan(new)] = np.nan
    return change


def ulp_distance(before: NDArray[Any], after: NDArray[Any]) -> NDArray[np.uint64]:
    """How many floats of their type the two are apart, cell by cell; 0.0 and -0.0 are one.

    The bits of floats, read as sign and magnitude, count the floats in their order, infinity
    behind the largest. Of NaN, which has no place in that order, the result means nothing.

    Args:
        before: of a float type.
        after: of the same type and shape.
    """
    a, b = _ordered(before), _ordered(after)
    distance: NDArray[np.uint64] = np.maximum(a, b) - np.minimum(a, b)
    return distance


def _ordered(values: NDArray[Any]) -> NDArray[np.uint64]:
    bits = values.view(f"u{values.dtype.itemsize}").astype(np.uint64)
    sign = np.uint64(1 << (8 * values.dtype.itemsize - 1))
    magnitude = bits & (sign - np.uint64(1))
    middle = np.uint64(1 << 63)
    ordered: NDArray[np.uint64] = np.where(bits & sign, middle - magnitude, middle + magnitude)
    return ordered
