"""The data section.

Source: WebAssembly Core 3.0, Binary Format, "Data Section".
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from construct import If, Struct, this

from wasmstate.binary.code.instructions import Expr, Instr, expr
from wasmstate.binary.decode_loops import OnDemand, UnusualError, read_signed, read_unsigned
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

    def __str__(self) -> str:
        memory = f"(memory {self.memidx}) " if self.memidx is not None else ""
        place = "passive" if self.offset is None else f"{memory}({self.offset})"
        return f"{place}, {len(self.init):,} bytes"


_ACTIVE, _PASSIVE = 0, 1
_I32_CONST, _END = 0x41, 0x0B

data_ = record(
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

    layout: ClassVar[Layout] = Struct("entries" / List(data_))

    def read_entries(self, data: bytes, at: int, count: int) -> tuple[Sequence[Data], int]:
        starts = array("Q", [at])
        for _ in range(count):
            flag = data[at]
            at += 1
            if flag == _ACTIVE:
                if data[at] != _I32_CONST:
                    raise UnusualError
                _, at = read_signed(data, at + 1, 32)
                if data[at] != _END:
                    raise UnusualError
                at += 1
            elif flag != _PASSIVE:
                raise UnusualError
            length, at = read_unsigned(data, at)
            at += length
            starts.append(at)

        def make(_index: int, start: int, end: int) -> Data:
            flag, at = data[start], start + 1
            offset = None
            if flag == _ACTIVE:
                value, at = read_signed(data, at + 1, 32)
                offset = Expr((Instr("i32.const", (value,)),))
                at += 1
            _, at = read_unsigned(data, at)
            return Data(flag, None, offset, data[at:end])

        return OnDemand(starts, make), at
