"""Bounds: what the values of a tensor must fulfil."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from support import message
from wasmstate.errors import SchemaError
from wasmstate.state.bounds import parse_bound


def wrong(bound: str, values: Any, dtype: str = "<f4") -> str | None:
    return parse_bound(bound)(np.array(values, dtype))


@pytest.mark.parametrize(
    ("bound", "values", "dtype"),
    [
        ("finite", [1, 2], "<f4"),
        ("finite", [1, 2], "<i8"),
        (">= 0", [0, 1], "<f4"),
        (">=0", 0, "<u1"),
        ("> -1.5e0", [-1, 1], "<f8"),
        ("<= 1", [1, -9], "<i8"),
        ("< 1", 0.5, "<f2"),
        # the limit is meant as the nearest number of the type
        ("<= 0.1", [0.1], "<f4"),
        # limits no value can reach
        ("<= 70000", [65504], "<f2"),
        (">= -1e39", [-3e38], "<f4"),
        ("<= 300", [127], "<i1"),
        ("psd", [[2, 1], [1, 2]], "<f4"),
        ("psd", [[2, 1], [1, 2]], "<i4"),
        ("psd", [[0, 0], [0, 0]], "<f8"),
        ("psd", [[1e-9]], "<f4"),
        ("psd", [[1.7e308, 0], [0, 1.7e308]], "<f8"),
        ("psd", [[5e-324]], "<f8"),
        # within rounding of the type
        ("psd", [[1, 1 + 1e-7], [1, 1]], "<f4"),
        ("psd", [[1, 1], [1, 1 - 1e-7]], "<f4"),
    ],
)
def test_values_within_their_bounds(bound: str, values: Any, dtype: str) -> None:
    assert wrong(bound, values, dtype) is None


@pytest.mark.parametrize(
    ("bound", "values", "expected"),
    [
        ("finite", np.nan, " = nan is not finite"),
        ("finite", [1, np.inf, np.nan], "[1] = inf is not finite (and 1 more)"),
        ("finite", [[1, 2], [3, -np.inf]], "[1,1] = -inf is not finite"),
        (">= 0", [1, -1, -2], "[1] = -1.0 is not >= 0 (and 1 more)"),
        (">= 0", np.nan, " = nan is not >= 0"),
        ("> 0", 0, " = 0.0 is not > 0"),
        ("<= 1", [2], "[0] = 2.0 is not <= 1"),
        ("< 1", [1], "[0] = 1.0 is not < 1"),
        ("<= -1e39", [0], "[0] = 0.0 is not <= -1e39"),
        ("psd", 1, " is not a square matrix"),
        ("psd", [[1, 2]], " is not a square matrix"),
        ("psd", [[[1]]], " is not a square matrix"),
        ("psd", [[np.nan]], " is not positive semidefinite: it is not finite"),
        ("psd", [[1, 2], [0, 1]], " is not symmetric"),
        ("psd", [[1, 0], [0, -2]],
         " is not positive semidefinite: its smallest eigenvalue is -2"),
        ("psd", [[-1e-30]], " is not positive semidefinite: its smallest eigenvalue is -1e-30"),
    ],
)  # fmt: skip
def test_values_out_of_their_bounds_are_named(bound: str, values: Any, expected: str) -> None:
    assert wrong(bound, values) == expected


def test_a_matrix_of_the_largest_numbers_is_judged_without_overflow() -> None:
    assert wrong("psd", [[0, 1.7e308], [-1.7e308, 0]], "<f8") == " is not symmetric"
    assert wrong("psd", [[1, 1.7e308], [1.7e308, 1]], "<f8") == (
        " is not positive semidefinite: its smallest eigenvalue is -1.7e+308"
    )


@pytest.mark.parametrize("text", ["", "Finite", "> ", "= 1", "== 1", ">> 1", "> nan", "> 1 ", None])
def test_a_bound_that_cannot_be_read_is_refused(text: Any) -> None:
    assert message(SchemaError, lambda: parse_bound(text)) == (
        f"cannot read the bound {text!r}: write finite, psd, or a comparison such as '>= 0'"
    )


def test_a_large_matrix_is_judged_without_its_eigenvalues(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(matrix: Any) -> None:
        raise AssertionError("eigenvalues of a large matrix take many seconds")

    monkeypatch.setattr(np.linalg, "eigvalsh", slow)
    matrix = np.eye(513)
    assert wrong("psd", matrix) is None
    matrix[512, 512] = -1
    assert wrong("psd", matrix) == " is not positive semidefinite"
    matrix[512, 0] = 1
    assert wrong("psd", matrix) == " is not symmetric"


@pytest.mark.parametrize("bound", ["finite", ">= 0"])
def test_the_clock_is_looked_at_after_each_part_of_the_numbers(bound: str) -> None:
    looks: list[None] = []
    values = np.zeros((1 << 18) + 1, np.int8)
    values[-2:] = -1
    found = parse_bound(bound)(values, lambda: looks.append(None))
    assert found == (None if bound == "finite" else "[262143] = -1 is not >= 0 (and 1 more)")
    assert len(looks) == 2


@pytest.mark.parametrize("size", [255, 256, 257, 600])
@pytest.mark.parametrize("rank", [1, 600])
def test_a_matrix_of_several_blocks_is_judged_as_one(size: int, rank: int) -> None:
    factor = np.random.default_rng(size).normal(size=(size, rank))
    matrix = factor @ factor.T
    assert wrong("psd", matrix, "<f8") is None
    assert wrong("psd", matrix, "<f4") is None
    shift = np.linalg.eigvalsh(matrix)[0] + 1
    assert " is not positive semidefinite" in str(
        wrong("psd", matrix - shift * np.eye(size), "<f8")
    )
    matrix[-1, 0] += matrix.max() / 100
    assert wrong("psd", matrix) == " is not symmetric"


def test_a_check_ends_at_whichever_look_at_the_clock() -> None:
    """Each step of a large matrix is preceded by a look."""
    looks: list[None] = []
    matrix = np.eye(600)
    assert parse_bound("psd")(matrix, lambda: looks.append(None)) is None
    blocks = 3
    assert len(looks) == 3 * blocks + blocks + 2 * (2 + 1)

    def raising() -> None:
        left.pop()

    for allowed in range(len(looks)):
        left = [None] * allowed
        with pytest.raises(IndexError):
            parse_bound("psd")(matrix, raising)


def test_a_matrix_that_cholesky_refuses_by_rounding_alone_passes() -> None:
    assert wrong("psd", [[-1e-12, 0], [0, 1]], "<f8") is None
