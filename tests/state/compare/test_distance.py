"""How far two numbers are apart."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import from_dtype
from numpy.typing import NDArray

from wasmstate.state.compare.distance import relative_change, ulp_distance

FLOATS = ["<f2", "<f4", "<f8"]


def ulps(before: Any, after: Any, dtype: str) -> int:
    return int(ulp_distance(np.array([before], dtype), np.array([after], dtype))[0])


@pytest.mark.parametrize("dtype", FLOATS)
def test_neighbours_are_one_ulp_apart(dtype: str) -> None:
    one = np.array(1, dtype)
    assert ulps(1, np.nextafter(one, np.array(2, dtype)), dtype) == 1
    assert ulps(1, np.nextafter(one, np.array(0, dtype)), dtype) == 1
    assert ulps(-1, np.nextafter(-one, np.array(0, dtype)), dtype) == 1


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_count_goes_on_through_zero_and_up_to_infinity(dtype: str) -> None:
    tiny, largest = np.finfo(dtype).smallest_subnormal, np.finfo(dtype).max
    assert ulps(0.0, -0.0, dtype) == 0
    assert ulps(0.0, tiny, dtype) == ulps(-0.0, tiny, dtype) == 1
    assert ulps(-tiny, tiny, dtype) == 2
    assert ulps(largest, np.inf, dtype) == ulps(-np.inf, -largest, dtype) == 1


def test_the_largest_distances_are_counted_whole() -> None:
    assert ulps(-np.inf, np.inf, "<f8") == 2 * 0x7FF0000000000000
    assert ulps(-np.inf, np.inf, "<f2") == 2 * 0x7C00


@given(st.data())
def test_a_float_that_many_steps_on_is_that_many_ulps_away(data: Any) -> None:
    dtype = np.dtype(data.draw(st.sampled_from(FLOATS)))
    start = data.draw(from_dtype(dtype, allow_nan=False, allow_infinity=False))
    steps = data.draw(st.integers(0, 20))
    at = np.array([start], dtype)
    with np.errstate(over="ignore", under="ignore"):
        for _ in range(steps):
            at = np.nextafter(at, np.array([-np.inf], dtype))
    expected = steps if np.isfinite(at[0]) else None
    found = int(ulp_distance(np.array([start], dtype), at)[0])
    assert found == expected or (expected is None and found <= steps)
    assert found == int(ulp_distance(at, np.array([start], dtype))[0])


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (2.0, 3.0, 0.5),
        (-2.0, 2.0, 2.0),
        (4.0, 0.0, 1.0),
        (0.0, 1e-300, math.inf),
        (0.0, -0.0, 0.0),
        (math.inf, 1.0, math.inf),
        (1.0, -math.inf, math.inf),
        (math.inf, -math.inf, math.inf),
        (math.inf, math.inf, 0.0),
        (math.nan, 1.0, math.nan),
        (1.0, math.nan, math.nan),
        (math.inf, math.nan, math.nan),
        (-1e308, 1e308, math.inf),
    ],
)
def test_the_relative_change_of_any_two_numbers(
    before: float, after: float, expected: float
) -> None:
    change: NDArray[np.float64] = relative_change(np.array([before]), np.array([after]))
    np.testing.assert_array_equal(change, [expected])


def test_integers_change_relatively_too_without_overflow() -> None:
    before = np.array([10, -(2**63), 2**62], "<i8")
    after = np.array([5, 2**63 - 1, 2**62 + 1], "<i8")
    assert relative_change(before, after).tolist() == [0.5, 2.0, 0.0]
