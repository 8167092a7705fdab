"""What in a module could be a tensor: symbols in its memory, and globals that can change."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from wasmstate.binary.module import Module
from wasmstate.binary.names import read_names
from wasmstate.binary.spaces import GlobalEntry, Spaces
from wasmstate.state.tensor import DTYPES

_NUMBERS = ("i32", "i64", "f32", "f64")
_LARGEST = 1 << 16  # bytes between two symbols that are still taken for one array


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
    """Rows for everything that can be a tensor; what a linker adds comes last.

    Types and shapes of symbols are guesses: a module does not tell them.

    Raises:
        MalformedError: if a section that is needed cannot be decoded.
    """
    spaces = Spaces(module)
    rows = [*_symbols(spaces), *_globals(module, spaces)]
    return sorted(rows, key=lambda row: row.name.startswith("__"))


def _symbols(spaces: Spaces) -> list[Row]:
    found = []
    for export in spaces.exports.values():
        if export.kind == "global" and export.index < len(spaces.globals):
            entry = spaces.globals[export.index]
            if _is_address(entry):
                assert isinstance(entry.value, int)
                found.append((entry.value % (1 << 64), export.name))
    found.sort()
    ends = {one[0]: two for one, two in pairwise(found) if one[0] < two[0]}
    return [_symbol(address, name, ends.get(address)) for address, name in found]


def _is_address(entry: GlobalEntry) -> bool:
    is_integer = str(entry.type.valtype) in ("i32", "i64")
    return is_integer and not entry.type.mut and isinstance(entry.value, int)


def _symbol(address: int, name: str, after: tuple[int, str] | None) -> Row:
    at = f"at 0x{address:X}"
    if after is None or after[0] - address > _LARGEST:
        return Row(name, "f64", "", f"sym:{name}", note=at)
    room = after[0] - address
    dtype = next(each for each in ("f64", "f32", "u16", "u8") if not room % _size(each))
    count = room // _size(dtype)
    shape = "" if count == 1 else str(count)
    return Row(name, dtype, shape, f"sym:{name}", note=f"{at}, {room:,} bytes until {after[1]}")


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
