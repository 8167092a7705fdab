"""Records that differ from a decoded one in values and lineage alone, verified fast.

Who reads twenty thousand files of one model meets the same schema and the same regions in each.
What :func:`~wasmstate.state.reading.decode_record` checks is checked here too, but as comparisons
with the record that was decoded once; whatever differs is left to it.

Source: docs/format.md, "Reading".
"""

from __future__ import annotations

import hashlib
import struct
from typing import Any
from zlib import crc32

from wasmstate.state import layout
from wasmstate.state.record import Record, RegionKind, build_trailer

_STATIC = struct.Struct("<32s2I")  # of a region: what is the same in all records, CRC-32, zero


class KnownRecord:
    """The form of a record: of equal form are those that differ in values and lineage alone.

    Args:
        record: decoded, so it is sound.
    """

    def __init__(self, record: Record) -> None:
        content = record.encode()
        self.record = record
        self._size = len(content)
        self._table = layout.HEADER_SIZE + layout.REGION_SIZE * len(record.regions)
        self._schema = content[self._table : record.payload_offset]  # and what pads it
        self._schema_end = len(record.schema)
        self._payload = record.payload_offset
        self._end = record.payload_offset + len(record.payload)
        self._fields = [
            _STATIC.unpack_from(content, at)[0]
            for at in range(layout.HEADER_SIZE, self._table, layout.REGION_SIZE)
        ]
        self._spans = [
            (self._payload + each.payload_offset, self._payload + each.payload_offset + each.length)
            for each in record.regions
        ]
        starts = [start for start, _ in self._spans[1:]] + [self._end]
        ends = [end for _, end in self._spans]
        self._gaps = [(a, b) for a, b in zip(ends, starts, strict=True) if a < b]
        self._header = _unvaried(layout.header.unpack(content))

    @property
    def is_usable(self) -> bool:
        """False for forms that are left to the decoder: whole memories, newer versions."""
        whole = any(each.kind is RegionKind.WHOLE_MEMORY for each in self.record.regions)
        return not whole and self.record.header_length == layout.HEADER_SIZE

    def header_of(self, content: bytes) -> Any:
        """The fields of the header of a sound record of this form; ``None`` for any other bytes."""
        if len(content) != self._size:
            return None
        header = layout.header.unpack(content)
        table = content[layout.HEADER_SIZE : self._table]
        if (
            _unvaried(header) != self._header
            or header.keep > layout.MAX_KEEP
            or crc32(content[: layout.HEADER_SIZE - 4]) != header.crc32
            or crc32(table) != header.region_crc32
            or content[self._table : self._payload] != self._schema
            or crc32(content[self._payload : self._end]) != header.payload_crc32
            or content[self._end :] != build_trailer(content[: layout.HEADER_SIZE], self._end)
            or any(any(content[a:b]) for a, b in self._gaps)
        ):
            return None
        for known, (start, end), (fields, sum_, reserved) in zip(
            self._fields, self._spans, _STATIC.iter_unpack(table), strict=True
        ):
            if fields != known or reserved or crc32(content[start:end]) != sum_:
                return None
        digest = hashlib.sha256(table)
        digest.update(self._schema[: self._schema_end])
        digest.update(content[self._payload : self._end])
        return header if digest.digest() == header.state_digest else None

    def region_bytes(self, content: bytes, index: int) -> bytes:
        """The bytes of a region of a record of this form."""
        start, end = self._spans[index]
        return content[start:end]


def _unvaried(header: Any) -> tuple[Any, ...]:
    """The fields that records of one form have in common."""
    return (
        *header[:6],
        *header[7:9],
        *header[10:12],
        *header[13:15],
        header.reserved,
    )
