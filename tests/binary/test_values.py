"""Bytes, names, lists and choices: what sections are made of besides integers."""

from __future__ import annotations

import tracemalloc

import pytest
from construct import Struct

from support import message, read_value
from wasmstate.binary.content import Content
from wasmstate.binary.values import Choice, List, Raw, byte, decode, f32, f64, name, octets, u32
from wasmstate.errors import MalformedError, SectionError

NAMES = [
    ("00", ""),
    ("03 61 62 63", "abc"),
    ("01 00", "\0"),
    ("02 c2 80", "\x80"),
    ("02 df bf", "\u07ff"),
    ("03 e0 a0 80", "\u0800"),
    ("03 ed 9f bf", "\ud7ff"),
    ("03 ee 80 80", "\ue000"),
    ("03 ef bf bf", "\uffff"),
    ("04 f0 90 80 80", "\U00010000"),
    ("04 f4 8f bf bf", "\U0010ffff"),
]
NOT_UTF8 = [
    ("01 80", 0x1F1),  # a continuation byte alone
    ("02 61 ff", 0x1F2),
    ("02 c0 80", 0x1F1),  # overlong NUL
    ("02 c1 bf", 0x1F1),  # overlong
    ("03 e0 9f bf", 0x1F1),  # overlong
    ("03 ed a0 80", 0x1F1),  # a surrogate
    ("03 ed bf bf", 0x1F1),  # a surrogate
    ("04 f0 8f bf bf", 0x1F1),  # overlong
    ("04 f4 90 80 80", 0x1F1),  # above U+10FFFF
    ("05 f8 80 80 80 80", 0x1F1),
    ("04 61 62 e2 82", 0x1F3),  # cut short
]


def test_a_byte_is_no_integer_so_its_high_bit_continues_nothing() -> None:
    assert read_value(byte, "80") == 0x80
    assert byte.encode(0x80) == b"\x80"


def test_a_missing_byte_is_an_unexpected_end() -> None:
    found = message(MalformedError, lambda: read_value(byte, ""))
    assert found == "value at 0x1f0: unexpected end"


@pytest.mark.parametrize(("construct", "length"), [(f32, 4), (f64, 8), (Raw(16), 16)])
def test_bits_are_kept_as_bytes(construct: Raw, length: int) -> None:
    bits = bytes(range(0xF0, 0xF0 + length))
    assert read_value(construct, bits.hex()) == bits
    assert construct.encode(bits) == bits


def test_bits_cut_short_are_an_unexpected_end_where_the_content_ends() -> None:
    found = message(MalformedError, lambda: read_value(f64, "01 02 03"))
    assert found == "value at 0x1f3: unexpected end"


def test_bits_of_another_width_are_not_written() -> None:
    found = message(SectionError, lambda: f32.encode(bytes(8)))
    assert found == "cannot encode 8 bytes where 4 belong"


def test_a_list_of_bytes_has_its_length_first() -> None:
    assert read_value(octets, "03 01 02 03") == b"\1\2\3"
    assert octets.encode(b"\1\2\3") == b"\3\1\2\3"


def test_more_bytes_than_are_left_are_reported_at_the_length_that_claims_them() -> None:
    found = message(MalformedError, lambda: read_value(octets, "84 00 01 02 03"))
    assert found == "value at 0x1f0: length out of bounds"


@pytest.mark.parametrize(("text", "value"), NAMES)
def test_a_name_is_utf8(text: str, value: str) -> None:
    assert read_value(name, text) == value
    assert name.encode(value) == bytes.fromhex(text)


@pytest.mark.parametrize(("text", "offset"), NOT_UTF8)
def test_a_name_that_is_not_utf8_is_reported_at_the_first_byte_of_the_bad_sequence(
    text: str, offset: int
) -> None:
    found = message(MalformedError, lambda: read_value(name, text))
    assert found == f"value at {offset:#x}: malformed UTF-8 encoding"


def test_a_name_with_a_surrogate_is_not_written() -> None:
    found = message(SectionError, lambda: name.encode("a\ud800"))
    assert found == "cannot encode the name 'a\\ud800': surrogates not allowed"


def test_a_list_names_the_entry_that_is_malformed() -> None:
    found = message(MalformedError, lambda: read_value(List(u32), "03 01 80 02 80"))
    assert found == "value[2] at 0x1f5: unexpected end"


def test_a_list_may_be_empty() -> None:
    assert read_value(List(u32), "00") == []
    assert List(u32).build([]) == b"\0"


def test_a_count_may_be_as_large_as_the_bytes_left() -> None:
    assert read_value(List(byte), "03 07 08 09") == [7, 8, 9]
    found = message(MalformedError, lambda: read_value(List(byte), "04 07 08 09"))
    assert found == "value at 0x1f0: length out of bounds"


def test_a_claim_of_four_billion_entries_in_ten_bytes_allocates_nothing() -> None:
    content = "ff ff ff ff 0f  01 01 01 01 01"
    tracemalloc.start()
    try:
        found = message(MalformedError, lambda: read_value(List(byte), content))
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()
    assert found == "value at 0x1f0: length out of bounds"


def test_a_choice_gives_what_its_codes_stand_for() -> None:
    answer = Choice("no answer", names={0: "no", 7: "yes"})
    assert read_value(answer, "07") == "yes"
    assert answer.encode("no") == b"\0"
    found = message(MalformedError, lambda: read_value(answer, "01"))
    assert found == "value at 0x1f0: no answer"
    assert message(SectionError, lambda: answer.encode("?")) == "cannot encode '?': no answer"


def test_a_choice_may_be_written_as_an_integer() -> None:
    kind = Choice("no kind", 0, 200, of=u32)
    assert read_value(kind, "c8 81 80 00") == 200
    assert kind.encode(200) == b"\xc8\x01"


def test_bytes_that_are_left_over_are_a_size_mismatch() -> None:
    content = Content(b"\x01\x02", 0x1F0, "sections[3]")
    found = message(MalformedError, lambda: decode(Struct("a" / u32), content))
    assert found == "sections[3] at 0x1f1: section size mismatch"


def test_without_a_path_of_its_own_a_content_begins_with_the_field() -> None:
    content = Content(b"\x80")
    found = message(MalformedError, lambda: decode(Struct("count" / u32), content))
    assert found == "count at 0x1: unexpected end"
