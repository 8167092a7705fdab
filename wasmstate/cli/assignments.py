"""Values for tensors as they are written on the command line: ``w=1,2,3``, ``w[1,0]=0.5``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import SchemaError
from wasmstate.state.state import State
from wasmstate.state.tensor import DTYPES

_ASSIGNMENT = re.compile(r"(?P<name>[^=\[\]]+)(?:\[(?P<index>[\d,\s]+)\])?=(?P<value>.+)", re.S)


def parse_number(text: str) -> int | float:
    """A number: an integer if it is written like one.

    Raises:
        ValueError: if it is neither.
    """
    try:
        return int(text, 0)
    except ValueError:
        return float(text)


def parse_argument(text: str) -> Any:
    """An argument of a call: a number, or an array such as ``1,2,3`` or ``[[1,2],[3,4]]``.

    Raises:
        ValueError: saying what it is not.
    """
    stripped = text.strip()
    if stripped.startswith("["):
        try:
            return json.loads(stripped)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{text!r} is no array: write [1,2,3] or [[1,2],[3,4]]") from error
    parts = [part.strip() for part in stripped.split(",")]
    try:
        numbers = [parse_number(part) for part in parts if part]
    except ValueError as error:
        what = "a number" if len(parts) == 1 else "an array of numbers"
        raise ValueError(f"{text!r} is not {what}") from error
    if not numbers:
        raise ValueError(f"{text!r} is not a number")
    return numbers if len(parts) > 1 else numbers[0]


def assigned(state: State, assignments: Iterable[str]) -> State:
    """The state with these values.

    Raises:
        SchemaError: if an assignment cannot be read, or does not fit the state.
        StateBoundsError: if a number does not fit the element type.
    """
    for text in assignments:
        match = _ASSIGNMENT.fullmatch(text.strip())
        if match is None:
            raise SchemaError(
                f"cannot read {text!r}: write TENSOR=VALUES, for example w=1,2,3 or w[1,0]=0.5 "
                "or w=@values.npy"
            )
        name = match["name"].strip()
        state = state.with_values({name: _value(state, name, match["index"], match["value"])})
    return state


def _value(state: State, name: str, index: str | None, text: str) -> NDArray[Any]:
    tensor = state.tensor(name)
    if text.startswith("@"):
        if index is not None:
            raise SchemaError(f"{name}: a file gives all values, not one")
        return _load(Path(text[1:]))
    try:
        numbers = [parse_number(part) for part in re.split(r"[,\s]+", text.strip())]
    except ValueError as error:
        raise SchemaError(f"{name}: {error}") from error
    if index is None:
        if len(numbers) != state[name].size:
            raise SchemaError(f"{name} has {state[name].size} elements, {len(numbers)} given")
        return np.array(
            numbers, dtype=object if DTYPES[tensor.dtype].kind in "iu" else None
        ).reshape(tensor.shape)
    cell = tuple(int(part) for part in re.split(r"[,\s]+", index.strip()) if part)
    if len(cell) != len(tensor.shape) or any(
        i >= size for i, size in zip(cell, tensor.shape, strict=False)
    ):
        raise SchemaError(f"{name} has the shape {list(tensor.shape)}, no element {list(cell)}")
    if len(numbers) != 1:
        raise SchemaError(f"{name}{list(cell)} takes one number, {len(numbers)} given")
    values = state[name].astype(object)
    values[cell] = numbers[0]
    return values


def _load(path: Path) -> NDArray[Any]:
    try:
        with path.open("rb") as file:
            loaded: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    except ValueError as error:
        raise SchemaError(f"{path} is no .npy file: {error}") from error
    return loaded
