"""Damage of a record is noticed, all of it, and named."""

from __future__ import annotations

import tracemalloc
import zlib
from typing import Any

import pytest

from state.records import (
    CONTENTS,
    GLOBAL,
    MEMORY,
    record_bytes,
    region_bytes,
    table_and_payload,
)
from support import message
from wasmstate.errors import StateCorruptError, StateError
from wasmstate.state.damage.find_records import whole_length
from wasmstate.state.older import Part, split
from wasmstate.state.reading import decode_record
from wasmstate.state.state import State

RECORD = record_bytes()
WRONG_CRC = "CRC-32 of its 12 bytes is 862017af, stored is 862017ae"
PAYLOAD = len(RECORD) - 64


def refusal(content: bytes) -> str:
    return message(StateCorruptError, lambda: decode_record(content))


def noticed(content: bytes) -> bool:
    try:
        State.from_content(content)
    except StateError:
        return True
    return False


def test_every_bit_flip_is_noticed() -> None:
    content = bytearray(RECORD)
    for at in range(len(content)):
        for bit in range(8):
            content[at] ^= 1 << bit
            assert noticed(bytes(content)), (at, bit)
            content[at] ^= 1 << bit


def test_every_truncation_is_noticed() -> None:
    for length in range(len(RECORD)):
        assert noticed(RECORD[:length]), length


@pytest.mark.parametrize("size", [1, 16, 64, 512])
def test_every_zeroed_block_is_noticed(size: int) -> None:
    for at in range(len(RECORD)):
        zeroed = RECORD[:at] + bytes(len(RECORD[at : at + size])) + RECORD[at + size :]
        assert zeroed == RECORD or noticed(zeroed), at


@pytest.mark.parametrize("tail", [b"\0", b"\n", bytes(64), RECORD[-32:], b"\xff" * 1000])
def test_appended_bytes_are_noticed(tail: bytes) -> None:
    assert refusal(RECORD + tail) == (
        f"content at content offset {len(RECORD):#x}: {len(tail)} bytes behind the record"
    )


def test_two_records_in_one_section_are_named() -> None:
    assert refusal(RECORD + RECORD) == (
        f"content at content offset {len(RECORD):#x}: {len(RECORD)} bytes behind the record: "
        "another record, as a linker leaves when it joins sections of one name"
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (bytes(len(RECORD)), "zeros: never synced before a crash"),
        (
            RECORD.replace(b"\r\n", b"\n"),
            "line ends were converted, as by a transfer in text mode",
        ),
        (RECORD.decode("latin-1").encode("utf-8"), "re-encoded as UTF-8 text"),
        (b"PK\3\4" + RECORD, "is 50 4b 03 04 89 57 53 54, not that of a state record"),
    ],
)
def test_what_happened_to_the_magic_is_named(content: bytes, reason: str) -> None:
    assert refusal(content) == f"header.magic at content offset 0x0: {reason}"


@pytest.mark.parametrize("length", [0, 8, 255])
def test_a_header_cut_short_is_named(length: int) -> None:
    assert refusal(RECORD[:length]) == (
        f"header at content offset {length:#x}: cut short: {length} of 256 bytes"
    )


@pytest.mark.parametrize(
    ("cut", "part", "left", "whole"),
    [(256, "regions", 0, 80), (300, "regions", 44, 80), (PAYLOAD + 9, "payload", 9, 32)],
)
def test_a_part_cut_short_is_named(cut: int, part: str, left: int, whole: int) -> None:
    offset = {"regions": 256, "payload": PAYLOAD}[part]
    assert refusal(RECORD[:cut]) == (
        f"{part} at content offset {offset:#x}: cut short: {left} of {whole} bytes"
    )


@pytest.mark.parametrize("cut", [1, 31])
def test_a_trailer_cut_short_is_named(cut: int) -> None:
    end = len(RECORD) - cut
    assert refusal(RECORD[:end]) == (
        f"trailer at content offset {end:#x}: cut short: {32 - cut} of 32 bytes"
    )


def flipped(at: int) -> bytes:
    return RECORD[:at] + bytes([RECORD[at] ^ 1]) + RECORD[at + 1 :]


def test_a_flip_is_told_by_the_checksum_of_its_part() -> None:
    stored = int.from_bytes(RECORD[252:256], "little")
    assert refusal(flipped(24)) == (
        f"header.crc32 at content offset 0xfc: "
        f"CRC-32 is {zlib.crc32(flipped(24)[:252]):08x}, stored is {stored:08x}"
    )
    for at, part, field, start, end in [
        (258, "region", 40, 256, 336),
        (340, "schema", 48, 336, 336 + int.from_bytes(RECORD[44:48], "little")),
    ]:
        stored = int.from_bytes(RECORD[field : field + 4], "little")
        computed = zlib.crc32(flipped(at)[start:end])
        assert refusal(flipped(at)) == (
            f"header.{part}_crc32 at content offset {field:#x}: "
            f"CRC-32 of the {part} is {computed:08x}, stored is {stored:08x}"
        )


def test_a_flip_in_the_values_is_blamed_on_their_region() -> None:
    damaged = decode_record(RECORD).region_bytes(0)
    damaged = damaged[:1] + bytes([damaged[1] ^ 1]) + damaged[2:]
    stored = int.from_bytes(RECORD[256 + 32 : 256 + 36], "little")
    assert refusal(flipped(PAYLOAD + 1)) == (
        f"regions[0] at content offset {PAYLOAD:#x}: CRC-32 of its {len(damaged)} bytes is "
        f"{zlib.crc32(damaged):08x}, stored is {stored:08x}"
    )


def test_a_payload_checksum_that_only_itself_is_wrong_is_named() -> None:
    header = bytearray(RECORD[:256])
    header[52] ^= 1
    header[252:] = zlib.crc32(header[:252]).to_bytes(4, "little")
    trailer = bytearray(RECORD[-32:])
    trailer[24:28] = header[252:]
    trailer[28:] = zlib.crc32(trailer[:28]).to_bytes(4, "little")
    found = refusal(bytes(header) + RECORD[256:-32] + bytes(trailer))
    assert found.startswith("header.payload_crc32 at content offset 0x34: CRC-32 of the payload")


@pytest.mark.parametrize(
    ("trailer", "field", "offset", "reason"),
    [
        ({"magic": b"WSTEND\n\n"}, "magic", 0, "is b'WSTEND\\n\\n', must be b'WSTEND\\r\\n'"),
        ({"generation": 4}, "generation", 8, "is 4, must be 5"),
        ({"length": 9}, "length", 16, f"is 9, must be {len(RECORD)}"),
        ({"header_crc32": 9}, "header_crc32", 24,
         f"is 9, must be {int.from_bytes(RECORD[252:256], 'little')}"),
    ],
)  # fmt: skip
def test_a_trailer_that_contradicts_the_header_is_named(
    trailer: dict[str, Any], field: str, offset: int, reason: str
) -> None:
    at = len(RECORD) - 32 + offset
    assert refusal(record_bytes(trailer=trailer)) == (
        f"trailer.{field} at content offset {at:#x}: {reason}"
    )


@pytest.mark.parametrize(
    ("header", "offset", "reason"),
    [
        ({"major": 2}, 8, "version 2.0 is not known, only 1.x is"),
        ({"major": 0, "minor": 9}, 8, "version 0.9 is not known, only 1.x is"),
        ({"header_length": 255}, 20, f"255 is not between 256 and {len(RECORD)}"),
        ({"header_length": 2**32 - 1}, 20, f"4294967295 is not between 256 and {len(RECORD)}"),
        ({"incompatible_flags": 5}, 12, "flags 0x5 need a newer version to be read"),
        ({"keep": 65}, 208, "65 is more than 64"),
        ({"reserved": bytes(39) + b"\1"}, 212, "must be zero in version 1.0"),
        ({"region_offset": 255}, 32, "must be 256, behind the header"),
        ({"region_count": 0}, 36, "0 is not between 1 and 65536"),
        ({"region_count": 65_537}, 36, "65537 is not between 1 and 65536"),
        ({"schema_length": 2**20 + 1}, 44, "1048577 is more than 1048576"),
        ({"payload_length": 2**32 + 1}, 64, "4294967297 is more than 4294967296"),
        ({"payload_offset": PAYLOAD + 64}, 56, f"must be {PAYLOAD}, behind the schema"),
        ({"state_digest": bytes(32)}, 112, "differs from the digest of the state"),
    ],
)
def test_a_header_that_cannot_be_is_named(header: dict[str, Any], offset: int, reason: str) -> None:
    field = next(iter(header))
    assert refusal(record_bytes(header=header)) == (
        f"header.{field} at content offset {offset:#x}: {reason}"
    )


def test_a_longer_header_in_version_1_0_is_refused() -> None:
    assert refusal(record_bytes(extra_header=bytes(64))) == (
        "header.reserved at content offset 0xd4: must be zero in version 1.0"
    )


@pytest.mark.parametrize("length", [65_536, 65_540])
def test_a_header_of_a_newer_version_has_at_most_65536_bytes(length: int) -> None:
    content = record_bytes(header={"minor": 1}, extra_header=bytes(length - 256))
    if length == 65_536:
        assert decode_record(content).header_length == length
        assert split(content) == [Part(0, len(content), is_record=True)]
    else:
        assert refusal(content) == (
            "header.header_length at content offset 0x14: 65540 is not between 256 and 65536"
        )
        assert whole_length(content) is None


def test_padding_before_the_payload_must_be_zero() -> None:
    schema_end = 336 + int.from_bytes(RECORD[44:48], "little")
    gap = PAYLOAD - schema_end
    assert refusal(record_bytes(padding=bytes(gap - 1) + b"\1")) == (
        f"padding at content offset {PAYLOAD - 1:#x}: must be zero"
    )


CRC = zlib.crc32(CONTENTS[0])
GLOBAL_LENGTH = (
    "regions[0].length at content offset 0x110: a global has 4, 8 or 16 bytes at address 0"
)
ONE_CRC = zlib.crc32(b"\0")


@pytest.mark.parametrize(
    ("table", "payload", "expected"),
    [
        (region_bytes(3, 0, 0, 12, 0, CRC), None,
         "regions[0].kind at content offset 0x100: 3 is no kind of region: 0 to 2 are"),
        (region_bytes(GLOBAL, 0, 4, 8, 0, CRC), None,
         f"{GLOBAL_LENGTH}, not 8"),
        (region_bytes(GLOBAL, 0, 0, 12, 0, CRC), None,
         f"{GLOBAL_LENGTH}, not 12"),
        (region_bytes(MEMORY, 0, 0, 0, 0, 0), None,
         "regions[0].length at content offset 0x110: a region has one byte at least"),
        (region_bytes(MEMORY, 0, 2**64 - 11, 12, 0, CRC), None,
         "regions[0].length at content offset 0x110: the region ends past the last address"),
        (region_bytes(MEMORY, 0, 0, 12, 0, CRC, 1), None,
         "regions[0].reserved at content offset 0x124: must be zero"),
        (region_bytes(MEMORY, 0, 0, 12, 16, CRC), None,
         "regions[0].payload_offset at content offset 0x118: is 16, must be 0"),
        (region_bytes(MEMORY, 0, 0, 17, 0, CRC), bytes(16),
         "regions[0].length at content offset 0x110: the region ends 1 bytes past the payload"),
        (region_bytes(MEMORY, 0, 0, 12, 0, CRC ^ 1), None,
         f"regions[0] at content offset 0x280: {WRONG_CRC}"),
        (region_bytes(MEMORY, 0, 0, 12, 0, CRC), CONTENTS[0] + b"\0\0\0\1",
         "regions[0].padding at content offset {payload}+0xf: must be zero"),
        (region_bytes(MEMORY, 0, 0, 12, 0, CRC), CONTENTS[0] + bytes(20),
         "payload at content offset {payload}+0x10: has 32 bytes, its regions end at 16"),
        (region_bytes(MEMORY, 0, 0, 12, 0, CRC), CONTENTS[0] + bytes(2),
         "payload at content offset {payload}+0xe: has 14 bytes, its regions end at 16"),
        (region_bytes(MEMORY, 0, 8, 1, 0, ONE_CRC) + region_bytes(MEMORY, 0, 0, 9, 16,
         zlib.crc32(bytes(9))), bytes(32),
         "regions[0].address at content offset 0x108: overlaps regions[1]"),
        (region_bytes(GLOBAL, 1, 0, 4, 0, zlib.crc32(bytes(4))) * 2, bytes(32),
         "regions[1].payload_offset at content offset 0x140: is 0, must be 16"),
        (region_bytes(GLOBAL, 1, 0, 4, 0, zlib.crc32(bytes(4)))
         + region_bytes(GLOBAL, 1, 0, 4, 16, zlib.crc32(bytes(4))), bytes(32),
         "regions[1].address at content offset 0x130: overlaps regions[0]"),
    ],
)  # fmt: skip
def test_a_region_that_cannot_be_is_named(
    table: bytes, payload: bytes | None, expected: str
) -> None:
    payload = CONTENTS[0] + bytes(4) if payload is None else payload
    content = record_bytes(table=table, payload=payload)
    at = len(content) - 32 - len(payload)
    part, _, rest = expected.partition("{payload}+")
    if rest:
        offset, _, reason = rest.partition(":")
        expected = f"{part}{at + int(offset, 16):#x}:{reason}"
    assert refusal(content) == expected


def test_regions_that_touch_or_lie_in_other_memories_do_not_overlap() -> None:
    regions = ((MEMORY, 0, 8, 8), (MEMORY, 0, 0, 8), (MEMORY, 1, 4, 8), (GLOBAL, 0, 0, 8))
    table, payload = table_and_payload(regions, [bytes(8)] * 4)
    assert len(decode_record(record_bytes(table=table, payload=payload)).regions) == 4


@pytest.mark.parametrize(
    "header",
    [
        {"payload_length": 1 << 30},
        {"schema_length": 1 << 20},
        {"region_count": 65_536},
        {"header_length": 1 << 30},
    ],
)
def test_lengths_that_are_only_claimed_cost_nothing(header: dict[str, Any]) -> None:
    content = record_bytes(header=header)[:400]
    tracemalloc.start()
    try:
        assert noticed(content)
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "header", [{"minor": 1}, {"read_only_flags": 1}, {"minor": 9, "reserved": b"r" * 40}]
)
def test_what_a_newer_version_added_can_be_read_but_not_written(header: dict[str, Any]) -> None:
    state = State.from_content(record_bytes(header=header))
    assert state.record.read_only
    assert state["w"].tolist() == [1.5, -2.0]
    assert state.to_content() == record_bytes(header=header)


def test_a_record_of_this_version_can_be_written() -> None:
    assert not State.from_content(RECORD).record.read_only
