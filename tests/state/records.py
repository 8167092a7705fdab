"""State records made byte by byte, without the library's help."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

HEADER = "<8sHHIIIQIIIIIIQQQ32s32s32s32sI40sI"
MEMORY, GLOBAL = 0, 1

SCHEMA: dict[str, Any] = {
    "entry_points": {"update": {"params": [{"name": "x", "type": "f32"}], "results": []}},
    "metadata": {"author": "é"},
    "tensors": [
        {"name": "w", "dtype": "f32", "shape": [2], "region": 0, "offset": 0, "symbol": "w"},
        {"name": "n", "dtype": "u32", "shape": [], "region": 0, "offset": 8},
        {"name": "k", "dtype": "i64", "shape": [], "region": 1, "offset": 0, "symbol": "k"},
    ],
}
CONTENTS = (struct.pack("<ffI", 1.5, -2.0, 7), struct.pack("<q", -9))
REGIONS = ((MEMORY, 0, 1024, 12), (GLOBAL, 3, 0, 8))


def canonical(document: Any) -> bytes:
    """The JSON that a schema must be."""
    text: str = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def pad(data: bytes, alignment: int) -> bytes:
    """The data, with zeros up to a multiple of the alignment."""
    return data + bytes(-len(data) % alignment)


def region_bytes(
    kind: int, index: int, address: int, length: int, at: int, crc32: int, reserved: int = 0
) -> bytes:
    """An entry of the region table."""
    return struct.pack("<IIQQQII", kind, index, address, length, at, crc32, reserved)


def table_and_payload(
    regions: Sequence[tuple[int, int, int, int]] = REGIONS, contents: Sequence[bytes] = CONTENTS
) -> tuple[bytes, bytes]:
    """A region table and the payload that it describes."""
    table, payload = b"", b""
    for region, content in zip(regions, contents, strict=True):
        table += region_bytes(*region, len(payload), zlib.crc32(content))
        payload += pad(content, 16)
    return table, payload


def record_bytes(
    *,
    schema: Any = SCHEMA,
    table: bytes | None = None,
    payload: bytes | None = None,
    header: Mapping[str, Any] | None = None,
    trailer: Mapping[str, Any] | None = None,
    extra_header: bytes = b"",
    padding: bytes | None = None,
) -> bytes:
    """A record whose checksums are right for whatever it is given.

    Args:
        schema: as bytes, or a document to be written as canonical JSON.
        table: the region table.
        payload: all of it.
        header: fields with other values.
        trailer: fields with other values.
        extra_header: what a newer version added to the header, before its CRC-32.
        padding: what stands between schema and payload, if not zeros.
    """
    default_table, default_payload = table_and_payload()
    table = default_table if table is None else table
    payload = default_payload if payload is None else payload
    encoded: bytes = schema if isinstance(schema, bytes) else canonical(schema)
    length = 256 + len(extra_header)
    payload_offset = len(pad(bytes(length) + table + encoded, 64))
    fields: dict[str, Any] = {
        "magic": b"\x89WST\r\n\x1a\n",
        "major": 1,
        "minor": 0,
        "incompatible_flags": 0,
        "read_only_flags": 0,
        "header_length": length,
        "generation": 5,
        "region_offset": length,
        "region_count": len(table) // 40,
        "region_crc32": zlib.crc32(table),
        "schema_length": len(encoded),
        "schema_crc32": zlib.crc32(encoded),
        "payload_crc32": zlib.crc32(payload),
        "payload_offset": payload_offset,
        "payload_length": len(payload),
        "update_count": 6,
        "module_digest": bytes(range(32)),
        "state_digest": hashlib.sha256(table + encoded + payload).digest(),
        "parent_digest": b"p" * 32,
        "base_digest": b"b" * 32,
        "keep": 1,
        "reserved": bytes(40),
        "crc32": 0,
    }
    fields |= header or {}
    head = struct.pack(HEADER, *fields.values())[:-4] + extra_header
    crc32 = zlib.crc32(head)
    body = head + crc32.to_bytes(4, "little") + table + encoded
    gap = bytes(payload_offset - len(body)) if padding is None else padding
    body += gap + payload
    end: dict[str, Any] = {
        "magic": b"WSTEND\r\n",
        "generation": fields["generation"],
        "length": len(body) + 32,
        "header_crc32": crc32,
    }
    end |= trailer or {}
    tail = struct.pack("<8sQQI", *end.values())
    return body + tail + zlib.crc32(tail).to_bytes(4, "little")
