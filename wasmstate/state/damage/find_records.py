"""Where records are in bytes, found without any frame around them.

Source: docs/format.md, "Record" and "Trailer".
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from wasmstate.state import layout
from wasmstate.state.layout import HEADER_SIZE, MAGIC, MAX_HEADER_SIZE, TRAILER_MAGIC, TRAILER_SIZE
from wasmstate.state.older import INIT_SECTION, PREV_SECTION, STATE_SECTION

_NAMES = (STATE_SECTION, PREV_SECTION, INIT_SECTION)
_TRAILER = struct.Struct("<8sQQII")
_OFFSETS = layout.field_offsets(layout.header)
_SIZES = {part.name: part.sizeof() for part in layout.header.subcons}


@dataclass(frozen=True, slots=True)
class Trailer:
    """The end of a record.

    Attributes:
        end: of its last byte, exclusive.
        generation, length, header_crc32: as it says them; its own CRC-32 is right.
    """

    end: int
    generation: int
    length: int
    header_crc32: int

    @property
    def start(self) -> int:
        """Where the record begins, if no byte was lost or added."""
        return self.end - self.length


@dataclass(frozen=True, slots=True)
class Site:
    """Bytes that are, or were, a record.

    Attributes:
        start: of its header.
        end: where it ends if its header is whole, else where the next one begins at the latest.
        length: what a whole header claims, bytes there or not; ``None`` without one.
        section: the name of the custom section that it seems to be in; empty if none is right
            before it, or before the records that it follows.
    """

    start: int
    end: int
    length: int | None
    section: str

    @property
    def is_whole(self) -> bool:
        """Whether all bytes are there that a whole header claims."""
        return self.length is not None and self.start + self.length <= self.end


def trailers(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Trailer]:
    """The trailers whose own checksum is right, from the last to the first."""
    end = len(data) if end is None else end
    at = data.rfind(TRAILER_MAGIC, start, end)
    while at >= 0:
        raw = data[at : at + TRAILER_SIZE]
        if len(raw) == TRAILER_SIZE and zlib.crc32(raw[:-4]) == int.from_bytes(raw[-4:], "little"):
            _, generation, length, header_crc32, _ = _TRAILER.unpack(raw)
            yield Trailer(at + TRAILER_SIZE, generation, length, header_crc32)
        at = data.rfind(TRAILER_MAGIC, start, at)


def whole_length(data: bytes, start: int = 0) -> int | None:
    """How long the record at ``start`` is, if its header is whole; what it claims, not what is."""
    if len(data) - start < HEADER_SIZE or not data.startswith(MAGIC, start):
        return None

    def field(name: str) -> int:
        at = start + _OFFSETS[name]
        return int.from_bytes(data[at : at + _SIZES[name]], "little")

    # Bytes may be full of magics: what costs least is looked at first.
    length = field("header_length")
    if not HEADER_SIZE <= length <= MAX_HEADER_SIZE or field("region_offset") != length:
        return None
    head = data[start : start + length]
    if zlib.crc32(head[:-4]) != int.from_bytes(head[-4:], "little"):
        return None
    return field("payload_offset") + field("payload_length") + TRAILER_SIZE


def sites(data: bytes) -> list[Site]:
    """Every record, or what is left of one, in file order.

    Each begins with a magic, or as far before a trailer as the trailer says, or right behind the
    name of a section that holds records.
    """
    starts = {trailer.start for trailer in trailers(data) if trailer.start >= 0}
    at = data.find(MAGIC)
    while at >= 0:
        starts.add(at)
        at = data.find(MAGIC, at + 1)
    for name in _NAMES:
        named = bytes([len(name)]) + name.encode()
        at = data.find(named)
        while at >= 0:
            starts.add(at + len(named))
            at = data.find(named, at + 1)
    found: list[Site] = []
    order = sorted(starts)
    for i, start in enumerate(order):
        if start >= len(data) or (found and start < found[-1].end):
            continue  # inside the values of another record
        length = whole_length(data, start)
        if length is not None and start + length <= len(data):
            end = start + length
        else:
            end = order[i + 1] if i + 1 < len(order) else len(data)
        found.append(Site(start, end, length, _section(data, start, found)))
    return found


def _section(data: bytes, start: int, before: list[Site]) -> str:
    for name in _NAMES:
        if data.endswith(name.encode(), 0, start):
            return name
    return before[-1].section if before and before[-1].end == start else ""
