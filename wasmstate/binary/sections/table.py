"""The table section.

Source: WebAssembly Core 3.0, Binary Format, "Table Section".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from construct import Struct

from wasmstate.binary.code.instructions import Expr, expr
from wasmstate.binary.code.scan import TABLE_TYPE, skip
from wasmstate.binary.sections.base import Layout, ListSection
from wasmstate.binary.types import TableType, tabletype
from wasmstate.binary.values import AnyConstruct, List


@dataclass(frozen=True, slots=True)
class Table:
    """A table, with what fills it at the start unless that is null."""

    type: TableType
    init: Expr | None = None

    def __str__(self) -> str:
        return str(self.type) if self.init is None else f"{self.type} ({self.init})"


class _Table(AnyConstruct):
    """40 00 announces an initial value behind the type."""

    def _parse(self, stream: Any, context: Any, path: str) -> Table:
        start = stream.tell()
        if stream.read(1) != b"\x40":
            stream.seek(start)
            return Table(tabletype._parsereport(stream, context, f"{path} -> type"))
        if stream.read(1) != b"\x00":
            stream.malformed(path, start + 1, "malformed table")
        stream.note(f"{path} -> has_init", start, value=True)
        type_ = tabletype._parsereport(stream, context, f"{path} -> type")
        return Table(type_, expr._parsereport(stream, context, f"{path} -> init"))

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        if obj.init is not None:
            stream.write(b"\x40\x00")
        tabletype._build(obj.type, stream, context, path)
        if obj.init is not None:
            stream.write(expr.encode(obj.init))
        return obj


class TableSection(ListSection[Table]):
    """Tables in index order, imported ones not counted."""

    layout: ClassVar[Layout] = Struct("entries" / List(_Table()))

    def skip_entry(self, data: bytes, at: int) -> int:
        return skip(TABLE_TYPE, data, at)  # one with an initial value is left to the declaration
