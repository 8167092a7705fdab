"""The memory section.

Source: WebAssembly Core 3.0, Binary Format, "Memory Section".
"""

from __future__ import annotations

from typing import ClassVar

from construct import Struct

from wasmstate.binary.code.scan import LIMITS, skip
from wasmstate.binary.sections.base import Layout, ListSection
from wasmstate.binary.types import MemType, memtype
from wasmstate.binary.values import List


class MemorySection(ListSection[MemType]):
    """Memories in index order, imported ones not counted."""

    layout: ClassVar[Layout] = Struct("entries" / List(memtype))

    def skip_entry(self, data: bytes, at: int) -> int:
        return skip(LIMITS, data, at)
