"""Relocations of a section of an object file: ``reloc.CODE``, ``reloc..debug_info`` ...

Source: tool-conventions, "WebAssembly Object File Linking", heading "Relocation Sections"; types 21
and above: LLVM, WasmRelocs.def.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from construct import Struct, Switch, this

from wasmstate.binary.values import Choice, List, record, s32, s64, u32

RELOCATION_TYPES = {
    0: "R_WASM_FUNCTION_INDEX_LEB",
    1: "R_WASM_TABLE_INDEX_SLEB",
    2: "R_WASM_TABLE_INDEX_I32",
    3: "R_WASM_MEMORY_ADDR_LEB",
    4: "R_WASM_MEMORY_ADDR_SLEB",
    5: "R_WASM_MEMORY_ADDR_I32",
    6: "R_WASM_TYPE_INDEX_LEB",
    7: "R_WASM_GLOBAL_INDEX_LEB",
    8: "R_WASM_FUNCTION_OFFSET_I32",
    9: "R_WASM_SECTION_OFFSET_I32",
    10: "R_WASM_TAG_INDEX_LEB",
    11: "R_WASM_MEMORY_ADDR_REL_SLEB",
    12: "R_WASM_TABLE_INDEX_REL_SLEB",
    13: "R_WASM_GLOBAL_INDEX_I32",
    14: "R_WASM_MEMORY_ADDR_LEB64",
    15: "R_WASM_MEMORY_ADDR_SLEB64",
    16: "R_WASM_MEMORY_ADDR_I64",
    17: "R_WASM_MEMORY_ADDR_REL_SLEB64",
    18: "R_WASM_TABLE_INDEX_SLEB64",
    19: "R_WASM_TABLE_INDEX_I64",
    20: "R_WASM_TABLE_NUMBER_LEB",
    21: "R_WASM_MEMORY_ADDR_TLS_SLEB",
    22: "R_WASM_FUNCTION_OFFSET_I64",
    23: "R_WASM_MEMORY_ADDR_LOCREL_I32",
    24: "R_WASM_TABLE_INDEX_REL_SLEB64",
    25: "R_WASM_MEMORY_ADDR_TLS_SLEB64",
    26: "R_WASM_FUNCTION_INDEX_I32",
}
_WITH_ADDEND = ("R_WASM_MEMORY_ADDR", "R_WASM_FUNCTION_OFFSET", "R_WASM_SECTION_OFFSET")


@dataclass(frozen=True, slots=True)
class RelocationEntry:
    """A place whose value the linker has to change.

    Attributes:
        type: says what is written there, and how.
        offset: of the place, from the start of the target section's content.
        index: of the symbol, or of the type.
        addend: to be added to the address, where the type has one.
    """

    type: str
    offset: int
    index: int
    addend: int | None


@dataclass(frozen=True, slots=True)
class Reloc:
    """A relocation section; ``section`` is the index of its target among all sections."""

    section: int
    entries: list[RelocationEntry]


_addends: dict[str, Any] = {
    word: s64 if word.endswith("64") else s32
    for word in RELOCATION_TYPES.values()
    if word.startswith(_WITH_ADDEND)
}
relocation_entry = record(
    RelocationEntry,
    Struct(
        "type" / Choice("malformed relocation type", names=RELOCATION_TYPES),
        "offset" / u32,
        "index" / u32,
        "addend" / Switch(this.type, _addends),
    ),
)
reloc = record(Reloc, Struct("section" / u32, "entries" / List(relocation_entry)))
