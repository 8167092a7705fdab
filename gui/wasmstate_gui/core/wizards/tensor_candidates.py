"""What in a module could be a tensor: symbols in its memory, and globals that can change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from wasmstate.binary.module import Module
from wasmstate.binary.names import read_names
from wasmstate.binary.spaces import Spaces
from wasmstate.state.place import with_memory
from wasmstate.state.symbols import Symbol, symbols
from wasmstate.state.tensor import DTYPES
from wasmstate_gui.core.texts import counted

_NUMBERS = ("i32", "i64", "f32", "f64")
_LARGEST = 1 << 16  # bytes between two symbols that are still taken for one array
_LEAST = 16  # below it nothing is placed: address 0 is that of no data
_CONSTANT = (".rodata", ".tdata")  # what the names of segments begin with that are never written


@dataclass(frozen=True, slots=True)
class Row:
    """A tensor as it stands in the form.

    Attributes:
        name, dtype, shape, place: as they are typed: ``w``, ``f32``, ``4,8``, ``sym:w``.
        is_chosen: whether it belongs to S.
        note: what is known of the place.
    """

    name: str
    dtype: str
    shape: str
    place: str
    is_chosen: bool = False
    note: str = ""


def candidates(module: Module) -> list[Row]:
    """Rows for everything that can be a tensor; constants and what a linker adds come last.

    Types and shapes of symbols are guesses: a module does not tell them.

    Raises:
        MalformedError: if a section that is needed cannot be decoded.
    """
    spaces = Spaces(module)
    found = sorted(symbols(spaces), key=lambda each: (each.address, each.name))
    likely = [each for each in found if not _is_unlikely(each)]
    rest = [each for each in found if _is_unlikely(each)]
    rows = [*_rows(spaces, likely, found), *_globals(module, spaces), *_rows(spaces, rest, found)]
    return sorted(rows, key=lambda row: row.name.startswith("__"))


def _is_unlikely(symbol: Symbol) -> bool:
    """Whether it is the linker's own, nameless as of a compiler, or never written."""
    is_nameless = symbol.name.startswith(".L") or symbol.name.isdecimal()
    is_own = is_nameless or symbol.name.startswith("__") or symbol.address < _LEAST
    return is_own or symbol.segment.startswith(_CONSTANT)


def _rows(spaces: Spaces, chosen: Sequence[Symbol], found: Sequence[Symbol]) -> list[Row]:
    ends = {one.address: two for one, two in pairwise(found) if one.address < two.address}
    count = Counter(each.name for each in found)
    rows = []
    for each in chosen:
        is_unique = count[each.name] == 1
        name = each.name if is_unique else f"{each.name}_{each.address}"
        place = f"sym:{each.name}" if is_unique else str(each.address)
        place = with_memory(spaces, 0, place)
        room, note = _room(each, ends.get(each.address))
        dtype, shape = _guess(each.address, room)
        rows.append(Row(name, dtype, shape, place, note=note))
    return rows


def _room(symbol: Symbol, after: Symbol | None) -> tuple[int, str]:
    """How many bytes a symbol has, 0 if that is not known, and what is known of it."""
    at = f"at 0x{symbol.address:X}"
    told = "" if symbol.where == "an export" else f", in {symbol.where}"
    told = told.replace("in the name of", "the name of")
    if symbol.size:
        return symbol.size, f"{at}, {counted(symbol.size, 'byte')}{told}"
    if after is None or after.address - symbol.address > _LARGEST:
        return 0, f"{at}{told}"
    room = after.address - symbol.address
    return room, f"{at}, {counted(room, 'byte')} until {after.name}{told}"


def _guess(address: int, room: int) -> tuple[str, str]:
    """Type and shape: of the largest elements that would be aligned, and fill the room."""
    dtype = next(t for t in ("f64", "f32", "u16", "u8") if not (address | room) % _size(t))
    count = room // _size(dtype)
    return dtype, str(count) if count > 1 else ""


def _size(dtype: str) -> int:
    return DTYPES[dtype].itemsize


def _globals(module: Module, spaces: Spaces) -> list[Row]:
    exported = {e.index: name for name, e in spaces.exports.items() if e.kind == "global"}
    names = read_names(module).globals
    count = Counter(names.values())
    imported = sum(each.kind == "global" for each in spaces.imports)
    rows = []
    for index, entry in enumerate(spaces.globals):
        dtype = str(entry.type.valtype)
        if index < imported or not entry.type.mut or dtype not in _NUMBERS:
            continue
        name = exported.get(index, names.get(index, ""))
        is_unique = index in exported or count[name] == 1
        place = f"global:{name if is_unique else index}"
        note = f"global {index}, {'exported' if index in exported else 'not exported'}"
        rows.append(Row(name or f"global{index}", dtype, "", place, note=note))
    return rows
