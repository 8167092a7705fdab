"""Rows as lines of JSON: an object with the names of columns, or a list of cells.

The first line says which columns there are. An array may be written as a list: ``"x": [1, 2]``
stands for ``x[0]`` and ``x[1]``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from wasmstate.errors import ArgumentError
from wasmstate.session.strict_json import parse_json

Cells = dict[str, Any] | list[Any]


def json_cells(where: str, line: str) -> Cells:
    """The cells of a line.

    Raises:
        ArgumentError: it is no JSON, or neither an object nor a list.
    """
    try:
        value = parse_json(line)
    except ArgumentError as error:
        raise ArgumentError(f"{where}: {error}") from error
    if isinstance(value, dict):
        is_flat = not any(type(each) is list for each in value.values())
        return value if is_flat else dict(_flat(value.items()))
    if isinstance(value, list):
        return value
    raise ArgumentError(f"{where}: a row is an object or a list, not {line.strip()[:40]}")


def in_order(where: str, cells: Cells, header: Sequence[str] | None, count: int) -> list[Any]:
    """The cells of a line in the order of the first one; ``None`` for one that is missing.

    Raises:
        ArgumentError: the line is an object and the first one is a list, or the reverse; a list has
            another number of cells.
    """
    if isinstance(cells, dict):
        if header is None:
            raise ArgumentError(f"{where}: it is an object, the first line is a list")
        return [cells.get(each) for each in header]
    if header is not None:
        raise ArgumentError(f"{where}: it is a list, the first line is an object")
    if len(cells) != count:
        raise ArgumentError(
            f"{where}: {len(cells)} cell{'s' * (len(cells) != 1)}, the first line has {count}"
        )
    return cells


def _flat(items: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    for name, value in items:
        if isinstance(value, list):
            yield from ((f"{name}[{index}]", each) for index, each in _elements(value))
        else:
            yield name, value


def _elements(values: list[Any]) -> Iterator[tuple[str, Any]]:
    for i, value in enumerate(values):
        if isinstance(value, list):
            yield from ((f"{i},{rest}", each) for rest, each in _elements(value))
        else:
            yield str(i), value
