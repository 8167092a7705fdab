"""Region tables that may be damaged: what their entries say, and what can be believed of it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from wasmstate.errors import StateCorruptError
from wasmstate.state import layout
from wasmstate.state.layout import REGION_SIZE, aligned
from wasmstate.state.reading import decode_table
from wasmstate.state.record import Region, RegionKind

_FIELDS = ("kind", "index", "address", "length", "payload_offset")


def entries(table: bytes) -> Iterator[Any]:
    """The entries, as they stand there; what is left over behind the last is passed over."""
    return layout.region.unpack_all(table[: len(table) // REGION_SIZE * REGION_SIZE])


def regions_of(table: bytes) -> tuple[Region, ...]:
    """The regions that a table describes, one that keeps the rules."""
    return tuple(
        Region(RegionKind(each.kind), each.index, each.address, each.length, each.payload_offset)
        for each in entries(table)
    )


def place(entry: Region | Any) -> tuple[int, ...]:
    """Where a region lives in the instance and in the payload."""
    return tuple(int(getattr(entry, field)) for field in _FIELDS)


def places(table: bytes) -> list[tuple[int, ...]]:
    """The place of each entry."""
    return [place(entry) for entry in entries(table)]


def payload_length(table: bytes) -> int:
    """Length of the payload that a table describes; the payload itself may be lost."""
    return max(
        (
            aligned(entry.payload_offset + entry.length, layout.REGION_ALIGNMENT)
            for entry in entries(table)
        ),
        default=0,
    )


def is_table(table: bytes) -> bool:
    """Whether the entries keep the rules that need no other bytes, as a reader checks them."""
    try:
        decode_table(table)
    except StateCorruptError:
        return False
    return 0 < payload_length(table) <= layout.MAX_PAYLOAD_SIZE


def with_checksums(table: bytes, payload: bytes) -> bytes:
    """The table, with the checksums that the bytes of the payload have."""
    return b"".join(_built(entry, zlib.crc32(_content(entry, payload))) for entry in entries(table))


def merged(damaged: bytes, other: bytes) -> bytes:
    """The other table, with the checksums that stand in the damaged one.

    Where a region lives comes from the table that is whole. Its checksum never does: it would prove
    the values of another generation. One that is damaged itself proves nothing.
    """
    padded = damaged.ljust(len(other), b"\0")
    return b"".join(
        _built(its, mine.crc32) for mine, its in zip(entries(padded), entries(other), strict=True)
    )


def _content(entry: Any, payload: bytes) -> bytes:
    return payload[entry.payload_offset : entry.payload_offset + entry.length]


def _built(entry: Any, crc32: int) -> bytes:
    return layout.region.pack(**entry._asdict() | {"crc32": crc32})
