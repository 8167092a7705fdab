"""The function section.

Source: WebAssembly Core 3.0, Binary Format, "Function Section".
"""

from __future__ import annotations

from typing import ClassVar

from construct import Struct

from wasmstate.binary.decode_loops import read_unsigned
from wasmstate.binary.sections.base import Layout, ListSection
from wasmstate.binary.values import List, u32


class FunctionSection(ListSection[int]):
    """The index of each defined function's type, in index order."""

    layout: ClassVar[Layout] = Struct("entries" / List(u32))

    def read_entries(self, data: bytes, at: int, count: int) -> tuple[list[int], int]:
        indices = []
        for _ in range(count):
            index = data[at]
            if index < 0x80:
                at += 1
            else:
                index, at = read_unsigned(data, at)
            indices.append(index)
        return indices, at
