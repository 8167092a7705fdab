"""Numbers as text: in arguments, assignments, tables and the window.

One grammar for all of them: ``12``, ``-3``, ``0x1F``, ``1.5``, ``1e-3``, ``nan``, ``inf``. Python's
``int()`` and ``float()`` read more than that (``1_000``, the digits of every script), and lose some
of it in silence: ``float("1e400")`` is infinite, ``int(float("9007199254740993.0"))`` is another
number.
"""

from __future__ import annotations

import math
import re
import sys
from decimal import Decimal, InvalidOperation

from wasmstate.errors import ArgumentError

_PREFIXED = re.compile(r"\s*[+-]?0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)\s*")
_WRITTEN = {
    "number": "a number: write 1.5, 1e-3, nan or inf",
    "integer": "an integer: write 12, -3 or 0x1F",
}
_LARGEST = sys.float_info.max
_MOST_DIGITS = 40  # more than any integer type has


def parse_number(text: str) -> int | float:
    """A number: an integer if it is written as one, else a float.

    Raises:
        ArgumentError: the text is empty, not a number, or too large for f64.
    """
    try:
        return _integer_literal(text)
    except ValueError:
        return parse_float(text)


def parse_float(text: str) -> float:
    """A float. Raises as :func:`parse_number`."""
    try:
        number = float(text)
    except ValueError:
        number = _prefixed(text)
    if "_" in text or not text.isascii():
        raise _not_a("number", text)
    if -_LARGEST <= number <= _LARGEST:
        return number
    if math.isinf(number) and "n" not in text.lower():  # digits, and not the word inf
        raise ArgumentError(f"{text.strip()!r} is too large for f64: infinity is written inf")
    return number


def parse_integer(text: str) -> int:
    """An integer, exactly; also one that is written ``1.0`` or ``1e3``, as some programs do.

    Raises:
        ArgumentError: the text is empty or not an integer.
    """
    try:
        return _integer_literal(text)
    except ValueError:
        pass
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise _not_a("integer", text) from None
    # to_integral_value would write out all the zeros of 1e999999.
    if "_" in text or not text.isascii() or not number.is_finite():
        raise _not_a("integer", text)
    if number.adjusted() > _MOST_DIGITS:
        raise ArgumentError(f"{text.strip()!r} is too large for an integer type")
    if number != number.to_integral_value():
        raise _not_a("integer", text)
    return int(number)


def split_numbers(text: str) -> list[str]:
    """The texts between the commas, semicolons or spaces of an array written on one line.

    Raises:
        ArgumentError: nothing stands between two commas, before the first, or behind the last one.
    """
    cells: list[str] = []
    for part in re.split("[,;]", text):
        found = part.split()
        if not found:
            raise ArgumentError(f"element {len(cells)} is empty")
        cells += found
    return cells


def _integer_literal(text: str) -> int:
    if "_" in text or not text.isascii():
        raise ValueError(text)
    try:
        return int(text)
    except ValueError:
        if _PREFIXED.fullmatch(text) is None:
            raise
        return int(text, 0)


def _prefixed(text: str) -> float:
    try:
        return float(_integer_literal(text))
    except OverflowError as error:
        raise ArgumentError(f"{text.strip()!r} is too large for f64") from error
    except ValueError:
        raise _not_a("number", text) from None


def _not_a(what: str, text: str) -> ArgumentError:
    if not text.strip():
        return ArgumentError("the value is empty")
    return ArgumentError(f"{text.strip()!r} is not {_WRITTEN[what]}")
