"""What is kept of the devices for each merge rule: sums without rounding, extremes.

Devices that started from one base have its values in common, so a device has learned what it has
beyond the base: ``base + sum(device - base)``. All here can be added in any grouping and order, and
gives the same bits.

Source: docs/format.md, "Merging"; T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating Formulae and a
Pairwise Algorithm for Computing Sample Variances" (1979), as sums of powers, which are exact here;
H. B. McMahan and others, "Communication-Efficient Learning of Deep Networks from Decentralized
Data" (2017), for ``mean``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import StateBoundsError, StateError
from wasmstate.escapes import listed
from wasmstate.state.merge.exact import ExactSums, Terms, exact, product, rounded
from wasmstate.state.merge.updates import weights_of
from wasmstate.state.state import State
from wasmstate.state.tensor import Tensor, shape_text

Array = NDArray[Any]
Ratio = tuple[int, int, int]
"""Numerator, denominator and the exponent of two."""


class Accumulator(Protocol):
    """The values of devices for one tensor, or for the three of ``chan``."""

    def add(self, base: State, devices: Sequence[State]) -> None:
        """Add devices."""
        ...

    def __iadd__(self, other: Self) -> Self: ...

    def values(self, base: State, devices: int) -> Mapping[str, Array]:
        """The merged values by tensor.

        Args:
            base: what the devices started from.
            devices: how many were added.

        Raises:
            StateBoundsError: if a sum does not fit the element type.
            StateError: if the tensor cannot be joined.
        """
        ...


class Sum:
    """The rules ``sum`` and ``counts``."""

    def __init__(self, tensor: Tensor) -> None:
        self._name = tensor.name
        self._sums = ExactSums(tensor.shape)

    def add(self, base: State, devices: Sequence[State]) -> None:
        self._sums.add(exact(stacked(devices, self._name)))

    def __iadd__(self, other: Sum) -> Self:
        self._sums += other._sums
        return self

    def values(self, base: State, devices: int) -> dict[str, Array]:
        whole = _beyond(self._sums, base[self._name], devices)
        integers, exponent = whole.integers()
        ratios = ((each, 1, exponent) for each in integers)
        return {self._name: _cells(self._name, base[self._name], ratios)}


class Extreme:
    """The rules ``max`` and ``min``."""

    def __init__(self, tensor: Tensor) -> None:
        self._name = tensor.name
        self._choose = np.maximum if tensor.merge == "max" else np.minimum
        self._value: Array | None = None

    def add(self, base: State, devices: Sequence[State]) -> None:
        self._take(self._choose.reduce(stacked(devices, self._name)))

    def __iadd__(self, other: Extreme) -> Self:
        if other._value is not None:
            self._take(other._value)
        return self

    def _take(self, value: Array) -> None:
        self._value = value if self._value is None else self._choose(self._value, value)

    def values(self, base: State, devices: int) -> dict[str, Array]:
        self._take(base[self._name])
        assert self._value is not None
        # Zeros of both signs are equal: which one is chosen would depend on the order.
        return {self._name: self._value + self._value.dtype.type(0)}


class Average:
    """The rule ``mean``: the devices' values, weighted by their updates."""

    def __init__(self, tensor: Tensor) -> None:
        self._tensor = tensor
        self._weights = ExactSums(tensor.shape)
        self._products = ExactSums(tensor.shape)
        self._users = np.zeros(tensor.shape, np.int64)  # how many devices have seen each row

    def add(self, base: State, devices: Sequence[State]) -> None:
        values = stacked(devices, self._tensor.name)
        self._add(base, devices, values)

    def _add(self, base: State, devices: Sequence[State], values: Array) -> None:
        weights = weights_of(self._tensor, base, devices)
        self._users += (np.broadcast_to(weights, values.shape) > 0).sum(axis=0)
        self._products.add(product(exact(values), exact(weights)))
        self._weights.add(exact(np.broadcast_to(weights, values.shape)))

    def __iadd__(self, other: Average) -> Self:
        self._weights += other._weights
        self._products += other._products
        self._users += other._users
        return self

    def values(self, base: State, devices: int) -> dict[str, Array]:
        name = self._tensor.name
        check_numbering(name, base, self._users)
        weights, scale = self._weights.integers()
        products, exponent = self._products.integers()
        if not any(weights):
            raise not_averaged(name)
        ratios = (
            (each, weight, exponent - scale) if weight else None
            for each, weight in zip(products, weights, strict=True)
        )
        return {name: _cells(name, base[name], ratios)}


class Moments:
    """The rule ``chan``: count, means, and sums of squares or of products about the means.

    ``count`` is a number, or one for each row of ``mean``; ``m2`` has the shape of ``mean``, or is
    a matrix for one ``mean``. Kept are the sums of the powers 0, 1 and 2.
    """

    NAMES = ("count", "mean", "m2")

    def __init__(self, base: State) -> None:
        self._counts = ExactSums(base.tensor("count").shape)
        self._first = ExactSums(base.tensor("mean").shape)
        self._second = ExactSums(base.tensor("m2").shape)

    def add(self, base: State, devices: Sequence[State]) -> None:
        count, mean, m2 = (stacked(devices, name) for name in self.NAMES)
        self._add(count, mean, m2)

    def _add(self, count: Array, mean: Array, m2: Array, times: int = 1) -> None:
        counts, first, second = exact(count), exact(mean), exact(m2)
        if times != 1:
            factor: Terms = [(np.array(times), 0)]
            counts, second = product(counts, factor), product(second, factor)
        rows = _with_axes(counts, mean.ndim - count.ndim)
        self._counts.add(counts)
        self._first.add(product(first, rows))
        if self._is_matrix:
            squares = product(exact(mean[:, :, None]), exact(mean[:, None, :]))
            rows = _with_axes(rows, 1)
        else:
            squares = product(first, first)
        self._second.add(product(squares, rows))
        self._second.add(second)

    @property
    def _is_matrix(self) -> bool:
        return self._second.shape != self._first.shape

    def __iadd__(self, other: Moments) -> Self:
        self._counts += other._counts
        self._first += other._first
        self._second += other._second
        return self

    def values(self, base: State, devices: int) -> dict[str, Array]:
        count, mean, m2 = (base[name] for name in self.NAMES)
        whole = Moments(base)
        whole += self
        whole._add(count[None], mean[None], m2[None], 1 - devices)
        counts, scale = whole._counts.integers()
        firsts, first_scale = whole._first.integers()
        seconds, second_scale = whole._second.integers()
        repeat = len(firsts) // max(len(counts), 1)
        # The sum of squares about the mean is second - first * first / count.
        pairs: list[tuple[int, int]] = [(i, i) for i in range(len(firsts))]
        if self._is_matrix:
            pairs = [(i, j) for i in range(len(firsts)) for j in range(len(firsts))]
        left, right = second_scale + scale, 2 * first_scale
        exponent = min(left, right)
        squares: list[Ratio] = []
        for (i, j), second in zip(pairs, seconds, strict=True):
            number = counts[i // repeat]
            if number == 0:
                squares.append((second, 1, second_scale))
                continue
            top = (second * number << left - exponent) - (firsts[i] * firsts[j] << right - exponent)
            # Where a feature never changes, rounding on the devices can lead below 0.
            squares.append((max(top, 0) if i == j else top, number, exponent - scale))
        means: list[Ratio | None] = [
            (each, counts[i // repeat], first_scale - scale) if counts[i // repeat] else None
            for i, each in enumerate(firsts)
        ]
        return {
            "count": _cells("count", count, ((each, 1, scale) for each in counts)),
            "mean": _cells("mean", mean, means),
            "m2": _cells("m2", m2, squares),
        }


def is_pool(state: State) -> bool:
    """True if ``count``, ``mean`` and ``m2`` have the shapes of moments."""
    count, mean, m2 = (state.tensor(name).shape for name in Moments.NAMES)
    of_rows = count == mean[: len(count)]
    return of_rows and (m2 == mean or (len(mean) == 1 and count == () and m2 == mean * 2))


def stacked(devices: Sequence[State], name: str) -> Array:
    """A tensor of all devices, in an array of shape ``(devices, *shape)``."""
    return np.stack([device[name] for device in devices])


def not_averaged(name: str) -> StateError:
    """The error of a tensor for which no device has a weight."""
    return StateError(f"{name} is averaged by updates, and no device has seen any since the base")


def check_numbering(name: str, base: State, users: Array) -> None:
    """Check that a row has one meaning on all devices: they number clusters as they meet them.

    Args:
        name: of the tensor.
        base: what the devices started from.
        users: for each cell, how many devices have updates for it.

    Raises:
        StateError: naming the rows.
    """
    if (base.metadata.get("model"), name) != ("kmeans", "centers") or "count" not in base:
        return
    by_row = users.reshape(len(users), -1).max(axis=1)
    new = np.flatnonzero((base["count"] == 0) & (by_row > 1)).tolist()
    if new:
        raise StateError(
            f"{name}: the base has no center {listed(list(map(str, new)))} yet, and each "
            "device numbers its clusters as it meets them, so an average would join different "
            "ones: give devices a base that has learned a row for each cluster"
        )


def _with_axes(terms: Terms, count: int) -> Terms:
    """The terms with more axes of length 1 at the end."""
    axes = (..., *[None] * count)
    return [
        (integers[axes], exponents[axes] if isinstance(exponents, np.ndarray) else exponents)
        for integers, exponents in terms
    ]


def _beyond(sums: ExactSums, base: Array, devices: int) -> ExactSums:
    """The base and what the devices have beyond it, given the sums of the devices."""
    whole = ExactSums(sums.shape)
    whole += sums
    whole.add(product(exact(base[None]), [(np.array(1 - devices), 0)]))
    return whole


def _cells(name: str, base: Array, ratios: Iterable[Ratio | None]) -> Array:
    """Cells rounded once; where there is no ratio, the base's."""
    least: float
    most: float
    if base.dtype.kind in "iu":
        least, most = np.iinfo(base.dtype).min, np.iinfo(base.dtype).max
    else:
        most = float(np.finfo(base.dtype).max)
        least = -most
    values = base.reshape(-1).tolist()
    for i, ratio in enumerate(ratios):
        if ratio is None:
            continue
        value = rounded(*ratio, base.dtype)
        if not least <= value <= most:
            cell = shape_text([int(each) for each in np.unravel_index(i, base.shape)])
            raise StateBoundsError(f"{name}{cell} would be {value}, which is no {base.dtype.name}")
        values[i] = value
    return np.array(values, base.dtype).reshape(base.shape)
