"""Reading a state record, and saying which part of it cannot be right.

Source: docs/format.md, "Reading". Nothing is allocated from a length that the bytes claim.
"""

from __future__ import annotations

import zlib
from itertools import pairwise
from typing import Any, NoReturn

from wasmstate.errors import StateCorruptError
from wasmstate.state import layout
from wasmstate.state.layout import HEADER_SIZE, MAJOR, MINOR, REGION_SIZE, TRAILER_SIZE, aligned
from wasmstate.state.memory_image import image_runs
from wasmstate.state.record import Lineage, Record, Region, RegionKind

_HEADER_OFFSETS = layout.field_offsets(layout.header)
_REGION_OFFSETS = layout.field_offsets(layout.region)
_TRAILER_OFFSETS = layout.field_offsets(layout.trailer)
_KINDS = tuple(RegionKind)
_LAST = 1 << 64  # the byte behind the last address of a memory


def decode_record(content: bytes) -> Record:
    """Decode the content of a state section.

    Args:
        content: the whole content; nothing may be left over.

    Raises:
        StateCorruptError: naming the first part whose bytes cannot be right.
    """
    header = decode_header(content)
    table = _part(content, "regions", header.region_offset, REGION_SIZE * header.region_count)
    _check_crc32("header.region_crc32", header.region_crc32, table)
    schema_offset = header.region_offset + len(table)
    schema = _part(content, "schema", schema_offset, header.schema_length)
    _check_crc32("header.schema_crc32", header.schema_crc32, schema)
    payload_offset = aligned(schema_offset + len(schema), layout.PAYLOAD_ALIGNMENT)
    if header.payload_offset != payload_offset:
        _corrupt_header("payload_offset", f"must be {payload_offset}, behind the schema")
    payload = _part(content, "payload", payload_offset, header.payload_length)
    end = payload_offset + len(payload)
    _decode_trailer(content, end, header)
    _check_zeros(content, "padding", schema_offset + len(schema), payload_offset)
    entries = decode_table(table, header.region_offset)
    _check_contents(entries, header.region_offset, payload, payload_offset)
    _check_crc32("header.payload_crc32", header.payload_crc32, payload)
    reserved = content[_HEADER_OFFSETS["reserved"] : header.header_length - 4]
    record = Record(
        Lineage.of(header),
        tuple(region for region, _ in entries),
        schema,
        payload,
        header.keep,
        header.minor,
        header.read_only_flags,
        reserved,
    )
    if record.digest(table) != header.state_digest:
        _corrupt_header("state_digest", "differs from the digest of the state")
    return record


def decode_header(content: bytes) -> Any:
    """The fields of the header that a record begins with.

    Raises:
        StateCorruptError: naming the field that breaks a rule.
    """
    if len(content) < HEADER_SIZE:
        reason = f"cut short: {len(content)} of {HEADER_SIZE} bytes"
        raise StateCorruptError("header", len(content), reason)
    header = layout.header.unpack(content)
    if header.magic != layout.MAGIC:
        _corrupt_header("magic", _magic_reason(content))
    if header.major != MAJOR:
        reason = f"version {header.major}.{header.minor} is not known, only {MAJOR}.x is"
        _corrupt_header("major", reason)
    length = header.header_length
    most = min(len(content), layout.MAX_HEADER_SIZE)
    if not HEADER_SIZE <= length <= most:
        _corrupt_header("header_length", f"{length} is not between {HEADER_SIZE} and {most}")
    stored = int.from_bytes(content[length - 4 : length], "little")
    computed = zlib.crc32(content[: length - 4])
    if stored != computed:
        reason = f"CRC-32 is {computed:08x}, stored is {stored:08x}"
        raise StateCorruptError("header.crc32", length - 4, reason)
    if header.incompatible_flags:
        reason = f"flags {header.incompatible_flags:#x} need a newer version to be read"
        _corrupt_header("incompatible_flags", reason)
    if header.minor <= MINOR and (length != HEADER_SIZE or any(header.reserved)):
        _corrupt_header("reserved", "must be zero in version 1.0")
    if header.keep > layout.MAX_KEEP:
        _corrupt_header("keep", f"{header.keep} is more than {layout.MAX_KEEP}")
    if header.region_offset != length:
        _corrupt_header("region_offset", f"must be {length}, behind the header")
    if not 1 <= header.region_count <= layout.MAX_REGIONS:
        _corrupt_header(
            "region_count", f"{header.region_count} is not between 1 and {layout.MAX_REGIONS}"
        )
    if header.schema_length > layout.MAX_SCHEMA_SIZE:
        reason = f"{header.schema_length} is more than {layout.MAX_SCHEMA_SIZE}"
        _corrupt_header("schema_length", reason)
    if header.payload_length > layout.MAX_PAYLOAD_SIZE:
        reason = f"{header.payload_length} is more than {layout.MAX_PAYLOAD_SIZE}"
        _corrupt_header("payload_length", reason)
    return header


def _magic_reason(content: bytes) -> str:
    if not any(content):
        return "zeros: never synced before a crash"
    if content.startswith(b"\x89WST\n\x1a\n"):
        return "line ends were converted, as by a transfer in text mode"
    if content.startswith(b"\xc2\x89WST"):
        return "re-encoded as UTF-8 text"
    return f"is {content[:8].hex(' ')}, not that of a state record"


def _decode_trailer(content: bytes, offset: int, header: Any) -> None:
    raw = content[offset : offset + TRAILER_SIZE]
    if len(raw) < TRAILER_SIZE:
        reason = f"cut short: {len(raw)} of {TRAILER_SIZE} bytes"
        raise StateCorruptError("trailer", offset + len(raw), reason)
    trailer = layout.trailer.unpack(raw)
    length = offset + TRAILER_SIZE
    expected = {
        "magic": layout.TRAILER_MAGIC,
        "crc32": zlib.crc32(raw[:-4]),
        "generation": header.generation,
        "length": length,
        "header_crc32": int.from_bytes(
            content[header.header_length - 4 : header.header_length], "little"
        ),
    }
    for field, value in expected.items():
        stored = getattr(trailer, field)
        if stored != value:
            reason = f"is {stored!r}, must be {value!r}"
            raise StateCorruptError(f"trailer.{field}", offset + _TRAILER_OFFSETS[field], reason)
    if len(content) > length:
        left = len(content) - length
        reason = f"{left} bytes behind the record"
        if layout.MAGIC in content[length:]:
            reason += ": another record, as a linker leaves when it joins sections of one name"
        raise StateCorruptError("content", length, reason)


def decode_table(table: bytes, offset: int = 0) -> list[tuple[Region, int]]:
    """The regions of a table, each with its CRC-32, by the rules that need no byte of the payload.

    Args:
        table: entry after entry.
        offset: of the table, from the start of the content.

    Raises:
        StateCorruptError: naming the entry and the field.
    """
    found: list[tuple[Region, int]] = []
    at = least = 0
    in_order = True  # ranges of one memory, each behind the one before
    whole = table[: len(table) // REGION_SIZE * REGION_SIZE]
    for i, raw in enumerate(layout.region.unpack_all(whole)):
        kind, index, address, length, place, crc32, reserved = raw
        end = address + length
        if kind or index or address < least:
            in_order = False
        if kind or not length or reserved or place != at or end > _LAST:
            fault = _region_fault(raw, at)
            if fault is not None:
                field, reason = fault
                where = offset + i * REGION_SIZE + _REGION_OFFSETS[field]
                raise StateCorruptError(f"regions[{i}].{field}", where, reason)
        found.append((Region(_KINDS[kind], index, address, length, place), crc32))
        at = aligned(at + length, layout.REGION_ALIGNMENT)
        least = end
    if not in_order:
        _check_overlaps([region for region, _ in found], offset)
    return found


def _region_fault(raw: Any, at: int) -> tuple[str, str] | None:
    """The field of an entry that breaks a rule, and why, if the payload has got to ``at``."""
    if raw.kind >= len(_KINDS):
        return "kind", f"{raw.kind} is no kind of region: 0 to 2 are"
    if raw.kind == RegionKind.GLOBAL and (raw.address or raw.length not in (4, 8, 16)):
        return "length", f"a global has 4, 8 or 16 bytes at address 0, not {raw.length}"
    if raw.length == 0:
        return "length", "a region has one byte at least"
    if raw.kind != RegionKind.WHOLE_MEMORY and raw.address + raw.length > _LAST:
        return "length", "the region ends past the last address"
    if raw.reserved:
        return "reserved", "must be zero"
    if raw.payload_offset != at:
        return "payload_offset", f"is {raw.payload_offset}, must be {at}"
    return None


def whole_memory_fault(region: Region, stored: bytes) -> str | None:
    """The reason why these bytes cannot be the region's, if it is a whole memory."""
    if region.kind is RegionKind.WHOLE_MEMORY:
        try:
            image_runs(stored, region.address)
        except ValueError as error:
            return f"whole memory: {error}"
    return None


def _check_contents(
    entries: list[tuple[Region, int]], offset: int, payload: bytes, payload_offset: int
) -> None:
    at = 0
    for i, (region, crc32) in enumerate(entries):
        end = at + region.length
        if end > len(payload):
            where = offset + i * REGION_SIZE + _REGION_OFFSETS["length"]
            reason = f"the region ends {end - len(payload)} bytes past the payload"
            raise StateCorruptError(f"regions[{i}].length", where, reason)
        computed = zlib.crc32(payload[at:end])
        fault = whole_memory_fault(region, payload[at:end]) if crc32 == computed else None
        if crc32 != computed:
            # Which of the two is damaged cannot be told; the bytes are the larger target.
            fault = f"CRC-32 of its {region.length} bytes is {computed:08x}, stored is {crc32:08x}"
        if fault is not None:
            raise StateCorruptError(f"regions[{i}]", payload_offset + at, fault)
        at = aligned(end, layout.REGION_ALIGNMENT)
        if any(payload[end:at]):
            _check_zeros(payload, f"regions[{i}].padding", end, at, payload_offset)
    if at != len(payload):
        reason = f"has {len(payload)} bytes, its regions end at {at}"
        raise StateCorruptError("payload", payload_offset + min(at, len(payload)), reason)


def _check_overlaps(regions: list[Region], offset: int) -> None:
    spans = sorted((*_span(region), i) for i, region in enumerate(regions))
    for first, second in pairwise(spans):
        (*space, _, end, a), (*other, start, _, b) = first, second
        if space == other and end > start:
            where = offset + b * REGION_SIZE + _REGION_OFFSETS["address"]
            raise StateCorruptError(f"regions[{b}].address", where, f"overlaps regions[{a}]")


def _span(region: Region) -> tuple[bool, int, int, int]:
    """Whether it is a global, the index, and which bytes it takes there."""
    if region.kind is RegionKind.WHOLE_MEMORY:
        return False, region.index, 0, 1 << 64
    return region.kind is RegionKind.GLOBAL, region.index, region.address, region.end


def _part(content: bytes, path: str, offset: int, length: int) -> bytes:
    left = max(len(content) - offset, 0)
    if length > left:
        reason = f"cut short: {left} of {length} bytes"
        raise StateCorruptError(path, min(offset, len(content)), reason)
    return content[offset : offset + length]


def _check_crc32(path: str, stored: int, content: bytes) -> None:
    computed = zlib.crc32(content)
    if stored != computed:
        part = path.removeprefix("header.").removesuffix("_crc32")
        reason = f"CRC-32 of the {part} is {computed:08x}, stored is {stored:08x}"
        raise StateCorruptError(path, _HEADER_OFFSETS[path.removeprefix("header.")], reason)


def _check_zeros(content: bytes, path: str, start: int, end: int, base: int = 0) -> None:
    left = content[start:end].lstrip(b"\0")
    if left:
        raise StateCorruptError(path, base + min(end, len(content)) - len(left), "must be zero")


def _corrupt_header(field: str, reason: str) -> NoReturn:
    raise StateCorruptError(f"header.{field}", _HEADER_OFFSETS[field], reason)
