"""The name section: what things were called in the source.

Neither the order of indices nor that each occurs once is checked, as no reader does. Of two names
for one index the last counts.

Source: WebAssembly Core 3.0, Appendix, "Custom Sections", "Name Section"; subsections 3 and 5 to 9:
WebAssembly/extended-name-section, "Extended Name Section".
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from construct import Struct

from wasmstate.binary.content import Content
from wasmstate.binary.custom.subsections import Subsection, Subsections
from wasmstate.binary.values import AnyAdapter, List, name, record, u32
from wasmstate.errors import MalformedError

_MAX_SHORT = 4
"""Bytes of an integer that the loop takes: so few that none of their bits is forbidden."""


@dataclass(frozen=True, slots=True)
class NameAssoc:
    """A name, and the index of what it names."""

    idx: int
    name: str


name_assoc = record(NameAssoc, Struct("idx" / u32, "name" / name))


class _NameMap(AnyAdapter):
    """Names by index. Sections of 16 MB are common, so most maps are read by a loop over bytes.

    What the loop does not know (wide integers, anything malformed) is left to the declaration,
    which also words the error. A property test holds the two equal.
    """

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        if stream.trace is None:
            found = read_name_map(stream.getvalue(), stream.tell())
            if found is not None:
                names, end = found
                stream.seek(end)
                return names
        return super()._parse(stream, context, path)

    def _decode(self, obj: Any, context: Any, path: str) -> dict[int, str]:
        return {each.idx: each.name for each in obj}

    def _encode(self, obj: Any, context: Any, path: str) -> list[NameAssoc]:
        return [NameAssoc(idx, name) for idx, name in obj.items()]


def read_name_map(data: bytes, at: int) -> tuple[dict[int, str], int] | None:
    """The name map that begins at ``at``, and its end; ``None`` if it is unusual or malformed."""
    names: dict[int, str] = {}
    length = len(data)
    try:
        count, at = _integer(data, at)
        if count > length - at:
            return None
        for _ in range(count):
            idx = data[at]
            if idx < 0x80:
                at += 1
            else:
                idx, at = _integer(data, at)
            size = data[at]
            if size < 0x80:
                at += 1
            else:
                size, at = _integer(data, at)
            end = at + size
            if end > length:
                return None
            names[idx] = str(data[at:end], "utf-8")
            at = end
    except (IndexError, UnicodeDecodeError):
        return None
    return names, at


def _integer(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for i in range(_MAX_SHORT):
        byte = data[at + i]
        value |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            return value, at + i + 1
    raise IndexError


name_map = _NameMap(List(name_assoc))


@dataclass(frozen=True, slots=True)
class IndirectNameAssoc:
    """The names of what belongs to something, such as the locals of a function."""

    idx: int
    namemap: dict[int, str]


indirect_name = record(IndirectNameAssoc, Struct("idx" / u32, "namemap" / name_map))
indirect_name_map = List(indirect_name)

MODULE, FUNCTIONS, LOCALS, LABELS, TYPES, TABLES = range(6)
MEMORIES, GLOBALS, ELEMENTS, DATA, FIELDS, TAGS = range(6, 12)

subsections = Subsections(
    {
        MODULE: ("module", name),
        FUNCTIONS: ("functions", name_map),
        LOCALS: ("locals", indirect_name_map),
        LABELS: ("labels", indirect_name_map),
        TYPES: ("types", name_map),
        TABLES: ("tables", name_map),
        MEMORIES: ("memories", name_map),
        GLOBALS: ("globals", name_map),
        ELEMENTS: ("elements", name_map),
        DATA: ("data", name_map),
        FIELDS: ("fields", indirect_name_map),
        TAGS: ("tags", name_map),
    }
)


@dataclass(frozen=True, slots=True)
class NameSection:
    """The name section."""

    subsections: list[Subsection]


name_section = record(NameSection, Struct("subsections" / subsections))


def readable_subsections(content: Content) -> dict[int, Content]:
    """The first subsection of each id, undecoded; those before a size that does not fit."""
    found: dict[int, Content] = {}
    with suppress(MalformedError):
        for _, id, inner in subsections.frames(content, ""):
            found.setdefault(id, inner)
    return found
