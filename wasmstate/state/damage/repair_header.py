"""The header of a damaged record: with one bit flipped back, or made again from the rest.

Nearly all that a header says follows from the bytes behind it, and the trailer holds the header's
CRC-32. So a header that is lost is made again from what it may have said, and the checksum says
which of the tries it was.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from itertools import product

from wasmstate.state import layout
from wasmstate.state.damage.find_records import Trailer
from wasmstate.state.damage.flips import find_flip, flip_bit
from wasmstate.state.damage.region_tables import is_table, payload_length
from wasmstate.state.layout import HEADER_SIZE, MAGIC, MAJOR, REGION_SIZE, TRAILER_SIZE
from wasmstate.state.record import Record, digest_of

_MORE_UPDATES = 1_000
_MOST_REGIONS = 4_096
_ZEROS = bytes(32)
_OFFSETS = layout.field_offsets(layout.header)


def known_header(there: bytes) -> tuple[bytes | None, int | None]:
    """A header by its own CRC-32, and the one bit of it that had to be flipped back.

    Args:
        there: the 256 bytes where it should be; fewer if the data ends before.
    """
    if len(there) < HEADER_SIZE:
        return None, None
    body, stored = there[:-4], int.from_bytes(there[-4:], "little")
    wrong = zlib.crc32(body) ^ stored
    if not wrong:
        return (there, None) if _is_header(there) else (None, None)
    bit = find_flip(body, stored)
    if bit is None and wrong.bit_count() == 1:
        bit = 8 * len(body) + wrong.bit_length() - 1
    if bit is None:
        return None, None
    mended = flip_bit(there, bit)
    return (mended, bit) if _is_header(mended) else (None, None)


def made_header(
    whole: bytes, trailer: Trailer, records: Sequence[Record], module_digest: bytes | None
) -> bytes | None:
    """A header that has the CRC-32 that the trailer remembers, made from the rest of the record.

    Args:
        whole: the record, whose first 256 bytes may be anything.
        trailer: its trailer.
        records: other records that may be of its line.
        module_digest: of the code, if that is known.
    """
    there = whole[:HEADER_SIZE].ljust(HEADER_SIZE, b"\0")
    before = [each for each in records if each.lineage.generation < trailer.generation]
    newest = max(before, key=lambda each: each.lineage.generation, default=None)
    modules = {module_digest or _ZEROS, _field(there, "module_digest")}
    parents = {_ZEROS, _field(there, "parent_digest")}
    bases = {_ZEROS, _field(there, "base_digest")}
    counts = [int.from_bytes(_field(there, "update_count"), "little"), 0]
    keeps = {1, int.from_bytes(_field(there, "keep"), "little")}
    if newest is not None:
        keeps.add(newest.keep)
        lineage = newest.lineage
        modules.add(lineage.module_digest)
        parents.add(newest.digest())
        bases.add(newest.digest() if lineage.generation == 0 else lineage.base_digest)
        first = lineage.update_count
        counts += range(first, min(first + _MORE_UPDATES, 1 << 64))
    for rest in _rests(whole, there, records):
        made = bytearray(layout.header.pack(**rest, generation=trailer.generation, crc32=0))
        for module, parent, base, keep in product(modules, parents, bases, keeps):
            _put(made, "keep", keep.to_bytes(4, "little"))
            _put(made, "module_digest", module)
            _put(made, "parent_digest", parent)
            _put(made, "base_digest", base)
            for count in counts:
                _put(made, "update_count", count.to_bytes(8, "little"))
                if zlib.crc32(made[:-4]) == trailer.header_crc32:
                    _put(made, "crc32", trailer.header_crc32.to_bytes(4, "little"))
                    if _is_header(bytes(made)):
                        return bytes(made)
    return None


def _rests(
    whole: bytes, there: bytes, records: Sequence[Record]
) -> Iterator[dict[str, int | bytes]]:
    """What the bytes behind the header make it say, for each number of regions they allow."""
    end = len(whole) - TRAILER_SIZE
    counts = {_count(whole), int.from_bytes(_field(there, "region_count"), "little")}
    for count in counts | {len(record.regions) for record in records}:
        schema_at = HEADER_SIZE + REGION_SIZE * count
        table = whole[HEADER_SIZE:schema_at]
        if len(table) != REGION_SIZE * count or not is_table(table):
            continue
        payload_at = end - payload_length(table)
        if payload_at < schema_at or payload_at % layout.PAYLOAD_ALIGNMENT:
            continue
        schema = whole[schema_at:payload_at].rstrip(b"\0")
        payload = whole[payload_at:end]
        yield {
            "magic": MAGIC,
            "major": MAJOR,
            "minor": layout.MINOR,
            "incompatible_flags": 0,
            "read_only_flags": 0,
            "header_length": HEADER_SIZE,
            "region_offset": HEADER_SIZE,
            "region_count": count,
            "region_crc32": zlib.crc32(table),
            "schema_length": len(schema),
            "schema_crc32": zlib.crc32(schema),
            "payload_crc32": zlib.crc32(payload),
            "payload_offset": payload_at,
            "payload_length": len(payload),
            "update_count": 0,
            "module_digest": _ZEROS,
            "state_digest": digest_of(table, schema, payload),
            "parent_digest": _ZEROS,
            "base_digest": _ZEROS,
            "keep": 1,
            "reserved": bytes(layout.RESERVED_SIZE),
        }


def _count(whole: bytes) -> int:
    """The number of regions with which the schema begins where the first object of JSON does."""
    last = HEADER_SIZE + REGION_SIZE * layout.MAX_REGIONS
    for at in range(HEADER_SIZE + REGION_SIZE, min(last, len(whole)), REGION_SIZE):
        if whole[at : at + 2] == b'{"':
            return (at - HEADER_SIZE) // REGION_SIZE
    return 0


def _field(header: bytes, name: str) -> bytes:
    at = _OFFSETS[name]
    return header[at : at + getattr(layout.header, name).sizeof()]


def _put(header: bytearray, name: str, value: bytes) -> None:
    header[_OFFSETS[name] : _OFFSETS[name] + len(value)] = value


def _is_header(header: bytes) -> bool:
    parsed = layout.header.unpack(header)
    return bool(
        parsed.magic == MAGIC
        and parsed.major == MAJOR
        and parsed.minor <= layout.MINOR
        and not parsed.incompatible_flags
        and parsed.header_length == parsed.region_offset == HEADER_SIZE
        and not any(parsed.reserved)
        and parsed.keep <= layout.MAX_KEEP
        and 1 <= parsed.region_count <= layout.MAX_REGIONS
        and parsed.schema_length <= layout.MAX_SCHEMA_SIZE
        and parsed.payload_length <= layout.MAX_PAYLOAD_SIZE
    )
