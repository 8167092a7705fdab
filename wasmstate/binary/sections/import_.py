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
"""What is imported; of a function, the index of its type."""


@dataclass(frozen=True, slots=True)
class Import:
    """Something the host has to give."""

    module: str
    name: str
    kind: str
    type: ExternType


_types = {
    "func": u32,
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
        "kind" / Choice("malformed import kind", names=EXTERN_KINDS),
        "type" / Switch(this.kind, _types),
    ),
)


class ImportSection(ListSection[Import]):
    """Imports. Those of a kind come first in the index space of that kind."""

    layout: ClassVar[Layout] = Struct("entries" / List(import_))
