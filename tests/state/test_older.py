"""Records one after the other, and what may stand between them."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from state.records import record_bytes
from wasmstate.state.layout import MAGIC
from wasmstate.state.older import Part, check_keep, split

ONE = record_bytes(header={"generation": 1})
TWO = record_bytes(header={"generation": 2, "minor": 3}, extra_header=b"new!" * 20)
TRAILER = len(ONE) - 32


def told(content: bytes) -> list[tuple[bool, bytes]]:
    parts = split(content)
    assert [part.end for part in parts[:-1]] == [part.offset for part in parts[1:]]
    return [(part.is_record, content[part.offset : part.end]) for part in parts]


def test_nothing_has_no_parts() -> None:
    assert split(b"") == []


def test_records_are_told_apart_also_those_of_a_newer_version() -> None:
    assert split(ONE + TWO + ONE) == [
        Part(0, len(ONE), is_record=True),
        Part(len(ONE), len(ONE + TWO), is_record=True),
        Part(len(ONE + TWO), len(ONE + TWO + ONE), is_record=True),
    ]


def test_what_is_no_record_reaches_to_the_next_one() -> None:
    junk = b"junk" + MAGIC + bytes(300)
    assert told(junk + ONE + MAGIC + TWO + junk) == [
        (False, junk),
        (True, ONE),
        (False, MAGIC),
        (True, TWO),
        (False, junk),
    ]


def test_a_record_with_damaged_values_is_still_told_apart() -> None:
    damaged = bytearray(ONE)
    damaged[TRAILER - 1] ^= 0xFF
    assert told(bytes(damaged) + TWO) == [(True, bytes(damaged)), (True, TWO)]


def with_bytes(at: int, new: bytes, *, crc32: bool = True) -> bytes:
    """The record with other bytes, and the checksum of its header made right again."""
    content = bytearray(ONE)
    content[at : at + len(new)] = new
    if crc32:
        content[252:256] = zlib.crc32(content[:252]).to_bytes(4, "little")
    return bytes(content)


@pytest.mark.parametrize(
    "damaged",
    [
        ONE[:-1],
        ONE[:280],
        with_bytes(0, b"\0"),
        with_bytes(24, b"\7", crc32=False),
        with_bytes(20, (255).to_bytes(4, "little")),
        with_bytes(20, (1 << 17).to_bytes(4, "little")),
        with_bytes(56, b"\xff" * 8),
        with_bytes(64, b"\xff" * 8),
        with_bytes(64, (0).to_bytes(8, "little")),
        with_bytes(TRAILER, b"w"),
        with_bytes(TRAILER + 16, b"\1"),
    ],
)
def test_a_record_whose_frame_is_damaged_does_not_hide_those_around_it(damaged: bytes) -> None:
    assert told(TWO + damaged + TWO) == [(True, TWO), (False, damaged), (True, TWO)]
    assert told(damaged) == [(False, damaged)]


@given(st.lists(st.sampled_from([ONE, TWO, MAGIC, ONE[:400], b"WSTEND\r\n"]) | st.binary()))
@example([MAGIC] * 50)
def test_any_bytes_are_parts_without_a_hole_and_no_two_of_them_are_junk(
    pieces: Sequence[bytes],
) -> None:
    content = b"".join(pieces)
    parts = told(content)
    assert b"".join(raw for _, raw in parts) == content
    assert all(raw for _, raw in parts)
    assert all(first or second for (first, _), (second, _) in pairwise(parts))
    records = [raw for is_record, raw in parts if is_record]
    assert records == [piece for piece in pieces if piece in (ONE, TWO)]


@pytest.mark.parametrize("keep", [-1, 65, 1.5, math.nan, True, "3", None])
def test_a_file_keeps_from_0_to_64(keep: Any) -> None:
    for good in (0, 64, 3):
        check_keep(good)
    with pytest.raises(ValueError, match="keep") as caught:
        check_keep(keep)
    assert str(caught.value) == f"keep must be a whole number between 0 and 64, not {keep!r}"
