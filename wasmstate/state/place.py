"""Places: where in a module something is, as a user writes it.

Source: docs/format.md, "Attaching".
"""

from __future__ import annotations

from wasmstate.binary.spaces import Spaces
from wasmstate.errors import SchemaError, StateBoundsError
from wasmstate.escapes import listed
from wasmstate.state.symbols import find_symbol

_MEMORY = "mem:"
_SYMBOL = "sym:"


def split_memory(place: str) -> tuple[str | None, str]:
    """The memory that a place names, if it does, and the place in it: ``mem:NAME:1024``."""
    if not place.startswith(_MEMORY):
        return None, place
    name, _, inner = place.removeprefix(_MEMORY).partition(":")
    return name, inner


def with_memory(spaces: Spaces, index: int, place: str) -> str:
    """A place in a memory, as it has to be written for this module."""
    return place if len(spaces.memories) < 2 else f"{_MEMORY}{index}:{place}"


def memory_of(spaces: Spaces, what: str, place: str) -> int:
    """The index of the memory that a place is in.

    Raises:
        SchemaError: if the module has several and the place names none of them, or one that is
            not there.
    """
    name, inner = split_memory(place)
    if name is None:
        if len(spaces.memories) < 2:
            return 0
        raise SchemaError(
            f"{what}: the module has {len(spaces.memories)} memories ({_known(spaces)}), and "
            f"{place} does not say in which: write {_MEMORY}NAME:{inner}, or its index for NAME"
        )
    export = spaces.exports.get(name)
    if export is not None and export.kind == "memory":
        return export.index
    if name.isdecimal() and name.isascii() and int(name) < len(spaces.memories):
        return int(name)
    raise SchemaError(f"{what}: there is no memory {name!r}; there are {_known(spaces)}")


def _known(spaces: Spaces) -> str:
    names = {e.index: f" {e.name}" for e in spaces.exports.values() if e.kind == "memory"}
    return listed([f"{i}{names.get(i, '')}" for i in range(len(spaces.memories))])


def symbol_of(place: str) -> str | None:
    """The symbol that a place names, if it does."""
    _, inner = split_memory(place)
    return inner.removeprefix(_SYMBOL) if inner.startswith(_SYMBOL) else None


def address_of(spaces: Spaces, what: str, place: str, known: str) -> int:
    """The address that a place stands for, in the memory that it is in.

    Args:
        spaces: of the module.
        what: it is the place of, for errors.
        place: an address, or ``sym:NAME``, either behind ``mem:NAME:``.
        known: the places that could be written here, for errors.

    Raises:
        SchemaError: if it is neither, or the symbol is not there.
    """
    _, inner = split_memory(place)
    if inner.startswith(_SYMBOL):
        return find_symbol(spaces, what, inner.removeprefix(_SYMBOL))
    try:
        return int(inner, 0)
    except ValueError as error:
        raise SchemaError(f"{what}: cannot read the place {place!r}: write {known}") from error


def check_address(spaces: Spaces, what: str, address: int, size: int, index: int = 0) -> None:
    """Check that bytes lie in the memory that there is at the start.

    Raises:
        SchemaError: if there is none.
        StateBoundsError: if they do not.
    """
    if not spaces.memories:
        raise SchemaError(f"{what}: the module has no memory")
    memory = spaces.memories[index]
    available = memory.limits.min * memory.page_size
    if address < 0 or address + size > available:
        raise StateBoundsError(
            f"{what}: bytes {address} to {address + size} do not lie in the memory, "
            f"which starts with {memory.limits.min} pages ({available} bytes)"
        )
