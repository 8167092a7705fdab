"""A state record: the state S with its lineage, as it stands in the section.

Source: docs/format.md, "Record".
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

from wasmstate.errors import StateError
from wasmstate.state import layout
from wasmstate.state.layout import (
    HEADER_SIZE,
    REGION_SIZE,
    RESERVED_SIZE,
    TRAILER_SIZE,
    aligned,
)
from wasmstate.state.memory_image import decode_image, encode_image

_GENERATION = layout.field_offsets(layout.header)["generation"]


class RegionKind(IntEnum):
    """Where a region of S lives in the instance."""

    MEMORY = 0
    GLOBAL = 1
    WHOLE_MEMORY = 2


@dataclass(frozen=True, slots=True)
class Region:
    """Bytes of the instance that belong to S.

    Attributes:
        kind: a range of a linear memory, a global, or a memory as a whole.
        index: of the memory or the global.
        address: of the first byte, in linear memory; 0 for a global; of a whole memory that of
            the byte behind its last one, which is its size.
        length: in the payload, in bytes.
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
        is_whole = self.kind is RegionKind.WHOLE_MEMORY
        return self.address if is_whole else self.address + self.length

    @property
    def start(self) -> int:
        """The address of its first byte."""
        return 0 if self.kind is RegionKind.WHOLE_MEMORY else self.address

    @property
    def size(self) -> int:
        """Size in the instance, in bytes; zeros of a whole memory are not stored."""
        return self.address if self.kind is RegionKind.WHOLE_MEMORY else self.length


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

    @classmethod
    def of(cls, header: Any) -> Lineage:
        """What a parsed header says."""
        return cls(
            header.generation,
            header.update_count,
            header.module_digest,
            header.parent_digest,
            header.base_digest,
        )


@dataclass(frozen=True, slots=True)
class Record:
    """One state record, decoded down to its parts and found free of contradiction.

    Attributes:
        keep: how many older records a commit keeps in the file.
        minor: version of the record.
        read_only_flags: as they were read; this version knows none.
        reserved: the header between what this version knows and the CRC-32, as it was read.
    """

    lineage: Lineage
    regions: tuple[Region, ...]
    schema: bytes
    payload: bytes
    keep: int = 1
    minor: int = layout.MINOR
    read_only_flags: int = 0
    reserved: bytes = bytes(RESERVED_SIZE)
    # Computed once; what is made of a record by dataclasses.replace has none yet.
    _digest: bytes = field(default=b"", init=False, compare=False, repr=False)

    @property
    def read_only(self) -> bool:
        """True if a newer version wrote a field of unknown meaning that no other may write."""
        return bool(self.read_only_flags) or self.minor > layout.MINOR

    @property
    def header_length(self) -> int:
        """In bytes; 256, unless a newer version made it longer."""
        return HEADER_SIZE - RESERVED_SIZE + len(self.reserved)

    @property
    def payload_offset(self) -> int:
        """Offset of the payload from the start of the content."""
        end = self.header_length + REGION_SIZE * len(self.regions) + len(self.schema)
        return aligned(end, layout.PAYLOAD_ALIGNMENT)

    def region_bytes(self, index: int) -> bytes:
        """The bytes of one region, as they are stored."""
        region = self.regions[index]
        return self.payload[region.payload_offset : region.payload_offset + region.length]

    def digest(self, table: bytes | None = None) -> bytes:
        """The state digest: SHA-256 of region table, schema and payload; hashed once.

        Args:
            table: the region table, for who has it already.
        """
        if not self._digest:
            table = self.region_table() if table is None else table
            object.__setattr__(self, "_digest", digest_of(table, self.schema, self.payload))
        return self._digest

    def region_table(self) -> bytes:
        """The region table, with the checksum of each region's bytes."""
        return b"".join(
            layout.region.pack(
                kind=region.kind,
                index=region.index,
                address=region.address,
                length=region.length,
                payload_offset=region.payload_offset,
                crc32=zlib.crc32(self.region_bytes(i)),
                reserved=0,
            )
            for i, region in enumerate(self.regions)
        )

    def encode(self) -> bytes:
        """The content of the section; of a record that was read, the bytes that were read."""
        table = self.region_table()
        header = layout.header.pack(
            magic=layout.MAGIC,
            major=layout.MAJOR,
            minor=self.minor,
            incompatible_flags=0,
            read_only_flags=self.read_only_flags,
            header_length=self.header_length,
            generation=self.lineage.generation,
            region_offset=self.header_length,
            region_count=len(self.regions),
            region_crc32=zlib.crc32(table),
            schema_length=len(self.schema),
            schema_crc32=zlib.crc32(self.schema),
            payload_crc32=zlib.crc32(self.payload),
            payload_offset=self.payload_offset,
            payload_length=len(self.payload),
            update_count=self.lineage.update_count,
            module_digest=self.lineage.module_digest,
            state_digest=self.digest(table),
            parent_digest=self.lineage.parent_digest,
            base_digest=self.lineage.base_digest,
            keep=self.keep,
            reserved=bytes(RESERVED_SIZE),
            crc32=0,
        )
        header = header[: -4 - RESERVED_SIZE] + self.reserved
        header += zlib.crc32(header).to_bytes(4, "little")
        body = (header + table + self.schema).ljust(self.payload_offset, b"\0") + self.payload
        return body + build_trailer(header, len(body))


def build_trailer(header: bytes, body_length: int) -> bytes:
    """The trailer behind so many bytes that begin with this header."""
    trailer = layout.trailer.pack(
        magic=layout.TRAILER_MAGIC,
        generation=int.from_bytes(header[_GENERATION : _GENERATION + 8], "little"),
        length=body_length + TRAILER_SIZE,
        header_crc32=int.from_bytes(header[-4:], "little"),
        crc32=0,
    )
    return trailer[:-4] + zlib.crc32(trailer[:-4]).to_bytes(4, "little")


def place_regions(places: Sequence[tuple[RegionKind, int, int, int]]) -> tuple[Region, ...]:
    """Regions from (kind, index, address, length), laid out in a payload in this order."""
    regions, at = [], 0
    for kind, index, address, length in places:
        regions.append(Region(kind, index, address, length, at))
        at = aligned(at + length, layout.REGION_ALIGNMENT)
    return tuple(regions)


def contents_of(record: Record) -> list[bytes]:
    """What each region is in the instance, of a whole memory all bytes."""
    return [
        decode_image(record.region_bytes(i), region.size)
        if region.kind is RegionKind.WHOLE_MEMORY
        else record.region_bytes(i)
        for i, region in enumerate(record.regions)
    ]


def fill(regions: Sequence[Region], contents: Sequence[bytes]) -> tuple[tuple[Region, ...], bytes]:
    """The regions with these contents, and the payload: each one's bytes, zeros between.

    Only a whole memory may be larger than its region says: it has grown.
    """
    sized, stored = list(regions), [*contents]
    for i, region in enumerate(regions):
        if region.kind is RegionKind.WHOLE_MEMORY:
            stored[i] = encode_image(contents[i])
            sized[i] = replace(region, address=len(contents[i]))  # it may have grown
    return fill_stored(sized, stored)


def fill_stored(
    regions: Sequence[Region], stored: Sequence[bytes | bytearray]
) -> tuple[tuple[Region, ...], bytes]:
    """The same as :func:`fill`, of a whole memory given what a record stores of it."""
    filled: list[Region] = []
    payload = bytearray()
    for region, content in zip(regions, stored, strict=True):
        filled.append(replace(region, length=len(content), payload_offset=len(payload)))
        payload += content
        payload += bytes(-len(payload) % layout.REGION_ALIGNMENT)
    return tuple(filled), bytes(payload)


def digest_of(table: bytes, schema: bytes, payload: bytes) -> bytes:
    """The state digest of these parts."""
    digest = hashlib.sha256(table)
    digest.update(schema)
    digest.update(payload)  # not joined with the others: it may be large
    return digest.digest()


def successor(record: Record, parent: Record, keep: int | None = None) -> Record:
    """The record as the next generation after ``parent``.

    Args:
        record: the values.
        parent: the record that it replaces.
        keep: how many older records are kept from now on; if not given, as many as before.

    Raises:
        StateError: if ``parent`` is the last possible generation.
    """
    if parent.lineage.generation == layout.MAX_COUNT:
        raise StateError(
            f"generation {layout.MAX_COUNT} is the last one that the format has; start a new "
            "history: remove the state section and attach one"
        )
    digest = parent.digest()
    lineage = replace(
        record.lineage,
        generation=parent.lineage.generation + 1,
        parent_digest=digest,
        base_digest=digest if parent.lineage.generation == 0 else parent.lineage.base_digest,
    )
    return replace(record, lineage=lineage, keep=parent.keep if keep is None else keep)
