"""The quick look at bounds finds what NumPy finds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasmstate.state.bounds_fast_path import FEW, BoundsCheck, broken, quick_look
from wasmstate.state.schema import Schema
from wasmstate.state.tensor import DTYPES, Tensor

BOUNDS = ("finite", ">= 0", "> 0", "<= 0.1", "< 0.1", "> -1e3", "<= 9007199254740993", "psd")
LIMITS = (0.0, -0.0, 0.1, -0.1, 1e3, -1e3, 9007199254740993.0, math.inf, -math.inf, math.nan)

dtypes = st.sampled_from(sorted(DTYPES))
bound_lists = st.lists(st.sampled_from(BOUNDS), max_size=3, unique=True).map(tuple)


def numbers(dtype: str) -> st.SearchStrategy[Any]:
    kind = DTYPES[dtype]
    if kind.kind == "f":
        return st.sampled_from(LIMITS) | st.floats(width=8 * kind.itemsize)  # type: ignore[arg-type]
    info = np.iinfo(kind)
    return st.integers(int(info.min), int(info.max)) | st.sampled_from([int(info.max), 0, 1])


@st.composite
def regions(draw: st.DrawFn) -> tuple[list[Tensor], list[list[bytes]]]:
    """Tensors in two regions, and contents of them, one after the other."""
    tensors: list[Tensor] = []
    contents: list[list[bytes]] = [[] for _ in range(draw(st.integers(1, 3)))]
    for region in range(2):
        parts = [bytearray() for _ in contents]
        for i in range(draw(st.integers(0, 3))):
            dtype = draw(dtypes)
            shape = draw(st.sampled_from([(), (1,), (3,), (2, 2), (FEW + 1,)]))
            bounds = draw(bound_lists)
            tensors.append(
                Tensor(f"{region}{i}", dtype, shape, region, len(parts[0]), bounds=bounds)
            )
            for part in parts:
                few = draw(st.lists(numbers(dtype), min_size=1, max_size=4))
                with np.errstate(over="ignore"):
                    part.extend(np.resize(np.array(few, DTYPES[dtype]), shape or (1,)).tobytes())
        for content, part in zip(contents, parts, strict=True):
            content.append(bytes(part))
    return tensors, contents


@given(regions())
def test_it_finds_what_the_slow_look_finds_call_after_call(
    drawn: tuple[list[Tensor], list[list[bytes]]],
) -> None:
    tensors, contents = drawn
    check = BoundsCheck(tensors)
    for each in [*contents, *contents]:
        assert sorted(check.broken(each)) == sorted(Schema(tuple(tensors)).broken_bounds(each))


@given(dtypes, st.data())
def test_a_quick_look_never_passes_what_is_wrong(dtype: str, data: st.DataObject) -> None:
    bounds = data.draw(bound_lists)
    drawn = data.draw(st.lists(numbers(dtype), min_size=1, max_size=5))
    drawn *= data.draw(
        st.sampled_from([1, FEW + 1])
    )  # a few are looked at in Python, many in NumPy
    look = quick_look(bounds, dtype, len(drawn))
    with np.errstate(over="ignore"):
        array = np.array(drawn, DTYPES[dtype])
    tensor = Tensor("t", dtype, array.shape, 0, 0, bounds=bounds)
    if look is not None and look(array.tobytes()):
        assert broken([tensor], [array.tobytes()]) == []


@pytest.mark.parametrize("count", [1, 3, FEW + 1])
def test_limits_as_far_below_zero_as_above_are_exact(count: int) -> None:
    bounds = (">= -0.1", "<= 0.1")
    look = quick_look(bounds, "f64", count)
    assert look is not None
    check = BoundsCheck([Tensor("t", "f64", (count,), 0, 0, bounds=bounds)])
    beyond = math.nextafter(0.1, 1)
    for last, is_well in [
        (0.1, True),
        (-0.1, True),
        (beyond, False),
        (-beyond, False),
        (math.nan, False),
        (math.inf, False),
    ]:
        content = np.array([0.0] * (count - 1) + [last]).tobytes()
        assert look(content) == is_well
        assert (check.broken([content]) == []) == is_well


@pytest.mark.parametrize("bound", ["finite", ">= 0", "< 10"])
@pytest.mark.parametrize("dtype", ["f64", "f32", "f16"])
def test_ordinary_numbers_pass_the_quick_look(bound: str, dtype: str) -> None:
    for values in ((0.0, 1.5, 2.0), (1.5,)):
        look = quick_look([bound], dtype, len(values))
        assert look is not None
        assert look(np.array(values, DTYPES[dtype]).tobytes())


def test_a_nan_is_seen_wherever_it_stands() -> None:
    for bound in ("finite", ">= 0", "<= 9"):
        look = quick_look([bound], "f64", 3)
        assert look is not None
        for place in range(3):
            row = [1.0, 1.0, 1.0]
            row[place] = math.nan
            assert not look(np.array(row).tobytes())


def test_no_bound_is_always_fulfilled() -> None:
    look = quick_look([], "f64")
    assert look is not None
    assert look(np.array([math.nan]).tobytes())


def test_a_large_tensor_is_checked_again_only_if_its_bytes_differ() -> None:
    large = Tensor("w", "f64", (FEW + 1,), 0, 0, bounds=("finite",))
    small = Tensor("n", "i64", (), 1, 0, bounds=(">= 0",))
    check = BoundsCheck([large, small])
    values = np.zeros(FEW + 1)
    good, one = values.tobytes(), np.int64(1).tobytes()
    assert check.broken([good, one]) == []
    assert check.broken([good, np.int64(2).tobytes()]) == []
    assert check.broken([good, np.int64(-1).tobytes()]) == [("n", " = -1 is not >= 0")]
    values[3] = np.inf
    bad = values.tobytes()
    for _ in range(2):
        assert check.broken([bad, one]) == [("w", "[3] = inf is not finite")]
    assert check.broken([good, one]) == []


def test_what_was_wrong_before_stays_wrong() -> None:
    large = Tensor("w", "f64", (FEW + 1,), 0, 0, bounds=("finite",))
    check = BoundsCheck([large])
    bad = np.full(FEW + 1, np.nan).tobytes()
    assert check.broken([bad])
    assert check.broken([bad])


def test_what_passed_is_not_checked_again_after_something_else_was_wrong() -> None:
    matrix = Tensor("p", "f64", (2, 2), 0, 0, bounds=("psd",))
    other = Tensor("n", "i64", (), 1, 0, bounds=(">= 0",))
    check = BoundsCheck([matrix, other])
    looks: list[None] = []
    well, wrong = (np.int64(n).tobytes() for n in (1, -1))
    for contents in ([bytes(32), well], [bytes(32), wrong]):
        check.broken(contents)
    assert check.broken([bytes(bytearray(32)), well], lambda: looks.append(None)) == []
    assert len(looks) == 2, "of the comparison, and of the number"


def test_the_clock_is_looked_at_while_bytes_are_compared() -> None:
    count = 3 << 17  # three parts of a MiB
    tensor = Tensor("w", "f64", (count,), 0, 0, bounds=("finite",))
    looks: list[None] = []
    before, after = (np.zeros(count).tobytes() for _ in range(2))
    check = BoundsCheck([tensor])
    assert check.broken([before]) == []
    assert check.broken([after], lambda: looks.append(None)) == []
    assert len(looks) == 3


def test_only_bounds_of_a_few_numbers_need_no_clock() -> None:
    def check(*shape: int, bound: str) -> BoundsCheck:
        return BoundsCheck([Tensor("t", "f64", shape, 0, 0, bounds=(bound,))])

    assert BoundsCheck([]).is_quick
    assert check(FEW, bound="finite").is_quick
    assert not check(FEW + 1, bound="finite").is_quick
    assert not check(2, 2, bound="psd").is_quick
