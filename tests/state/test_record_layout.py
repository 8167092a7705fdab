"""The record, byte by byte."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import replace

import numpy as np

from state.records import CONTENTS, SCHEMA, canonical, record_bytes
from wasmstate.state import layout
from wasmstate.state.reading import decode_record
from wasmstate.state.record import Lineage, Record, RegionKind, fill, place_regions
from wasmstate.state.record import successor as next_generation
from wasmstate.state.state import State

SCHEMA_BYTES = canonical(SCHEMA)
REGIONS = place_regions([(RegionKind.MEMORY, 0, 1024, 12), (RegionKind.GLOBAL, 3, 0, 8)])
RECORD = Record(
    Lineage(5, 6, bytes(range(32)), b"p" * 32, b"b" * 32),
    REGIONS,
    SCHEMA_BYTES,
    fill(REGIONS, CONTENTS)[1],
)
CONTENT = RECORD.encode()


def u(at: int, size: int) -> int:
    return int.from_bytes(CONTENT[at : at + size], "little")


def test_a_record_is_written_as_the_format_says() -> None:
    assert record_bytes() == CONTENT
    assert decode_record(CONTENT) == RECORD


def test_the_header_has_256_bytes_at_these_offsets() -> None:
    payload_offset = -(-(256 + 80 + len(SCHEMA_BYTES)) // 64) * 64
    assert CONTENT[0:8] == b"\x89WST\r\n\x1a\n"
    assert u(8, 2) == 1  # major
    assert u(10, 2) == 0  # minor
    assert u(12, 4) == 0  # incompatible flags
    assert u(16, 4) == 0  # read-only flags
    assert u(20, 4) == 256  # header length
    assert u(24, 8) == 5  # generation
    assert u(32, 4) == 256  # region table
    assert u(36, 4) == 2  # regions
    assert u(40, 4) == zlib.crc32(CONTENT[256:336])
    assert u(44, 4) == len(SCHEMA_BYTES)
    assert u(48, 4) == zlib.crc32(SCHEMA_BYTES)
    assert u(52, 4) == zlib.crc32(CONTENT[payload_offset:-32])
    assert u(56, 8) == payload_offset
    assert u(64, 8) == 32  # payload length
    assert u(72, 8) == 6  # update count
    assert CONTENT[80:112] == bytes(range(32))  # module digest
    state = hashlib.sha256(CONTENT[256:336] + SCHEMA_BYTES + CONTENT[payload_offset:-32])
    assert CONTENT[112:144] == state.digest() == RECORD.digest()
    assert CONTENT[144:176] == b"p" * 32  # parent digest
    assert CONTENT[176:208] == b"b" * 32  # base digest
    assert u(208, 4) == 1  # older records to keep
    assert CONTENT[212:252] == bytes(40)  # reserved
    assert u(252, 4) == zlib.crc32(CONTENT[:252])


def test_a_region_has_40_bytes_at_these_offsets() -> None:
    at = 256 + 40  # the second
    assert u(at, 4) == 1  # a global
    assert u(at + 4, 4) == 3  # its index
    assert u(at + 8, 8) == 0  # address
    assert u(at + 16, 8) == 8  # length
    assert u(at + 24, 8) == 16  # in the payload
    assert u(at + 32, 4) == zlib.crc32(CONTENTS[1])
    assert u(at + 36, 4) == 0  # reserved
    assert (u(256, 4), u(260, 4), u(264, 8), u(272, 8)) == (0, 0, 1024, 12)


def test_the_schema_follows_the_regions_and_the_payload_is_aligned_to_64() -> None:
    end = 336 + len(SCHEMA_BYTES)
    start = RECORD.payload_offset
    assert CONTENT[336:end] == SCHEMA_BYTES
    assert start % 64 == 0
    assert CONTENT[end:start] == bytes(start - end)
    assert CONTENT[start : start + 12] == CONTENTS[0]
    assert CONTENT[start + 12 : start + 16] == bytes(4)
    assert CONTENT[start + 16 : start + 32] == CONTENTS[1] + bytes(8)
    assert start + 32 + 32 == len(CONTENT)


def test_the_trailer_has_32_bytes_at_these_offsets() -> None:
    at = len(CONTENT) - 32
    assert CONTENT[at : at + 8] == b"WSTEND\r\n"
    assert u(at + 8, 8) == 5  # generation
    assert u(at + 16, 8) == len(CONTENT)
    assert u(at + 24, 4) == u(252, 4)  # the header's CRC-32
    assert u(at + 28, 4) == zlib.crc32(CONTENT[at : at + 28])


def test_offsets_of_fields_follow_from_the_declaration() -> None:
    offsets = layout.field_offsets(layout.header)
    assert (offsets["magic"], offsets["generation"], offsets["crc32"]) == (0, 24, 252)
    assert (layout.header.sizeof(), layout.region.sizeof(), layout.trailer.sizeof()) == (
        256,
        40,
        32,
    )


def test_a_region_knows_where_it_ends() -> None:
    assert RECORD.regions[0].end == 1036
    assert RECORD.region_bytes(0) == CONTENTS[0]
    assert RECORD.region_bytes(1) == CONTENTS[1]


def test_the_next_generation_names_its_parent_and_the_state_it_all_began_with() -> None:
    zero = replace(RECORD, lineage=Lineage(0, 0, b"m" * 32))
    one = next_generation(zero, zero)
    assert one.lineage == Lineage(1, 0, b"m" * 32, zero.digest(), zero.digest())
    changed = replace(one, payload=bytes(32))
    two = next_generation(changed, one)
    assert two.lineage == Lineage(2, 0, b"m" * 32, one.digest(), zero.digest())


def test_how_many_are_kept_is_inherited_unless_it_is_said_anew() -> None:
    parent = replace(RECORD, keep=7)
    assert next_generation(RECORD, parent).keep == 7
    assert next_generation(RECORD, parent, 0).keep == 0


def test_a_digest_is_of_the_values_and_not_of_their_history() -> None:
    assert replace(RECORD, lineage=Lineage(0, 0, bytes(32))).digest() == RECORD.digest()
    assert replace(RECORD, payload=bytes(32)).digest() != RECORD.digest()


def test_a_tensor_is_found_behind_a_header_that_a_newer_version_made_longer() -> None:
    content = record_bytes(extra_header=b"new!" * 20, header={"minor": 1})
    state = State.from_content(content)
    assert state.to_content() == content
    at = state.content_offset("w")
    assert np.frombuffer(content, "<f4", 2, at).tolist() == [1.5, -2.0]
    assert state.record.read_only
