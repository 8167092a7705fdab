"""A state record: the state S with its lineage, as it stands in the section.

Source: docs/format.md, "Record".
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from wasmstate.state import layout
from wasmstate.state.layout import HEADER_SIZE, REGION_SIZE, TRAILER_SIZE, aligned


class RegionKind(IntEnum):
    """Where a region of S lives in the instance."""

    MEMORY = 0
    GLOBAL = 1


@dataclass(frozen=True, slots=True)
class Region:
    """Bytes of the instance that belong to S.

    Attributes:
        kind: a range of a linear memory, or a global.
        index: of the memory or the global.
        address: of the first byte, in linear memory; 0 for a global.
        length: in bytes.
        payload_offset: of its bytes, from the start of the payload.
    """

    kind: RegionKind
    index: int
    address: int
    length: int
    payload_offset: int

    @property
    def end(self) -> int:
        """The address after its last byte."""
        return self.address + self.length


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a state comes from.

    Attributes:
        generation: how often the file's state was committed; 0 when it was attached.
        update_count: how many calls of ``update()`` the state has seen.
        module_digest: SHA-256 of the module's non-custom sections.
        parent_digest: state digest of the generation before; zeros at generation 0.
        base_digest: state digest of generation 0; zeros at generation 0 itself.
    """

    generation: int
    update_count: int
    module_digest: bytes
    parent_digest: bytes = bytes(32)
    base_digest: bytes = bytes(32)


@dataclass(frozen=True, slots=True)
class Record:
    """One state record, decoded down to its parts and found free of contradiction.

    Attributes:
        read_only: whether a newer version wrote what this one would lose on writing.
        header_length: in bytes, as it was read; this version writes 256.
    """

    lineage: Lineage
    regions: tuple[Region, ...]
    schema: bytes
    payload: bytes
    read_only: bool = False
    header_length: int = HEADER_SIZE

    @property
    def payload_offset(self) -> int:
        """Of the payload, from the start of the content."""
        return self._payload_offset(self.header_length)

    def _payload_offset(self, header_length: int) -> int:
        end = header_length + REGION_SIZE * len(self.regions) + len(self.schema)
        return aligned(end, layout.PAYLOAD_ALIGNMENT)

    def region_bytes(self, index: int) -> bytes:
        """The bytes of one region."""
        region = self.regions[index]
        return self.payload[region.payload_offset : region.payload_offset + region.length]

    def digest(self) -> bytes:
        """The state digest: SHA-256 of region table, schema and payload."""
        return digest_of(self._region_table(), self.schema, self.payload)

    def _region_table(self) -> bytes:
        return b"".join(
            layout.region.build(
                {
                    "kind": region.kind,
                    "index": region.index,
                    "address": region.address,
                    "length": region.length,
                    "payload_offset": region.payload_offset,
                    "crc32": zlib.crc32(self.region_bytes(i)),
                    "reserved": 0,
                }
            )
            for i, region in enumerate(self.regions)
        )

    def encode(self) -> bytes:
        """The content of the section."""
        table = self._region_table()
        payload_offset = self._payload_offset(HEADER_SIZE)
        header = layout.header.build(
            {
                "magic": layout.MAGIC,
                "major": layout.MAJOR,
                "minor": layout.MINOR,
                "incompatible_flags": 0,
                "read_only_flags": 0,
                "header_length": HEADER_SIZE,
                "generation": self.lineage.generation,
                "region_offset": HEADER_SIZE,
                "region_count": len(self.regions),
                "region_crc32": zlib.crc32(table),
                "schema_length": len(self.schema),
                "schema_crc32": zlib.crc32(self.schema),
                "payload_crc32": zlib.crc32(self.payload),
                "payload_offset": payload_offset,
                "payload_length": len(self.payload),
                "update_count": self.lineage.update_count,
                "module_digest": self.lineage.module_digest,
                "state_digest": digest_of(table, self.schema, self.payload),
                "parent_digest": self.lineage.parent_digest,
                "base_digest": self.lineage.base_digest,
                "reserved": bytes(44),
                "crc32": 0,
            }
        )
        crc32 = zlib.crc32(header[:-4])
        header = header[:-4] + crc32.to_bytes(4, "little")
        body = (header + table + self.schema).ljust(payload_offset, b"\0") + self.payload
        trailer = layout.trailer.build(
            {
                "magic": layout.TRAILER_MAGIC,
                "generation": self.lineage.generation,
                "length": len(body) + TRAILER_SIZE,
                "header_crc32": crc32,
                "crc32": 0,
            }
        )
        return body + trailer[:-4] + zlib.crc32(trailer[:-4]).to_bytes(4, "little")


def place_regions(places: Sequence[tuple[RegionKind, int, int, int]]) -> tuple[Region, ...]:
    """Regions from (kind, index, address, length), laid out in a payload in this order."""
    regions, at = [], 0
    for kind, index, address, length in places:
        regions.append(Region(kind, index, address, length, at))
        at = aligned(at + length, layout.REGION_ALIGNMENT)
    return tuple(regions)


def build_payload(regions: Sequence[Region], contents: Sequence[bytes]) -> bytes:
    """The payload: each region's bytes at its place, zeros between and behind them."""
    payload = bytearray()
    for region, content in zip(regions, contents, strict=True):
        payload = payload.ljust(region.payload_offset, b"\0") + content
    return bytes(payload.ljust(aligned(len(payload), layout.REGION_ALIGNMENT), b"\0"))


def digest_of(table: bytes, schema: bytes, payload: bytes) -> bytes:
    """The state digest of these parts."""
    return hashlib.sha256(table + schema + payload).digest()


def successor(record: Record, parent: Record) -> Record:
    """The record as the next generation after ``parent``."""
    digest = parent.digest()
    lineage = replace(
        record.lineage,
        generation=parent.lineage.generation + 1,
        parent_digest=digest,
        base_digest=digest if parent.lineage.generation == 0 else parent.lineage.base_digest,
    )
    return replace(record, lineage=lineage)
