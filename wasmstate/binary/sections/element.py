"""The element section.

Source: WebAssembly Core 3.0, Binary Format, "Element Section".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from construct import If, IfThenElse, Struct, this

from wasmstate.binary.code.instructions import Expr, expr
from wasmstate.binary.code.scan import INDEX, REFERENCE_TYPE, skip, skip_constant, skip_list
from wasmstate.binary.decode_loops import UnusualError, read_unsigned
from wasmstate.binary.sections.base import Layout, ListSection
from wasmstate.binary.types import RefType, reftype
from wasmstate.binary.values import Choice, List, record, u32


@dataclass(frozen=True, slots=True)
class Elem:
    """References that fill a table.

    Attributes:
        flag: bit 0: passive or declarative; bit 1: a table is named, or declarative; bit 2: the
            references are expressions, not function indices.
        tableidx: the table, where the flag says that it is written.
        offset: where in the table; ``None`` if passive or declarative.
        kind: 0, function references, where it is written.
        type: of the references, where it is written.
        init: function indices or expressions.
    """

    flag: int
    tableidx: int | None
    offset: Expr | None
    kind: int | None
    type: RefType | None
    init: list[int] | list[Expr]

    def __str__(self) -> str:
        table = f"(table {self.tableidx}) " if self.tableidx is not None else ""
        place = "declarative" if self.flag & 3 == 3 else "passive"
        if self.offset is not None:
            place = f"{table}({self.offset})"
        return f"{place}, {' '.join(map(str, self.init))}"


elem = record(
    Elem,
    Struct(
        "flag" / Choice("malformed elements segment kind", *range(8), of=u32),
        "tableidx" / If(lambda it: it.flag & 3 == 2, u32),
        "offset" / If(lambda it: not it.flag & 1, expr),
        "kind" / If(lambda it: it.flag & 3 and not it.flag & 4, Choice("malformed elemkind", 0)),
        "type" / If(lambda it: it.flag & 3 and it.flag & 4, reftype),
        "init" / IfThenElse(this.flag & 4, List(expr), List(u32)),
    ),
)


_FUNCTIONS = re.compile(rb"\x00")


class ElementSection(ListSection[Elem]):
    """Element segments in index order."""

    layout: ClassVar[Layout] = Struct("entries" / List(elem))

    def skip_entry(self, data: bytes, at: int) -> int:
        flag = data[at]
        at += 1
        if flag > 7:
            raise UnusualError
        if flag & 3 == 2:
            at = skip(INDEX, data, at)
        if not flag & 1:
            at = skip_constant(data, at)
        if flag & 3:
            at = skip(REFERENCE_TYPE if flag & 4 else _FUNCTIONS, data, at)
        if not flag & 4:
            return skip_list(INDEX, data, at)
        count, at = read_unsigned(data, at)
        for _ in range(count):
            at = skip_constant(data, at)
        return at
