"""Symbols: the names that a module gives to addresses, and what they stand for.

Four places may tell it: an exported constant global (C, Rust: an exported static), a constant
global of the name section, the ``linking`` section that ``wasm-ld --emit-relocs`` leaves, and the
name of a data segment (``.data.weights``).

Source: tool-conventions, "WebAssembly Object File Linking", heading "Symbol Table Subsection".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmstate.binary.names import read_names
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import MalformedError, SchemaError

if TYPE_CHECKING:
    from wasmstate.binary.custom.linking import DataSymbol

_OWN = "__"  # what the names of a linker's own symbols begin with
_FUNCTIONS = "GOT.func."  # what wasm-ld calls globals that hold the place of a function in a table
_DATA = "GOT.data.internal."  # and those that hold the address of data
_SEGMENTS = (".data.", ".bss.", ".sdata.", ".sbss.")


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name for an address in memory 0.

    Attributes:
        name: of the symbol.
        address: that it stands for.
        where: in the module this is told: ``an export``, ``the linking section``.
        size: of what stands there, in bytes; ``None`` if it is not told.
        segment: the name of the data segment that it lies in, if that has one: ``.rodata``.
    """

    name: str
    address: int
    where: str
    size: int | None = None
    segment: str = ""


def symbols(spaces: Spaces) -> list[Symbol]:
    """All symbols, each address of a name once, as they are told."""
    found: dict[tuple[str, int], Symbol] = {}
    for each in _symbols(spaces):
        known = found.get((each.name, each.address))
        if known is None or known.size is None is not each.size:
            found[each.name, each.address] = each
    return list(found.values())


def find_symbol(spaces: Spaces, what: str, symbol: str) -> int:
    """The address that a symbol stands for.

    Raises:
        SchemaError: if there is none of that name, or it stands for several addresses.
    """
    found = [each for each in _symbols(spaces) if each.name == symbol]
    addresses = {each.address for each in found}
    if len(addresses) == 1:
        return addresses.pop()
    if found:
        places = ", ".join(f"{each.address} ({each.where})" for each in found)
        raise SchemaError(
            f"{what}: the symbol {symbol!r} is found at several addresses: {places}; "
            "write the one that is meant as a number"
        )
    export = spaces.exports.get(symbol)
    if export is not None and export.kind == "global" and export.index < len(spaces.globals):
        if spaces.globals[export.index].type.mut:
            raise SchemaError(
                f"{what}: the global {symbol!r} can change, so it is no symbol's address; "
                f"is it the value itself? Then write global:{symbol}"
            )
        raise SchemaError(f"{what}: the global {symbol!r} does not hold a known address")
    exported = [e.name for e in spaces.exports.values() if e.kind == "global"]
    others = dict.fromkeys(s.name for s in _symbols(spaces) if s.name not in exported)
    known = f"it exports the globals {', '.join(exported[:20])}" if exported else "it exports none"
    if others:
        known += f"; other symbols are {', '.join(list(others)[:20])}"
    raise SchemaError(f"{what}: the module exports no global {symbol!r}; {known}")


def data_symbols(spaces: Spaces) -> dict[str, int]:
    """The address of each symbol in memory 0, without those of the linker and disputed ones."""
    memory = spaces.memories[0]
    size = memory.limits.min * memory.page_size
    found: dict[str, set[int]] = {}
    for each in _symbols(spaces):
        found.setdefault(each.name, set()).add(each.address)
    return {
        name: min(places)
        for name, places in found.items()
        if len(places) == 1 and not name.startswith(_OWN) and 16 <= min(places) < size
    }


def _symbols(spaces: Spaces) -> Iterator[Symbol]:
    names = read_names(spaces.module)
    for export in spaces.exports.values():
        if export.kind == "global":
            at = _constant(spaces, export.index)
            if at is not None:
                yield Symbol(export.name, at, "an export")
    for index, name in names.globals.items():
        at = _constant(spaces, index)
        if at is not None and not name.startswith(_FUNCTIONS):
            yield Symbol(name.removeprefix(_DATA), at, "the name section")
    starts = list(_segment_starts(spaces))
    for each in _linked(spaces):
        if each.index is not None and each.offset is not None and each.index < len(starts):
            start = starts[each.index]
            if start is not None:
                at, segment = start + each.offset, names.data.get(each.index, "")
                yield Symbol(each.name, at, "the linking section", each.size, segment)
    for index, name in names.data.items():
        prefix = next((each for each in _SEGMENTS if name.startswith(each)), None)
        start = starts[index] if index < len(starts) else None
        if prefix is not None and start is not None:
            own, size = name.removeprefix(prefix), len(spaces.data[index].init)
            yield Symbol(own, start, "the name of a data segment", size, name)


def _constant(spaces: Spaces, index: int) -> int | None:
    if index >= len(spaces.globals):
        return None
    entry = spaces.globals[index]
    type_ = str(entry.type.valtype)
    if entry.type.mut or type_ not in ("i32", "i64") or not isinstance(entry.value, int):
        return None
    return entry.value % (1 << int(type_[1:]))


def _segment_starts(spaces: Spaces) -> Iterator[int | None]:
    values = [entry.value for entry in spaces.globals]
    bits = 64 if spaces.memories and spaces.memories[0].limits.is_64_bit else 32
    for segment in spaces.data:
        start = segment.offset.evaluate(values) if segment.offset is not None else None
        is_first = not segment.memidx
        yield start % (1 << bits) if isinstance(start, int) and is_first else None


def _linked(spaces: Spaces) -> Iterator[DataSymbol]:
    sections = spaces.module.custom_sections("linking")
    if not sections:
        return
    from wasmstate.binary.custom.linking import DataSymbol, SymInfo  # noqa: PLC0415 (it is rare)

    for section in sections:
        try:
            linking = section.decode()
        except MalformedError:
            return  # a damaged one names nothing; a check says so
        for subsection in linking.subsections:
            for info in subsection.content if subsection.id == 8 else ():
                if isinstance(info, SymInfo) and isinstance(info.symbol, DataSymbol):
                    yield info.symbol
