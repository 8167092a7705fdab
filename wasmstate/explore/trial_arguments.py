"""Arguments that are made up, for functions that somebody wants to see called."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wasmstate.state.signature import Param
from wasmstate.state.tensor import DTYPES

Argument = int | float | list[object]


def made_up(params: Sequence[Param], k: int) -> tuple[Argument, ...]:
    """Arguments of small, usual values; with another ``k`` they are others, as far as they can."""
    return tuple(
        _argument(param, i, k) if param.default is None else param.default
        for i, param in enumerate(params)
    )


def _argument(param: Param, index: int, k: int) -> Argument:
    if param.is_array:
        count = param.nbytes // DTYPES[param.dtype].itemsize
        values = [_number(param.dtype, index + i, k) for i in range(count)]
        shaped: list[object] = np.array(values).reshape(param.shape).tolist()
        return shaped
    return _number(param.dtype, index, k)


def _number(dtype: str, index: int, k: int) -> int | float:
    if dtype.startswith("f"):
        return 1.0 if k == 0 else ((index + 1) * 0.375 + k * 0.25) % 1.0
    return k
