"""Numbers as text: one grammar, no digit lost."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasmstate import ArgumentError
from wasmstate.session.numerals import parse_float, parse_integer, parse_number, split_numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        (" -3 ", -3),
        ("007", 7),
        ("0x1F", 31),
        ("-0b101", -5),
        ("1.0", 1),
        ("1e3", 1000),
        ("9007199254740993.0", 2**53 + 1),
        ("9223372036854775807.0", 2**63 - 1),
        ("18446744073709551615", 2**64 - 1),
    ],
)
def test_an_integer_is_read_exactly_however_it_is_written(text: str, value: int) -> None:
    found = parse_integer(text)
    assert (found, type(found)) == (value, int)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5", 1.5), (" .5", 0.5), ("1e-3", 1e-3), ("0x10", 16.0), ("-inf", -math.inf), ("3", 3.0)],
)
def test_a_float_is_read_as_it_is_written(text: str, value: float) -> None:
    assert parse_float(text) == value
    assert parse_number(text) == value


def test_a_number_is_an_integer_if_it_is_written_as_one() -> None:
    assert [type(parse_number(text)) for text in ("3", "0x3", "3.0", "nan")] == [
        int,
        int,
        float,
        float,
    ]


@pytest.mark.parametrize("text", ["1_000", "1_000.5", "\u0661\u0662", "\uff13", "x", "0x", "1,5"])
@pytest.mark.parametrize("parse", [parse_float, parse_integer, parse_number])
def test_underscores_and_digits_of_other_scripts_are_not_numbers(parse: object, text: str) -> None:
    with pytest.raises(ArgumentError, match=r"is not an? "):
        parse(text)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("parse", "text", "reason"),
    [
        (parse_float, "1e400", "'1e400' is too large for f64: infinity is written inf"),
        (parse_number, "-1e400", "'-1e400' is too large for f64: infinity is written inf"),
        (parse_float, "0x1" + "0" * 300, None),
        (parse_integer, "1e999999999", "'1e999999999' is too large for an integer type"),
        (parse_integer, "1.5", "'1.5' is not an integer: write 12, -3 or 0x1F"),
        (parse_integer, "nan", "'nan' is not an integer: write 12, -3 or 0x1F"),
        (parse_integer, " ", "the value is empty"),
        (parse_float, "", "the value is empty"),
    ],
)
def test_a_number_out_of_range_is_not_rounded(parse: object, text: str, reason: str | None) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse(text)  # type: ignore[operator]
    assert reason in (None, str(caught.value))


@pytest.mark.parametrize("text", ["1,2,3", "1 2 3", " 1, 2;3 "])
def test_an_array_is_split_at_commas_semicolons_and_spaces(text: str) -> None:
    assert split_numbers(text) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("text", "place"),
    [("1,,2,3", 1), (",1,2", 0), ("1,2,", 2), ("1 2,,3", 2), ("", 0), (",", 0), ("1, ,2", 1)],
)
def test_an_empty_element_is_an_error_with_its_place(text: str, place: int) -> None:
    with pytest.raises(ArgumentError) as caught:
        split_numbers(text)
    assert str(caught.value) == f"element {place} is empty"


@given(st.text(max_size=30))
def test_no_text_raises_anything_else(text: str) -> None:
    for parse in (parse_float, parse_integer, parse_number, split_numbers):
        with suppress(ArgumentError):
            parse(text)


@given(st.integers(-(2**63), 2**64 - 1))
def test_every_integer_of_64_bits_comes_back(number: int) -> None:
    for text in (str(number), f"{number}.0", f"{number}.000e0"):
        assert parse_integer(text) == number
