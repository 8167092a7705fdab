"""Making what belongs to S reachable from outside.

Source: docs/format.md, "Attaching".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from wasmstate.binary.edits.export import export_name, with_reachable
from wasmstate.binary.module import Module
from wasmstate.binary.names import read_names
from wasmstate.binary.spaces import Spaces
from wasmstate.state.place import memory_of
from wasmstate.state.tensor import TensorSpec

_GLOBAL = "global:"


def reachable(module: Module, specs: Iterable[TensorSpec]) -> tuple[Module, list[TensorSpec]]:
    """The module with all that the tensors name exported, and the tensors by these exports.

    A global that is not exported may be named by its index or as in the name section.

    Raises:
        SchemaError: if the module has several memories and a place does not say which.
        MalformedError: if a section that is needed cannot be decoded.
    """
    spaces = Spaces(module)
    items: list[tuple[str, int]] = []
    found: list[TensorSpec] = []
    for spec in specs:
        if not spec.place.startswith(_GLOBAL):
            items += _memory(spaces, spec)
            found.append(spec)
            continue
        name = spec.place.removeprefix(_GLOBAL)
        index = None if name in spaces.exports else _global_index(module, spaces, name)
        if index is None:
            found.append(spec)
            continue
        items.append(("global", index))
        exported = (e.name for e in spaces.exports.values() if (e.kind, e.index) == items[-1])
        found.append(replace(spec, place=_GLOBAL + next(exported, export_name("global", index))))
    return with_reachable(module, items), found


def _memory(spaces: Spaces, spec: TensorSpec) -> list[tuple[str, int]]:
    if not spaces.memories:
        return []
    return [("memory", memory_of(spaces, spec.name, spec.place))]


def _global_index(module: Module, spaces: Spaces, name: str) -> int | None:
    """Index of a mutable global, named by its index or by a unique name."""
    indices = [index for index, each in read_names(module).globals.items() if each == name]
    if not indices and name.isdecimal() and name.isascii():
        indices = [int(name)]
    if len(indices) != 1 or indices[0] >= len(spaces.globals):
        return None
    return indices[0] if spaces.globals[indices[0]].type.mut else None
