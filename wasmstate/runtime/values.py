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
from wasmstate.state.tensor import shape_text

_EXACT = 2.0**53
"""Below it a float has all digits of an integer."""


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


def _not_whole(what: str, type_: str, value: Any) -> ArgumentError:
    text = f"{what} must be an integer ({type_}), not {value!r}"
    if not isinstance(value, (list, tuple, np.ndarray)):
        return ArgumentError(text)
    name = what.rpartition(" ")[2]
    name = f"p{name}" if name.isdecimal() else name
    array = _array(value)
    shape = shape_text(array.shape if array is not None else [len(value)])
    return ArgumentError(
        f"{text}; if it is the address of an array, the signature of the function must say so: "
        f"{name}: f64{shape}@sym:{name}, with the type of its elements and the place of its "
        f"buffer, an address or an exported symbol"
    ).helped_by("entry_points")


def check_number(what: str, type_: str, value: Any) -> Any:
    """A number as a call takes it, integers as signed.

    Raises:
        ArgumentError: if it is not a number, or does not fit the type.
    """
    if type_ in ("i32", "i64"):
        bits = int(type_[1:])
        try:
            number = operator.index(_whole(value, bits))
        except TypeError as error:
            raise _not_whole(what, type_, value) from error
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


def _whole(value: Any, bits: int) -> Any:
    """An integer that is written as a float, ``1.0``, or as a truth value of NumPy's."""
    if isinstance(value, (float, np.floating)):
        number, limit = float(value), 2.0 ** (bits - 1)
        fits = abs(number) < _EXACT and -limit <= number < limit
        return int(number) if fits and number.is_integer() else value
    return int(value) if isinstance(value, np.bool_) else value


def whole_numbers(value: Any) -> Any:
    """An array of floats that are all whole, as integers; anything else as it is.

    So that a parameter that is an integer takes the same numbers in an array as alone.
    """
    if isinstance(value, (np.ndarray, list, tuple)):
        array = value if isinstance(value, np.ndarray) else _array(value)
        if array is not None and array.dtype.kind == "f" and array.size:
            is_whole = (array == np.floor(array)) & (np.abs(array) < _EXACT)
            if is_whole.all():
                return array.astype(np.int64)
    return value


def _array(value: Any) -> np.ndarray[Any, Any] | None:
    try:
        return np.asarray(value)
    except (ValueError, TypeError, OverflowError):
        return None  # whoever reads it says why
