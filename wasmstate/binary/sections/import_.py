"""The import section.

Source: WebAssembly Core 3.0, Binary Format, "Import Section".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from construct import Struct, Switch, this

from wasmstate.binary.code.scan import GLOBAL_TYPE, INDEX, LIMITS, TABLE_TYPE, U32, skip
from wasmstate.binary.decode_loops import UnusualError, read_unsigned
from wasmstate.binary.kept_bytes import edited_list
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
from wasmstate.binary.values import AnyConstruct, Choice, List, name, record, u32

ExternType = int | TableType | MemType | GlobalType | TagType


@dataclass(frozen=True, slots=True)
class Import:
    """Something the host has to give.

    Attributes:
        module, name: what it is asked for by.
        kind: ``func``, ``table``, ``memory``, ``global``, ``tag``, or ``exact func``.
        type: its type; of a function, the index of its type.
    """

    module: str
    name: str
    kind: str
    type: ExternType

    def __str__(self) -> str:
        type_ = f"(type {self.type})" if isinstance(self.type, int) else str(self.type)
        return f"{self.module}.{self.name} ({self.kind} {type_})"


# Importing a function with exactly this type is the custom-descriptors proposal's.
_KINDS = EXTERN_KINDS | {0x20: "exact func"}
_types = {
    "func": u32,
    "exact func": u32,
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
        "kind" / Choice("malformed import kind", names=_KINDS),
        "type" / Switch(this.kind, _types),
    ),
)


# Imports of one module are written together by the compact-import-section proposal: behind an
# empty name, each with its type, or all with one.
_EACH_TYPED, _ALL_TYPED = 0x7F, 0x7E
_type = Struct(
    "kind" / Choice("malformed import kind", names=_KINDS), "type" / Switch(this.kind, _types)
)


class _Imports(AnyConstruct):
    """A list of imports, of which groups may be written together; each is an entry of its own."""

    def _parse(self, stream: Any, context: Any, path: str) -> list[Import]:
        start = stream.tell()
        count = u32.read(stream, path)
        if count > stream.length - stream.tell():
            stream.malformed(path, start, "length out of bounds")
        stream.note(f"{path} -> count", start, count)
        found: list[Import] = []
        for _ in range(count):
            found += self._parse_one(stream, context, path, len(found))
        return found

    def _parse_one(self, stream: Any, context: Any, path: str, index: int) -> list[Import]:
        start, at = stream.tell(), f"{path}[{index}]"
        module = name._parse(stream, context, f"{at} -> module")
        name_start = stream.tell()
        word = name.read(stream, f"{at} -> name")
        marker = stream.read(1)
        if word or marker not in (bytes([_EACH_TYPED]), bytes([_ALL_TYPED])):
            stream.seek(start)
            if stream.trace is not None:
                stream.trace.pop()
            return [import_._parsereport(stream, context, at)]
        stream.note(f"{at} -> is_group", name_start, marker[0])
        shared = None
        if marker[0] == _ALL_TYPED:
            shared = _type._parsereport(stream, context, at)
        count_start = stream.tell()
        count = u32.read(stream, at)
        if count > stream.length - stream.tell():
            stream.malformed(at, count_start, "length out of bounds")
        stream.note(f"{at} -> count", count_start, count)
        group = []
        for i in range(index, index + count):
            own = name._parse(stream, context, f"{path}[{i}] -> name")
            type_ = shared or _type._parsereport(stream, context, f"{path}[{i}]")
            group.append(Import(module, own, type_.kind, type_.type))
        return group

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        return _plain._build(obj, stream, context, path)


_plain = List(import_)

_TYPES = {
    0x00: INDEX,
    0x01: TABLE_TYPE,
    0x02: LIMITS,
    0x03: GLOBAL_TYPE,
    0x04: re.compile(rb"\x00" + U32),
}
"""Patterns for the types of imports, by the byte of their kind."""


class ImportSection(ListSection[Import]):
    """Imports. Those of a kind come first in the index space of that kind."""

    layout: ClassVar[Layout] = Struct("entries" / _Imports())

    def skip_entry(self, data: bytes, at: int) -> int:
        for _ in range(2):
            length, start = read_unsigned(data, at)
            at = start + length
            data[start:at].decode()
        pattern = _TYPES.get(data[at])
        if pattern is None:  # a group of imports has no kind here
            raise UnusualError
        return skip(pattern, data, at + 1)

    def entry_layout(self) -> Layout:
        return import_

    def _edited(self, entries: Sequence[Import]) -> bytes:
        count, _ = read_unsigned(self.content, 0)
        if count != len(self.entries):  # imports written together share their bytes
            return _plain.build(list(entries))
        starts = [at - self.content_offset for at in self.entry_starts()]
        return edited_list(import_, self.content, starts, self.entries, entries)
