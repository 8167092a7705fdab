"""The fixed parts of a state record: header, region table entry, trailer, and its limits.

Source: docs/format.md, which gives the reason of each field. All integers are little endian.
"""

from __future__ import annotations

import struct
from collections import namedtuple
from collections.abc import Iterator
from typing import Any

from construct import Bytes, FormatField, Int16ul, Int32ul, Int64ul, Struct

MAGIC = b"\x89WST\r\n\x1a\n"
TRAILER_MAGIC = b"WSTEND\r\n"
MAJOR, MINOR = 1, 0
HEADER_SIZE = 256
MAX_HEADER_SIZE = 1 << 16
RESERVED_SIZE = 40
REGION_SIZE = 40
TRAILER_SIZE = 32
PAYLOAD_ALIGNMENT = 64
REGION_ALIGNMENT = 16

MAX_REGIONS = 65_536
MAX_SCHEMA_SIZE = 1 << 20
MAX_PAYLOAD_SIZE = 1 << 32
MAX_KEEP = 64
MAX_COUNT = (1 << 64) - 1
"""The highest generation, and the highest count of updates."""


class FixedStruct(Struct):
    """A struct of fixed size, which one call of :mod:`struct` reads or writes.

    The declaration says what the fields are; :meth:`unpack` and :meth:`pack` do the same as
    ``parse`` and ``build`` in a twentieth of the time (a header: 1.0 and 32 us).
    """

    def __init__(self, *fields: Any) -> None:
        super().__init__(*fields)
        parts: list[Any] = list(self.subcons)
        self._packed = struct.Struct("<" + "".join(_format(part.subcon) for part in parts))
        self._fields: Any = namedtuple("Fields", [part.name for part in parts])  # type: ignore[misc] # noqa: PYI024

    def unpack(self, data: bytes) -> Any:
        """The fields, by their names, of the struct that the bytes begin with."""
        return self._fields._make(self._packed.unpack_from(data))

    def unpack_all(self, data: bytes) -> Iterator[Any]:
        """The fields of each of the structs that the bytes are."""
        return map(self._fields._make, self._packed.iter_unpack(data))

    def pack(self, **fields: Any) -> bytes:
        """The bytes of a struct of these fields."""
        return self._packed.pack(*self._fields(**fields))


def _format(field: Any) -> str:
    if isinstance(field, FormatField):
        return str(field.fmtstr).removeprefix("<")
    return f"{field.length}s"


header = FixedStruct(
    "magic" / Bytes(8),
    "major" / Int16ul,
    "minor" / Int16ul,
    "incompatible_flags" / Int32ul,
    "read_only_flags" / Int32ul,
    "header_length" / Int32ul,
    "generation" / Int64ul,
    "region_offset" / Int32ul,
    "region_count" / Int32ul,
    "region_crc32" / Int32ul,
    "schema_length" / Int32ul,
    "schema_crc32" / Int32ul,
    "payload_crc32" / Int32ul,
    "payload_offset" / Int64ul,
    "payload_length" / Int64ul,
    "update_count" / Int64ul,
    "module_digest" / Bytes(32),
    "state_digest" / Bytes(32),
    "parent_digest" / Bytes(32),
    "base_digest" / Bytes(32),
    "keep" / Int32ul,
    "reserved" / Bytes(RESERVED_SIZE),
    "crc32" / Int32ul,
)
region = FixedStruct(
    "kind" / Int32ul,
    "index" / Int32ul,
    "address" / Int64ul,
    "length" / Int64ul,
    "payload_offset" / Int64ul,
    "crc32" / Int32ul,
    "reserved" / Int32ul,
)
trailer = FixedStruct(
    "magic" / Bytes(8),
    "generation" / Int64ul,
    "length" / Int64ul,
    "header_crc32" / Int32ul,
    "crc32" / Int32ul,
)


def aligned(offset: int, alignment: int) -> int:
    """The first multiple of ``alignment`` from ``offset`` on."""
    return -(-offset // alignment) * alignment


def field_offsets(struct: Any) -> dict[str, int]:
    """Where each field of a struct of fixed size starts, in bytes."""
    offsets, at = {}, 0
    for part in struct.subcons:
        offsets[part.name] = at
        at += part.sizeof()
    return offsets
