"""Places: where in a module something is, as a user writes it.

Source: docs/format.md, "Attaching".
"""

from __future__ import annotations

from wasmstate.binary.spaces import Spaces
from wasmstate.errors import SchemaError, StateBoundsError
from wasmstate.state.symbols import find_symbol


def address_of(spaces: Spaces, what: str, place: str, known: str) -> int:
    """The address that a place in memory stands for.

    Args:
        spaces: of the module.
        what: it is the place of, for errors.
        place: an address, or ``sym:NAME``.
        known: the places that could be written here, for errors.

    Raises:
        SchemaError: if it is neither, or the symbol is not there.
    """
    if place.startswith("sym:"):
        return find_symbol(spaces, what, place.removeprefix("sym:"))
    try:
        return int(place, 0)
    except ValueError as error:
        raise SchemaError(f"{what}: cannot read the place {place!r}: write {known}") from error


def check_address(spaces: Spaces, what: str, address: int, size: int) -> None:
    """Check that bytes lie in the memory that there is at the start.

    Raises:
        SchemaError: if there is none.
        StateBoundsError: if they do not.
    """
    if not spaces.memories:
        raise SchemaError(f"{what}: the module has no memory")
    memory = spaces.memories[0]
    available = memory.limits.min * memory.page_size
    if address < 0 or address + size > available:
        raise StateBoundsError(
            f"{what}: bytes {address} to {address + size} do not lie in the memory, "
            f"which starts with {memory.limits.min} pages ({available} bytes)"
        )
