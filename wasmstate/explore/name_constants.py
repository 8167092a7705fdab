"""Names for constants that become tensors: proposed, or as a user writes them.

A file of names is TOML: ``w = [0x1f4, 0x202]`` is a tensor of two elements, each given by the
offset of its constant; lists in a list give it more dimensions; ``"0x1f4 0x2f4"`` is one element
that two constants are read from, copies that a compiler made of one.
"""

from __future__ import annotations

import os
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from wasmstate.errors import SchemaError
from wasmstate.explore.find_constants import Constant
from wasmstate.state.tensor import check_name

_LARGEST = 16 << 20  # bytes of a file

Offsets = tuple[int, ...]


def name_constants(
    constants: Iterable[Constant], *, taken: Iterable[str] = (), join_equal: bool = False
) -> dict[str, list[Offsets]]:
    """A tensor for the constants of each function and type, in the order of the code.

    Args:
        constants: that become elements.
        taken: names that are given to something else.
        join_equal: whether constants of equal type and bits become one element, where the first
            of them is.
    """
    groups: dict[tuple[int, str, str], list[list[int]]] = defaultdict(list)
    known: dict[tuple[str, bytes], list[int]] = {}
    names: dict[int, str] = {}
    for each in constants:
        names[each.function] = each.function_name
        offsets = known.get((each.valtype, each.content)) if join_equal else None
        if offsets is not None:
            offsets.append(each.offset)
            continue
        offsets = known[each.valtype, each.content] = [each.offset]
        groups[each.function, each.valtype, each.dtype].append(offsets)
    used = set(taken)
    found: dict[str, list[Offsets]] = {}
    for (function, type_, dtype), elements in groups.items():
        parts = ["w"]
        if len({group[0] for group in groups}) > 1:
            parts.append(names[function])
        if sum(group[0] == function for group in groups) > 1:
            parts.append(dtype if type_ != "v128" else f"v128_{dtype}")
        name = _unused("_".join(parts), used)
        found[name] = [tuple(each) for each in elements]
    return found


def _unused(name: str, used: set[str]) -> str:
    try:
        check_name(name)
    except SchemaError:
        name = "w"
    name = "".join(c if c.isalnum() or c in "_." else "_" for c in name)
    number, found = 2, name
    while found in used:
        found, number = f"{name}{number}", number + 1
    used.add(found)
    return found


def read_constant_names(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a file of names.

    Raises:
        SchemaError: naming the file and what is wrong.
        OSError: if it cannot be read.
    """
    with Path(path).open("rb") as file:
        raw = file.read(_LARGEST + 1)
    if len(raw) > _LARGEST:
        raise SchemaError(f"{path}: it has more than {_LARGEST} bytes: it is no file of names")
    try:
        return tomllib.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise SchemaError(f"{path}: cannot be read: {error}") from error


def elements_of(name: str, value: Any) -> tuple[tuple[int, ...], list[Offsets]]:
    """The shape of a tensor as it is written, and the constants of each element.

    Raises:
        SchemaError: naming the tensor and what is wrong.
    """
    shape: list[int] = []
    level = [value]
    while any(isinstance(each, list) for each in level):
        sizes = {len(each) if isinstance(each, list) else -1 for each in level}
        if len(sizes) > 1 or sizes <= {0, -1}:
            raise SchemaError(f"{name}: its rows must be lists of one length, none of them empty")
        shape.append(sizes.pop())
        level = [inner for each in level for inner in each]
    return tuple(shape), [_offsets(name, each) for each in level]


def _offsets(name: str, value: Any) -> Offsets:
    if isinstance(value, Constant):
        return (value.offset,)
    if isinstance(value, tuple):
        return tuple(offset for each in value for offset in _offsets(name, each))
    try:
        if isinstance(value, str):
            found = tuple(int(part, 0) for part in value.split())
        else:
            found = (int(value),) if type(value) is not bool and value == int(value) else ()
    except (TypeError, ValueError, OverflowError):
        found = ()
    if not found or min(found) < 0:  # a tuple may be empty: an element without a constant
        raise SchemaError(
            f"{name}: an element is the offset of a constant, such as 0x1f4, or the offsets of "
            f'equal ones, "0x1f4 0x2f4"; not {value!r}'
        )
    return found


def constant_names_text(
    names: Mapping[str, Sequence[Offsets]], constants: Iterable[Constant]
) -> str:
    """A file of names, with what each constant is."""
    known = {each.offset: each for each in constants}
    lines = ["# Constants that become tensors. Rename, reorder or leave out what you like."]
    for name, elements in names.items():
        key = name if name.isascii() and name.replace("_", "").isalnum() else _quoted(name)
        lines += ["", f"{key} = ["]
        for offsets in elements:
            text = " ".join(f"{offset:#x}" for offset in offsets)
            shown = f'"{text}"' if len(offsets) > 1 else text
            lines.append(f"  {shown},  # {known[offsets[0]]}")
        lines.append("]")
    return "\n".join(lines) + "\n"


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
