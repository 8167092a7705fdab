"""What the schemas say of merging holds: devices that saw parts of a stream know all of it."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from guest import Guest
from wasmstate import State

Values = dict[str, NDArray[Any]]

EXACT: dict[str, dict[str, Any]] = {
    "moments": {"features": 3},
    "ols": {"features": 3},
    "gaussian_nb": {"classes": 3, "features": 2},
    "multinomial_nb": {"classes": 3, "features": 4},
    "linucb": {"arms": 3, "features": 2},
    "ucb1": {"arms": 3},
}


def rows_of(name: str, count: int) -> list[NDArray[Any]]:
    rng = np.random.default_rng(9)
    x = rng.normal(size=(count, EXACT[name].get("features", 1))) + 100
    which = rng.integers(0, 3, count)
    reward = rng.integers(0, 2, count).astype(float)
    return {
        "moments": [x],
        "ols": [x, x.sum(axis=1) + rng.normal(size=count)],
        "gaussian_nb": [x, which],
        "multinomial_nb": [rng.integers(0, 9, x.shape), which],
        "linucb": [x, which, reward],
        "ucb1": [which, reward],
    }[name]


def merged(schema: State, first: Values, second: Values) -> Values:
    """Two states that started from nothing, joined as their schema says."""
    result = dict(first)
    for tensor in schema.tensors:
        if tensor.merge in ("sum", "counts"):
            result[tensor.name] = first[tensor.name] + second[tensor.name]
    if any(tensor.merge == "chan" for tensor in schema.tensors):
        n, m = first["count"], second["count"]
        total = np.maximum(n + m, 1)
        shape = (*n.shape, *[1] * (first["mean"].ndim - n.ndim))
        delta = second["mean"] - first["mean"]
        square = first["m2"].ndim > first["mean"].ndim
        products = np.outer(delta, delta) if square else delta**2
        result["count"] = n + m
        result["mean"] = first["mean"] + delta * (m / total).reshape(shape)
        result["m2"] = first["m2"] + second["m2"] + products * (n * m / total).reshape(shape)
    return result


@pytest.mark.parametrize("name", EXACT)
def test_four_devices_know_what_one_would_that_saw_all(name: str) -> None:
    rows = rows_of(name, 400)
    whole = Guest.new(name, **EXACT[name]).feed(*rows).state
    parts = []
    for part in np.array_split(np.random.default_rng(0).permutation(400), [30, 31, 250]):
        state = Guest.new(name, **EXACT[name]).feed(*(column[part] for column in rows)).state
        parts.append({tensor: state[tensor] for tensor in state})

    def join(order: list[Values]) -> Values:
        return reduce(lambda first, second: merged(whole, first, second), order)

    one_way, other_way = join(parts), join(parts[::-1])
    for tensor in whole.tensors:
        if tensor.dtype[0] in "iu":
            assert one_way[tensor.name].tolist() == whole[tensor.name].tolist()
            assert one_way[tensor.name].tolist() == other_way[tensor.name].tolist()
        else:
            scale = np.abs(whole[tensor.name]).max(initial=1e-300)
            for found in (one_way, other_way):
                np.testing.assert_allclose(
                    found[tensor.name], whole[tensor.name], rtol=0, atol=1e-12 * scale
                )
