"""The global section.

Source: WebAssembly Core 3.0, Binary Format, "Global Section".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from construct import Struct

from wasmstate.binary.code.instructions import Expr, expr
from wasmstate.binary.code.scan import GLOBAL_TYPE, skip, skip_constant
from wasmstate.binary.sections.base import Layout, ListSection
from wasmstate.binary.types import GlobalType, globaltype
from wasmstate.binary.values import List, record


@dataclass(frozen=True, slots=True)
class Global:
    """A global and its initial value."""

    type: GlobalType
    init: Expr

    def __str__(self) -> str:
        return f"{self.type} ({self.init})"


global_ = record(Global, Struct("type" / globaltype, "init" / expr))


class GlobalSection(ListSection[Global]):
    """Globals in index order, imported ones not counted."""

    layout: ClassVar[Layout] = Struct("entries" / List(global_))

    def skip_entry(self, data: bytes, at: int) -> int:
        return skip_constant(data, skip(GLOBAL_TYPE, data, at))
