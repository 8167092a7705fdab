"""The export section.

Source: WebAssembly Core 3.0, Binary Format, "Export Section".
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from construct import Struct

from wasmstate.binary.decode_loops import OnDemand, UnusualError, read_unsigned
from wasmstate.binary.sections.base import Layout, ListSection
from wasmstate.binary.types import EXTERN_KINDS
from wasmstate.binary.values import Choice, List, name, record, u32


@dataclass(frozen=True, slots=True)
class Export:
    """Something the host may use, by its name."""

    name: str
    kind: str
    index: int

    def __str__(self) -> str:
        return f"{self.name} ({self.kind} {self.index})"


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

    def read_entries(self, data: bytes, at: int, count: int) -> tuple[Sequence[Export], int]:
        exports, starts = [], array("Q", [at])
        for _ in range(count):
            length, start = read_unsigned(data, at)
            end = start + length
            index, at = read_unsigned(data, end + 1)
            kind = EXTERN_KINDS.get(data[end])
            if kind is None:
                raise UnusualError
            exports.append(Export(data[start:end].decode(), kind, index))
            starts.append(at)
        return OnDemand(starts, lambda i, _start, _end: exports[i]), at
