"""Sums are held without rounding, and rounded once."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from wasmstate.state.merge.exact import ExactSums, exact, product, rounded

FLOATS = arrays.arrays(
    np.float64, (4, 2), elements=st.floats(allow_nan=False, allow_infinity=False)
)
WEIGHTS = arrays.arrays(np.int64, (4, 1), elements=st.integers(-(2**63), 2**63 - 1))


def cells(sums: ExactSums) -> list[Fraction]:
    integers, exponent = sums.integers()
    return [each * Fraction(2) ** exponent for each in integers]


def exact_sums(*terms: Any) -> ExactSums:
    sums = ExactSums((2,))
    for each in terms:
        sums.add(each)
    return sums


@given(FLOATS, FLOATS)
def test_a_sum_is_that_of_fractions(x: Any, y: Any) -> None:
    found = exact_sums(exact(x), exact(y))
    assert cells(found) == [
        sum(map(Fraction, [*x[:, i].tolist(), *y[:, i].tolist()])) for i in (0, 1)
    ]


@given(FLOATS, WEIGHTS)
def test_a_sum_of_weighted_squares_is_that_of_fractions(x: Any, weights: Any) -> None:
    found = exact_sums(product(product(exact(x), exact(x)), exact(weights)))
    assert cells(found) == [
        sum(
            Fraction(value) ** 2 * weight
            for value, weight in zip(x[:, i].tolist(), weights[:, 0].tolist(), strict=True)
        )
        for i in (0, 1)
    ]


@given(FLOATS, FLOATS)
def test_sums_are_added_without_rounding(x: Any, y: Any) -> None:
    both = exact_sums(exact(x))
    both += exact_sums(exact(y))
    assert cells(both) == cells(exact_sums(exact(np.concatenate([y, x]))))


@pytest.mark.parametrize("dtype", ["i1", "u1", "i4", "u4", "i8", "u8"])
def test_the_largest_integers_do_not_overflow(dtype: str) -> None:
    info = np.iinfo(dtype)
    values = np.array([[info.min, info.max]] * 3, dtype)
    assert cells(exact_sums(exact(values))) == [3 * info.min, 3 * info.max]


@given(st.fractions(), st.integers(-160, 120), st.sampled_from(["f2", "f4"]))
def test_a_ratio_is_rounded_once_to_the_nearest_float(
    ratio: Fraction, exponent: int, dtype: str
) -> None:
    value = ratio * Fraction(2) ** exponent
    with np.errstate(over="ignore", under="ignore"):
        found = np.dtype(dtype).type(
            rounded(ratio.numerator, ratio.denominator, exponent, np.dtype(dtype))
        )
        near = [found, *(np.nextafter(found, found.dtype.type(end)) for end in (-np.inf, np.inf))]
    errors = [abs(Fraction(float(each)) - value) for each in near if np.isfinite(each)]
    assert not np.isfinite(found) or errors[0] == min(errors)


def test_a_ratio_beside_a_tie_is_not_rounded_twice() -> None:
    tie = (1 << 24) + 1  # between two float32
    f32 = np.dtype("f4")
    assert np.float32(rounded(tie << 60, 1 << 60, 0, f32)) == 1 << 24
    assert np.float32(rounded((tie << 60) + 1, 1 << 60, 0, f32)) == (1 << 24) + 2
    assert rounded(10**400, 1, 0, np.dtype("f8")) == np.inf
    assert rounded(7, 2, 0, np.dtype("i4")) == 4
