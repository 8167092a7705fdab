"""Numbers on their way into a call.

wasmtime's Python API takes an integer that does not fit modulo 2**32 or 2**64, without a word;
here it is an error.
"""

from __future__ import annotations

import operator
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from wasmstate.binary.types import FuncType
from wasmstate.errors import ArgumentError
from wasmstate.runtime.unchecked_call import FORMATS


def check_arguments(
    name: str, func_type: FuncType, args: Sequence[Any], *, names: Sequence[str] = ()
) -> list[int | float]:
    """The arguments as the call takes them; errors say the names of parameters if given.

    Raises:
        ArgumentError: if there are too many or too few, one does not fit its type, or the function
            is one whose types only modules can exchange.
    """
    if len(args) != len(func_type.params):
        wanted = len(func_type.params)
        raise ArgumentError(
            f"{name}{func_type} takes {wanted} argument{'s' * (wanted != 1)}, {len(args)} given"
        )
    for result in func_type.results:
        if str(result) not in FORMATS:
            raise ArgumentError(f"{name}{func_type} gives {result}, which cannot be taken out")
    return [
        check_number(f"{name}, argument {names[i] if names else i}", str(param), arg)
        for i, (param, arg) in enumerate(zip(func_type.params, args, strict=True))
    ]


def check_number(what: str, type_: str, value: Any) -> Any:
    """A number as a call takes it, integers as signed.

    Raises:
        ArgumentError: if it is none, or does not fit the type.
    """
    if type_ in ("i32", "i64"):
        bits = int(type_[1:])
        try:
            number = operator.index(value)
        except TypeError as error:
            raise ArgumentError(f"{what} must be an integer ({type_}), not {value!r}") from error
        if not -1 << bits - 1 <= number < 1 << bits:
            raise ArgumentError(f"{what}: {number} does not fit {type_}")
        return number - (1 << bits) if number >= 1 << bits - 1 else int(number)
    if type_ == "f32" and type(value) is np.float32:
        return value  # as it is: a Python float has no room for a signalling NaN
    if type_ in ("f32", "f64"):
        try:
            # Only what is a number: float() alone would read texts, too.
            real = float(value if hasattr(value, "__float__") else operator.index(value))
        except (TypeError, ValueError, OverflowError) as error:
            raise ArgumentError(f"{what} must be a number ({type_}), not {value!r}") from error
        if type_ == "f32":
            try:
                struct.pack("<f", real)
            except OverflowError as error:
                raise ArgumentError(f"{what}: {real} does not fit f32") from error
        return real
    raise ArgumentError(f"{what} is of type {type_}, which cannot be given from outside")
