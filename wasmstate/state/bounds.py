"""Bounds: what the values of a tensor must fulfil, else they are wrong rather than different.

A bound is a text: ``finite``, ``psd`` (symmetric positive semidefinite), or a comparison that
every element must pass: ``>= 0``, ``> 0``, ``<= 1``, ``< 1``.

Few bytes of a file may stand for many numbers, so a check goes through them part by part, and a
caller with a deadline looks at its clock in between. Cholesky's method is done in blocks for the
same reason: a call of LAPACK ends when it is done.

Source: docs/format.md, "Bounds".
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from functools import cache, partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import SchemaError

Look = Callable[[], object]
"""Called now and then during a check; what it raises ends the check."""


class Check(Protocol):
    """Gives what is wrong with the values, or ``None``."""

    def __call__(self, values: NDArray[Any], look: Look = ...) -> str | None: ...


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}
_PART = 1 << 18
"""Numbers looked at between two looks at the clock: a fraction of a millisecond."""

_BLOCK = 256
"""Rows and columns of a block of a matrix: a few milliseconds between two looks at the clock."""

_MOST_EIGENVALUES = 512
"""Rows up to which an error names the smallest eigenvalue, a fraction of a second's work."""

_COMPARISON = re.compile(r"(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)", re.ASCII)


def no_clock() -> None:
    """The look of a check that has all the time."""


@cache
def parse_bound(text: str) -> Check:
    """The check that a bound stands for.

    Raises:
        SchemaError: if there is no such bound.
    """
    if text == "finite":
        return partial(_check_each, np.isfinite, "is not finite")
    if text == "psd":
        return _check_psd
    match = _COMPARISON.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise SchemaError(
            f"cannot read the bound {text!r}: write finite, psd, or a comparison such as '>= 0'"
        )
    compare, limit = _COMPARISONS[match[1]], float(match[2])

    def passed(values: NDArray[Any]) -> Any:
        # The limit becomes a number of the values' type, if need be an infinite one.
        with np.errstate(over="ignore"):
            return compare(values, limit)

    return partial(_check_each, passed, f"is not {text}")


def _check_each(
    passed: Callable[[NDArray[Any]], Any],
    reason: str,
    values: NDArray[Any],
    look: Look = no_clock,
) -> str | None:
    flat = values.reshape(-1)
    first, count = -1, 0
    for start in range(0, flat.size, _PART):
        look()
        wrong = ~passed(flat[start : start + _PART])
        if wrong.any():
            first = first if count else start + int(np.argmax(wrong))
            count += int(np.count_nonzero(wrong))
    if not count:
        return None
    index = np.unravel_index(first, values.shape) if values.shape else ()
    where = f"[{','.join(str(int(i)) for i in index)}]" if index else ""
    more = f" (and {count - 1} more)" if count > 1 else ""
    return f"{where} = {flat[first]} {reason}{more}"


def _check_psd(values: NDArray[Any], look: Look = no_clock) -> str | None:
    if values.ndim != 2 or values.shape[0] != values.shape[1]:
        return " is not a square matrix"
    matrix = np.empty(values.shape, np.float64)
    scale = 0.0
    for rows in _blocks(0, len(matrix)):
        look()
        matrix[rows] = values[rows]
        scale = float(np.maximum(scale, np.abs(matrix[rows]).max(initial=0)))  # NaN if one is
    if not np.isfinite(scale):
        return " is not positive semidefinite: it is not finite"
    scale = scale or 1.0
    eps = float(np.finfo(values.dtype).eps) if values.dtype.kind == "f" else 0.0
    tolerance = 64 * len(matrix) * eps
    if not _make_symmetric(matrix, scale, tolerance, look):
        return " is not symmetric"
    least = max(tolerance, 1e-12)
    small = matrix.copy() if len(matrix) <= _MOST_EIGENVALUES else None
    if _is_positive_definite(matrix, least, look):
        return None
    if small is None:
        return " is not positive semidefinite"
    smallest = float(np.linalg.eigvalsh(small).min())
    if smallest < -least:
        smallest *= scale
        return f" is not positive semidefinite: its smallest eigenvalue is {smallest:.3g}"
    return None


def _blocks(start: int, end: int) -> list[slice]:
    return [slice(at, min(at + _BLOCK, end)) for at in range(start, end, _BLOCK)]


def _make_symmetric(matrix: NDArray[Any], scale: float, tolerance: float, look: Look) -> bool:
    """Divide by the scale, and make the lower blocks the mean of both halves; whether they agree.

    Divided, numbers of any size can be added and multiplied without overflow.
    """
    for rows in _blocks(0, len(matrix)):
        look()
        matrix[rows] /= scale
    for rows in _blocks(0, len(matrix)):
        look()
        for columns in _blocks(0, rows.stop):
            lower, upper = matrix[rows, columns], matrix[columns, rows].T
            if float(np.abs(lower - upper).max()) > tolerance:
                return False
            matrix[rows, columns] = (lower + upper) / 2
    return True


def _is_positive_definite(matrix: NDArray[Any], shift: float, look: Look) -> bool:
    """Whether all eigenvalues are above ``-shift``, by Cholesky; the matrix is used up.

    Block by block: the factor L of a diagonal block, the blocks below it as X with X L^T = A, and
    X X^T taken off what is to the right (Golub and Van Loan, "Matrix Computations", "Block
    Cholesky"). Only blocks on and below the diagonal are looked at.
    """
    size = len(matrix)
    np.fill_diagonal(matrix, matrix.diagonal() + shift)
    for pivot in _blocks(0, size):
        look()
        try:
            factor = np.linalg.cholesky(matrix[pivot, pivot])
        except np.linalg.LinAlgError:
            return False
        below = _blocks(pivot.stop, size)
        for rows in below:
            look()
            matrix[rows, pivot] = np.linalg.solve(factor, matrix[rows, pivot].T).T
        for rows in below:
            look()
            left = slice(pivot.stop, rows.stop)
            matrix[rows, left] -= matrix[rows, pivot] @ matrix[left, pivot].T
    return True
