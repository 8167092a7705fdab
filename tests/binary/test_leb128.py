"""Integers: LEB128 of at most ``ceil(bits / 7)`` bytes."""

from __future__ import annotations

import pytest

from support import message, read_value
from wasmstate.binary.values import Leb128, s32, s33, s64, u32, u64
from wasmstate.errors import MalformedError, SectionError

UNSIGNED = [
    (u32, "00", 0),
    (u32, "01", 1),
    (u32, "7f", 127),
    (u32, "80 01", 128),
    (u32, "ff 7f", 16_383),
    (u32, "80 80 01", 16_384),
    (u32, "e5 8e 26", 624_485),
    (u32, "ff ff ff ff 0f", 2**32 - 1),
    (u64, "ff ff ff ff 0f", 2**32 - 1),
    (u64, "80 80 80 80 10", 2**32),
    (u64, "ff ff ff ff ff ff ff ff ff 01", 2**64 - 1),
]
SIGNED = [
    (s32, "00", 0),
    (s32, "3f", 63),
    (s32, "c0 00", 64),
    (s32, "7f", -1),
    (s32, "40", -64),
    (s32, "bf 7f", -65),
    (s32, "c0 bb 78", -123_456),
    (s32, "ff ff ff ff 07", 2**31 - 1),
    (s32, "80 80 80 80 78", -(2**31)),
    (s33, "80 80 80 80 08", 2**31),
    (s33, "ff ff ff ff 0f", 2**32 - 1),
    (s33, "80 80 80 80 70", -(2**32)),
    (s64, "ff ff ff ff ff ff ff ff ff 00", 2**63 - 1),
    (s64, "80 80 80 80 80 80 80 80 80 7f", -(2**63)),
]
PADDED = [
    (u32, "80 00", 0),
    (u32, "83 80 80 80 00", 3),
    (u64, "83 80 80 80 80 80 80 80 80 00", 3),
    (s32, "83 80 80 80 00", 3),
    (s32, "ff ff ff ff 7f", -1),
    (s33, "ff ff ff ff 7f", -1),
    (s64, "ff ff ff ff ff ff ff ff ff 7f", -1),
    (s64, "83 80 80 80 80 80 80 80 80 00", 3),
]
MALFORMED = [
    (u32, "", 0x1F0, "unexpected end"),
    (u32, "80", 0x1F1, "unexpected end"),
    (u32, "80 80 80 80", 0x1F4, "unexpected end"),
    (u32, "80 80 80 80 80 00", 0x1F5, "integer representation too long"),
    (u32, "80 80 80 80 80", 0x1F5, "integer representation too long"),
    (u32, "80 80 80 80 10", 0x1F4, "integer too large"),
    (u32, "80 80 80 80 70", 0x1F4, "integer too large"),
    (u32, "ff ff ff ff 1f", 0x1F4, "integer too large"),
    (u32, "ff ff ff ff ff 00", 0x1F4, "integer too large"),
    (u64, "80 80 80 80 80 80 80 80 80 02", 0x1F9, "integer too large"),
    (u64, "80 80 80 80 80 80 80 80 80 80 00", 0x1FA, "integer representation too long"),
    (s32, "", 0x1F0, "unexpected end"),
    (s32, "80 80 80 80 08", 0x1F4, "integer too large"),
    (s32, "ff ff ff ff 0f", 0x1F4, "integer too large"),
    (s32, "80 80 80 80 70", 0x1F4, "integer too large"),
    (s32, "ff ff ff ff 77", 0x1F4, "integer too large"),
    (s32, "80 80 80 80 80 00", 0x1F5, "integer representation too long"),
    (s33, "80 80 80 80 10", 0x1F4, "integer too large"),
    (s33, "80 80 80 80 60", 0x1F4, "integer too large"),
    (s64, "80 80 80 80 80 80 80 80 80 01", 0x1F9, "integer too large"),
    (s64, "80 80 80 80 80 80 80 80 80 7e", 0x1F9, "integer too large"),
    (s64, "80 80 80 80 80 80 80 80 80 80 00", 0x1FA, "integer representation too long"),
]


@pytest.mark.parametrize(("integer", "text", "value"), UNSIGNED + SIGNED)
def test_the_shortest_form_is_read_and_is_what_is_written(
    integer: Leb128, text: str, value: int
) -> None:
    assert read_value(integer, text) == value
    assert integer.encode(value) == bytes.fromhex(text)


@pytest.mark.parametrize(("integer", "text", "value"), PADDED)
def test_a_padded_form_within_the_limit_is_read(integer: Leb128, text: str, value: int) -> None:
    assert read_value(integer, text) == value


@pytest.mark.parametrize(("integer", "text", "offset", "reason"), MALFORMED)
def test_a_bad_integer_is_reported_at_its_first_bad_byte(
    integer: Leb128, text: str, offset: int, reason: str
) -> None:
    found = message(MalformedError, lambda: read_value(integer, text))
    assert found == f"value at {offset:#x}: {reason}"


@pytest.mark.parametrize(
    ("integer", "value", "word"),
    [
        (u32, -1, "u32"),
        (u32, 2**32, "u32"),
        (u64, 2**64, "u64"),
        (s32, 2**31, "s32"),
        (s32, -(2**31) - 1, "s32"),
        (s33, 2**32, "s33"),
        (s33, -(2**32) - 1, "s33"),
        (s64, 2**63, "s64"),
        (s64, -(2**63) - 1, "s64"),
    ],
)
def test_a_value_that_does_not_fit_is_not_written(integer: Leb128, value: int, word: str) -> None:
    found = message(SectionError, lambda: integer.encode(value))
    assert found == f"cannot encode {value}: it does not fit {word}"


@pytest.mark.parametrize(
    ("value", "width", "text"),
    [
        (3, 1, "03"),
        (3, 2, "83 00"),
        (3, 5, "83 80 80 80 00"),
        (128, 1, "80 01"),
        (128, 5, "80 81 80 80 00"),
        (2**32 - 1, 5, "ff ff ff ff 0f"),
    ],
)
def test_a_width_is_reached_by_padding(value: int, width: int, text: str) -> None:
    assert u32.encode_padded(value, width) == bytes.fromhex(text)
    assert read_value(u32, text) == value
