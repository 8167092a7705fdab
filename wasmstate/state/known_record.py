"""Records that differ from a decoded one in values, lineage and the id of a device, verified fast.

Who reads twenty thousand files of one model meets the same schema and the same regions in each.
What :func:`~wasmstate.state.reading.decode_record` checks is checked here too, but as comparisons
with the record that was decoded once; whatever differs is left to it.

Source: docs/format.md, "Reading".
"""

from __future__ import annotations

import hashlib
import re
import struct
from typing import Any, NamedTuple
from zlib import crc32

from wasmstate.state import layout
from wasmstate.state.layout import aligned
from wasmstate.state.record import Record, RegionKind

_STATIC = struct.Struct("<32s2I")  # of a region: what is the same in all records, CRC-32, zero


_PLAIN = re.compile(rb"[ !#-\[\]-~]*")  # what JSON needs no escape for


class Verified(NamedTuple):
    """A sound record of a known form.

    Attributes:
        header: its fields.
        schema: as it is stored.
        device: the id in the schema, if the form has one.
        payload: as it is stored.
        contents: of the regions.
    """

    header: Any
    schema: bytes
    device: str | None
    payload: bytes
    contents: list[bytes]


class KnownRecord:
    """The form of a record; others of the form have other values, lineage, and id of the device.

    Args:
        record: decoded, so it is sound.
        device: the id of a device that its metadata keep.
    """

    def __init__(self, record: Record, device: object = None) -> None:
        content = record.encode()
        self.record = record
        self._table = layout.HEADER_SIZE + layout.REGION_SIZE * len(record.regions)
        self._payload_size = len(record.payload)
        self._before, self._after = _around(record.schema, device)
        self._fields = [
            _STATIC.unpack_from(content, at)[0]
            for at in range(layout.HEADER_SIZE, self._table, layout.REGION_SIZE)
        ]
        self._spans = [
            (each.payload_offset, each.payload_offset + each.length) for each in record.regions
        ]
        starts = [start for start, _ in self._spans[1:]] + [self._payload_size]
        ends = [end for _, end in self._spans]
        self._gaps = [(a, b) for a, b in zip(ends, starts, strict=True) if a < b]
        self._header = _unvaried(layout.header.unpack(content))

    @property
    def is_usable(self) -> bool:
        """False for forms that are left to the decoder: whole memories, newer versions."""
        whole = any(each.kind is RegionKind.WHOLE_MEMORY for each in self.record.regions)
        return not whole and self.record.header_length == layout.HEADER_SIZE

    def verify(self, content: bytes) -> Verified | None:
        """The record in these bytes; ``None`` unless it is sound and of this form."""
        if len(content) < self._table:
            return None
        header = layout.header.unpack(content)
        table = content[layout.HEADER_SIZE : self._table]
        schema_end = self._table + header.schema_length
        start = aligned(schema_end, layout.PAYLOAD_ALIGNMENT)
        end = start + self._payload_size
        schema, payload = content[self._table : schema_end], content[start:end]
        device = self._device(schema)
        if (
            _unvaried(header) != self._header
            or (device is None and schema != self._before)
            or header.schema_length > layout.MAX_SCHEMA_SIZE
            or header.payload_offset != start
            or len(content) != end + layout.TRAILER_SIZE
            or header.keep > layout.MAX_KEEP
            or crc32(content[: layout.HEADER_SIZE - 4]) != header.crc32
            or crc32(table) != header.region_crc32
            or crc32(schema) != header.schema_crc32
            or crc32(payload) != header.payload_crc32
            or layout.trailer.unpack(content[end:])[:4]
            != (layout.TRAILER_MAGIC, header.generation, len(content), header.crc32)
            or crc32(content[end:-4]).to_bytes(4, "little") != content[-4:]
            or content[schema_end:start].strip(b"\0")
        ):
            return None
        if any(payload[a:b].strip(b"\0") for a, b in self._gaps):
            return None
        contents = [payload[a:b] for a, b in self._spans]
        for known, region, (fields, sum_, reserved) in zip(
            self._fields, contents, _STATIC.iter_unpack(table), strict=True
        ):
            if fields != known or reserved or crc32(region) != sum_:
                return None
        digest = hashlib.sha256(table)
        digest.update(schema)
        digest.update(payload)
        if digest.digest() != header.state_digest:
            return None
        return Verified(header, schema, device, payload, contents)

    def _device(self, schema: bytes) -> str | None:
        """The id in a schema that is the known one but for it."""
        before, after = self._before, self._after
        if after is None or len(schema) < len(before) + len(after):
            return None
        if not (schema.startswith(before) and schema.endswith(after)):
            return None
        id = schema[len(before) : len(schema) - len(after)]
        return id.decode("ascii") if id and _PLAIN.fullmatch(id) else None


def _around(schema: bytes, device: object) -> tuple[bytes, bytes | None]:
    """What stands before and behind the id in a schema; all, and ``None``, if it is not certain."""
    if isinstance(device, str) and device.isascii() and _PLAIN.fullmatch(device.encode()):
        before, member, after = schema.partition(b'"device":"' + device.encode() + b'"')
        if member and b'"device":' not in before + after:
            return before + b'"device":"', b'"' + after
    return schema, None


def _unvaried(header: Any) -> tuple[Any, ...]:
    """The fields that records of one form have in common."""
    return (*header[:6], *header[7:9], header.payload_length, header.reserved)
