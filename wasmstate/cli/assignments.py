"""Values for tensors as they are written on the command line: ``w=1,2,3``, ``w[1,0]=0.5``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import ArgumentError, SchemaError
from wasmstate.session.numerals import parse_integer, parse_number, split_numbers
from wasmstate.session.strict_json import parse_json
from wasmstate.state.state import State
from wasmstate.state.tensor import DTYPES

_ASSIGNMENT = re.compile(
    r"(?P<name>[^=\[\]]+)(?:\[(?P<index>[\d,\s]+)\])?=(?P<value>.+)", re.S | re.A
)


def parse_argument(text: str) -> Any:
    """An argument of a call: a number, or an array such as ``1,2,3`` or ``[[1,2],[3,4]]``.

    Raises:
        ArgumentError: the text is neither, or an element of the array is empty.
    """
    stripped = text.strip()
    if stripped.startswith("["):
        try:
            return parse_json(stripped)
        except ArgumentError as error:
            raise ArgumentError(
                f"{text!r} is not an array: {error}; write [1,2,3] or [[1,2],[3,4]]"
            ) from error
    if "," not in stripped:
        return parse_number(stripped)
    try:
        return [parse_number(each) for each in split_numbers(stripped)]
    except ArgumentError as error:
        raise ArgumentError(f"{text!r} is not an array of numbers: {error}") from error


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
    parse = parse_integer if DTYPES[tensor.dtype].kind in "iu" else parse_number
    try:
        numbers = [parse(each) for each in split_numbers(text)]
    except ArgumentError as error:
        raise SchemaError(f"{name}: {error}") from error
    if index is None:
        if len(numbers) != state[name].size:
            raise SchemaError(f"{name} has {state[name].size} elements, {len(numbers)} given")
        return np.array(
            numbers, dtype=object if DTYPES[tensor.dtype].kind in "iu" else None
        ).reshape(tensor.shape)
    try:
        cell = tuple(parse_integer(each) for each in split_numbers(index))
    except ArgumentError as error:
        raise SchemaError(f"{name}[{index}]: {error}") from error
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
