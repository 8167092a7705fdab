"""JSON in which nothing is read in silence as something else.

JSON's own rules let a key stand twice, the last one wins, and have no limit for a number; Python's
``json`` makes ``1e400`` infinite, and ``True`` is an integer of Python's.
"""

from __future__ import annotations

import json
from typing import Any

from wasmstate.errors import ArgumentError
from wasmstate.session.numerals import parse_float

_DEEPEST = 64  # dimensions, as in NumPy


def parse_json(text: str | bytes) -> Any:
    """Parse JSON, with ``NaN``, ``Infinity`` and ``-Infinity`` as JavaScript writes them.

    Raises:
        ArgumentError: it is no JSON, has a key twice in one object, or a number too large for f64.
    """
    try:
        return json.loads(text, cls=_shared)  # type: ignore[arg-type]
    except RecursionError as error:
        raise ArgumentError("nested too deeply") from error
    except ValueError as error:  # UnicodeDecodeError is a ValueError
        raise ArgumentError(str(error)) from error


def check_numbers(value: Any, place: str) -> None:
    """Check that a value holds numbers alone, in lists to any depth.

    Raises:
        ArgumentError: naming the first value that is not a number.
    """
    if isinstance(value, list):
        if place.count("[") > _DEEPEST:
            raise ArgumentError("nested too deeply")
        for i, each in enumerate(value):
            if type(each) not in (int, float):
                check_numbers(each, f"{place}[{i}]")
    elif value is None or isinstance(value, (bool, str, dict)):
        raise ArgumentError(f"{place} must be a number or an array, not {json.dumps(value)[:40]}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ArgumentError(f"the key {json.dumps(key)} stands twice")
        found[key] = value
    return found


_DECODER = json.JSONDecoder(parse_float=parse_float, object_pairs_hook=_object)


def _shared() -> json.JSONDecoder:
    """One decoder for all texts: to make one takes longer than to parse a line."""
    return _DECODER
