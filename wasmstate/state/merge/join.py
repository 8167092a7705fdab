"""How the values of devices are joined: one function a merge rule.

Devices that started from one base have its values in common, so what each has learned is what it
has beyond the base: ``base + sum(device - base)``. Integers are added as Python's, which do not
overflow; floats by :func:`math.fsum`, which rounds once. So no result depends on the order.

Source: docs/format.md, "Merging"; T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating Formulae and a
Pairwise Algorithm for Computing Sample Variances" (1979); H. B. McMahan and others,
"Communication-Efficient Learning of Deep Networks from Decentralized Data" (2017), for ``mean``.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import StateBoundsError
from wasmstate.state.tensor import shape_text

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments of rows: count, means, sums of squares or of products about the means.

    ``count`` is a number, or one for each row of ``mean``; ``m2`` has the shape of ``mean``, or is
    a matrix for one ``mean``.
    """

    count: Array
    mean: Array
    m2: Array


def add_up(base: Array, devices: Sequence[Array]) -> Array:
    """The base and what each device added to it.

    Raises:
        StateBoundsError: if a sum does not fit the element type; its message begins with the cell.
    """
    return _sums(base.dtype, base.shape, [(-(len(devices) - 1), base), *((1, d) for d in devices)])


def average(base: Array, devices: Sequence[Array], weights: Sequence[Array]) -> Array:
    """The devices' values, weighted by what each has seen; the base's where none has seen any.

    Args:
        base: its values.
        devices: their values.
        weights: of each device, a number, or one for each row.
    """
    spread = _as_rows(np.sum(weights, axis=0).astype(np.float64), base.ndim)
    rows = [_as_rows(weight, base.ndim) for weight in weights]
    products = [values * row for values, row in zip(devices, rows, strict=True)]
    sums = _sums(np.dtype("f8"), base.shape, [(1, product) for product in products])
    seen = np.broadcast_to(spread > 0, base.shape)
    mean = np.divide(sums, spread, out=base.astype(np.float64), where=seen)
    # Rounding must not lead out of what the devices have: where they agree, it is what they say.
    said = [np.where(row > 0, values, np.nan) for values, row in zip(devices, rows, strict=True)]
    low, high = np.fmin.reduce(said), np.fmax.reduce(said)
    found: Array = np.where(seen, np.clip(mean, low, high), base)
    return found.astype(base.dtype)


def pool(base: Moments, devices: Sequence[Moments]) -> Moments:
    """The moments of the base's rows and of those that each device has seen beyond them.

    Raises:
        StateBoundsError: if the count does not fit its element type.
    """
    parts = [(-(len(devices) - 1), base), *((1, device) for device in devices)]
    count = _sums(base.count.dtype, base.count.shape, [(n, part.count) for n, part in parts])
    rows = _as_rows(count.astype(np.float64), base.mean.ndim)
    seen = np.broadcast_to(rows > 0, base.mean.shape)

    def about(center: Array) -> Array:
        """The mean of distances from a center; all distances are small if it is in their midst."""
        terms = [
            (n, (part.mean - center) * _as_rows(part.count, base.mean.ndim)) for n, part in parts
        ]
        sums = _sums(np.dtype("f8"), base.mean.shape, terms)
        return np.divide(sums, rows, out=np.zeros(base.mean.shape), where=seen)

    # Three times: of means that are far from 0, the first is off by its own rounding.
    center = base.mean.astype(np.float64)
    for _ in range(3):
        center = center + about(center)
    shape = base.m2.shape
    squares = _sums(
        np.dtype("f8"),
        shape,
        [
            (n, term)
            for n, part in parts
            for term in (
                part.m2.astype(np.float64),
                _product(part.mean - center, part.count, base.mean.ndim, shape),
            )
        ],
    )
    # What rounding left of a feature that never changes.
    if squares.shape == base.mean.shape:
        squares = np.maximum(squares, 0.0)
    else:
        np.fill_diagonal(squares, np.maximum(np.diagonal(squares), 0.0))
    mean = np.where(seen, center, base.mean)
    return Moments(count, mean.astype(base.mean.dtype), squares.astype(base.m2.dtype))


def is_pool(moments: Moments) -> bool:
    """Whether the shapes are those that moments have."""
    count, mean, m2 = moments.count, moments.mean, moments.m2
    of_rows = count.shape == mean.shape[: count.ndim]
    products = mean.ndim == 1 and count.ndim == 0 and m2.shape == mean.shape * 2
    return of_rows and (m2.shape == mean.shape or products)


def _product(delta: Array, count: Array, rank: int, shape: tuple[int, ...]) -> Array:
    if delta.shape == shape:
        return np.asarray(delta**2 * _as_rows(count, rank))
    return np.asarray(np.outer(delta, delta) * count)


def _as_rows(weights: Array, rank: int) -> Array:
    """A number a row, so that it is for all cells of the row."""
    return np.reshape(weights, (*weights.shape, *[1] * (rank - weights.ndim)))


def _sums(
    dtype: np.dtype[Any], shape: tuple[int, ...], terms: Iterable[tuple[int, Array]]
) -> Array:
    """Sum each cell, times whole numbers: integers exactly, floats rounded once."""
    factors, arrays = zip(*terms, strict=True)
    cells = zip(*(array.reshape(-1).tolist() for array in arrays), strict=True)
    least: float
    most: float
    if dtype.kind in "iu":
        least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
        sums = [sum(map(operator.mul, factors, cell)) for cell in cells]
    else:
        most = float(np.finfo(dtype).max)
        least = -most
        sums = [_fsum(factors, cell) for cell in cells]
    for i, value in enumerate(sums):
        if not least <= value <= most:
            cell = shape_text([int(each) for each in np.unravel_index(i, shape)])
            raise StateBoundsError(f"{cell} would be {value}, which is no {dtype.name}")
    return np.array(sums, dtype).reshape(shape)


def _fsum(factors: Iterable[int], cell: Iterable[float]) -> float:
    """A sum that is rounded once; not a number if it, or what is added, is not finite."""
    terms: list[float] = []
    for factor, value in zip(factors, cell, strict=True):
        terms += [math.copysign(1.0, factor) * value] * abs(factor)
    try:
        return math.fsum(terms)
    except (OverflowError, ValueError):
        return math.nan
