"""The data section.

Source: WebAssembly Core 3.0, Binary Format, "Data Section".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from construct import If, Struct, this

from wasmstate.binary.instructions import Expr, expr
from wasmstate.binary.sections.base import Layout, ListSection
from wasmstate.binary.values import Choice, List, octets, record, u32


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes that fill memory.

    Attributes:
        flag: 0 active in memory 0, 1 passive, 2 active in the memory that is named.
        memidx: the memory, where the flag says that it is written.
        offset: the address; ``None`` if passive.
        init: the bytes.
    """

    flag: int
    memidx: int | None
    offset: Expr | None
    init: bytes


data = record(
    Data,
    Struct(
        "flag" / Choice("malformed data segment kind", 0, 1, 2, of=u32),
        "memidx" / If(this.flag == 2, u32),
        "offset" / If(this.flag != 1, expr),
        "init" / octets,
    ),
)


class DataSection(ListSection[Data]):
    """Data segments in index order."""

    layout: ClassVar[Layout] = Struct("entries" / List(data))
