"""The export section.

Source: WebAssembly Core 3.0, Binary Format, "Export Section".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from construct import Struct

from wasmstate.binary.sections.base import Layout, ListSection
from wasmstate.binary.types import EXTERN_KINDS
from wasmstate.binary.values import Choice, List, name, record, u32


@dataclass(frozen=True, slots=True)
class Export:
    """Something the host may use, by its name."""

    name: str
    kind: str
    index: int


export = record(
    Export,
    Struct(
        "name" / name,
        "kind" / Choice("malformed export kind", names=EXTERN_KINDS),
        "index" / u32,
    ),
)


class ExportSection(ListSection[Export]):
    """Exports in file order."""

    layout: ClassVar[Layout] = Struct("entries" / List(export))
