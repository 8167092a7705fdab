"""Symbols: the names that a module gives to addresses, and what they stand for.

Four places may tell it: an exported constant global (C, Rust: an exported static), a constant
global of the name section, the ``linking`` section that ``wasm-ld --emit-relocs`` leaves, and the
name of a data segment (``.data.weights``).

Source: tool-conventions, "WebAssembly Object File Linking", heading "Symbol Table Subsection".
"""

from __future__ import annotations

from collections.abc import Iterator

from wasmstate.binary.custom.linking import DataSymbol, SymInfo
from wasmstate.binary.names import read_names
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import MalformedError, SchemaError

_OWN = "__"  # what the names of a linker's own symbols begin with
_SEGMENTS = (".data.", ".bss.", ".sdata.", ".sbss.")


def find_symbol(spaces: Spaces, what: str, symbol: str) -> int:
    """The address that a symbol stands for.

    Raises:
        SchemaError: if there is none of that name, or it stands for several addresses.
    """
    found = [(where, at) for name, where, at in _symbols(spaces) if name == symbol]
    addresses = {at for _, at in found}
    if len(addresses) == 1:
        return addresses.pop()
    if found:
        places = ", ".join(f"{at} ({where})" for where, at in found)
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
    others = dict.fromkeys(name for name, _, _ in _symbols(spaces) if name not in exported)
    known = f"it exports the globals {', '.join(exported[:20])}" if exported else "it exports none"
    if others:
        known += f"; other symbols are {', '.join(list(others)[:20])}"
    raise SchemaError(f"{what}: the module exports no global {symbol!r}; {known}")


def data_symbols(spaces: Spaces) -> dict[str, int]:
    """The address of each symbol in memory 0, without those of the linker and disputed ones."""
    memory = spaces.memories[0]
    size = memory.limits.min * memory.page_size
    found: dict[str, set[int]] = {}
    for name, _, at in _symbols(spaces):
        found.setdefault(name, set()).add(at)
    return {
        name: min(places)
        for name, places in found.items()
        if len(places) == 1 and not name.startswith(_OWN) and 16 <= min(places) < size
    }


def _symbols(spaces: Spaces) -> Iterator[tuple[str, str, int]]:
    """The name, where it is told, the address."""
    names = read_names(spaces.module)
    for export in spaces.exports.values():
        if export.kind == "global":
            at = _constant(spaces, export.index)
            if at is not None:
                yield export.name, "an export", at
    for index, name in names.globals.items():
        at = _constant(spaces, index)
        if at is not None:
            yield name, "the name section", at
    starts = list(_segment_starts(spaces))
    for symbol in _linked(spaces):
        if symbol.index is not None and symbol.offset is not None and symbol.index < len(starts):
            start = starts[symbol.index]
            if start is not None:
                yield symbol.name, "the linking section", start + symbol.offset
    for index, name in names.data.items():
        prefix = next((each for each in _SEGMENTS if name.startswith(each)), None)
        start = starts[index] if index < len(starts) else None
        if prefix is not None and start is not None:
            yield name.removeprefix(prefix), "the name of a data segment", start


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
    for section in spaces.module.custom_sections("linking"):
        try:
            linking = section.decode()
        except MalformedError:
            return  # a damaged one names nothing; 'wasmstate check' says so
        for subsection in linking.subsections:
            for info in subsection.content if subsection.id == 8 else ():
                if isinstance(info, SymInfo) and isinstance(info.symbol, DataSymbol):
                    yield info.symbol
