"""The import section.

Source: WebAssembly Core 3.0, Binary Format, "Import Section".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from construct import Struct, Switch, this

from wasmstate.binary.sections.base import Layout, ListSection
from wasmstate.binary.types import (
    EXTERN_KINDS,
    GlobalType,
    MemType,
    TableType,
    TagType,
    globaltype,
    memtype,
    tabletype,
    tagtype,
)
from wasmstate.binary.values import Choice, List, name, record, u32

ExternType = int | TableType | MemType | GlobalType | TagType


@dataclass(frozen=True, slots=True)
class Import:
    """Something the host has to give.

    Attributes:
        module, name: what it is asked for by.
        kind: ``func``, ``table``, ``memory``, ``global``, ``tag``, or ``exact func``.
        type: its type; of a function, the index of its type.
    """

    module: str
    name: str
    kind: str
    type: ExternType


# Importing a function with exactly this type is the custom-descriptors proposal's.
_KINDS = EXTERN_KINDS | {0x20: "exact func"}
_types = {
    "func": u32,
    "exact func": u32,
    "table": tabletype,
    "memory": memtype,
    "global": globaltype,
    "tag": tagtype,
}

import_ = record(
    Import,
    Struct(
        "module" / name,
        "name" / name,
        "kind" / Choice("malformed import kind", names=_KINDS),
        "type" / Switch(this.kind, _types),
    ),
)


class ImportSection(ListSection[Import]):
    """Imports. Those of a kind come first in the index space of that kind."""

    layout: ClassVar[Layout] = Struct("entries" / List(import_))
