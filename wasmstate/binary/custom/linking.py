"""The linking section of an object file.

Source: tool-conventions, "WebAssembly Object File Linking", heading "Linking Metadata Section";
what is 64 bits wide: LLVM, WasmObjectFile.cpp, ``parseLinkingSectionSymtab``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from construct import If, Struct, Switch, this

from wasmstate.binary.custom.subsections import Subsection, Subsections
from wasmstate.binary.values import Choice, List, name, record, u32, u64

WASM_SYM_UNDEFINED = 0x10
WASM_SYM_EXPLICIT_NAME = 0x40


@dataclass(frozen=True, slots=True)
class Segment:
    """A data segment.

    Attributes:
        name: decides with which others it is merged.
        alignment: as a power of 2.
        flags: bit 0: strings that can be merged; bit 1: thread-local; bit 2: to be kept.
    """

    name: str
    alignment: int
    flags: int


@dataclass(frozen=True, slots=True)
class InitFunc:
    """A constructor to be called at the start, those of low priority first."""

    priority: int
    symbol_index: int


@dataclass(frozen=True, slots=True)
class ComdatSym:
    """A member of a group: its kind, and its index among those."""

    kind: str
    index: int


@dataclass(frozen=True, slots=True)
class Comdat:
    """A group that is linked once, as a whole."""

    name: str
    flags: int
    comdat_syms: list[ComdatSym]


@dataclass(frozen=True, slots=True)
class ObjectSymbol:
    """A function, global, tag or table; without a name it is called as it is imported."""

    index: int
    name: str | None


@dataclass(frozen=True, slots=True)
class DataSymbol:
    """Data: a part of a segment, if it is defined here."""

    name: str
    index: int | None
    offset: int | None
    size: int | None


@dataclass(frozen=True, slots=True)
class SectionSymbol:
    """A section."""

    section: int


@dataclass(frozen=True, slots=True)
class SymInfo:
    """A symbol.

    Attributes:
        kind: ``function``, ``data``, ``global``, ``section``, ``tag`` or ``table``.
        flags: bits ``WASM_SYM_*``; 4: undefined; 6: it has a name although it is imported.
        symbol: what it stands for.
    """

    kind: str
    flags: int
    symbol: ObjectSymbol | DataSymbol | SectionSymbol


@dataclass(frozen=True, slots=True)
class Linking:
    """The linking section."""

    version: int
    subsections: list[Subsection]


_COMDAT_KINDS = {0: "data", 1: "function", 2: "global", 3: "tag", 4: "table", 5: "section"}
_SYMBOL_KINDS = {0: "function", 1: "data", 2: "global", 3: "section", 4: "tag", 5: "table"}

segment = record(Segment, Struct("name" / name, "alignment" / u32, "flags" / u32))
init_func = record(InitFunc, Struct("priority" / u32, "symbol_index" / u32))
comdat_sym = record(
    ComdatSym,
    Struct("kind" / Choice("malformed comdat symbol kind", names=_COMDAT_KINDS), "index" / u32),
)
comdat = record(Comdat, Struct("name" / name, "flags" / u32, "comdat_syms" / List(comdat_sym)))


def _is_defined(symbol: Any) -> bool:
    return not symbol._.flags & WASM_SYM_UNDEFINED


def _is_named(symbol: Any) -> bool:
    return _is_defined(symbol) or bool(symbol._.flags & WASM_SYM_EXPLICIT_NAME)


_object = record(ObjectSymbol, Struct("index" / u32, "name" / If(_is_named, name)))
_data = record(
    DataSymbol,
    Struct(
        "name" / name,
        "index" / If(_is_defined, u32),
        "offset" / If(_is_defined, u64),
        "size" / If(_is_defined, u64),
    ),
)
_section = record(SectionSymbol, Struct("section" / u32))

sym_info = record(
    SymInfo,
    Struct(
        "kind" / Choice("malformed symbol kind", names=_SYMBOL_KINDS),
        "flags" / u32,
        "symbol" / Switch(this.kind, {"data": _data, "section": _section}, default=_object),
    ),
)

subsections = Subsections(
    {
        5: ("segments", List(segment)),
        6: ("functions", List(init_func)),
        7: ("comdats", List(comdat)),
        8: ("infos", List(sym_info)),
    }
)
linking = record(
    Linking,
    Struct("version" / Choice("unknown linking version", 2, of=u32), "subsections" / subsections),
)
