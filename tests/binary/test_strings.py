"""Texts in data segments: what counts as one, and where it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import from_wat
from wasmstate import Module, find_strings


def module_with(data: bytes, place: str = "(i32.const 100)") -> Module:
    text = "".join(f"\\{byte:02x}" for byte in data)
    return from_wat(f'(module (memory 1) (data {place} "{text}"))')


def texts(data: bytes, least: int = 4) -> list[str]:
    return [found.text for found in find_strings(module_with(data), least)]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"\0hello\0\0wor\0", ["hello"]),
        (b"one line\nand another\x7f", ["one line\nand another"]),
        ("Grüße\0日本語だ\0".encode(), ["Grüße", "日本語だ"]),
        (b"\xff\xfeabcd\xc3", ["abcd"]),  # what is no UTF-8 ends a text
        (b"abc\xed\xa0\x80defg", ["defg"]),  # a surrogate
        (b"\xc0\x80\xc1\x81abcd", ["abcd"]),  # an overlong form
        (b"a\tb c", ["a\tb c"]),
        (b"", []),
    ],
)
def test_a_text_is_a_run_of_characters_that_can_be_shown(data: bytes, found: list[str]) -> None:
    assert texts(data) == found


@given(st.binary(max_size=60), st.integers(1, 6))
def test_each_text_stands_where_it_is_said_to(data: bytes, least: int) -> None:
    module = module_with(data)
    raw = module.to_bytes()
    for found in find_strings(module, least):
        assert raw[found.offset : found.offset + found.size].decode() == found.text
        assert len(found.text) >= least
        assert found.address is not None
        assert data[found.address - 100 :].startswith(found.text.encode())


def test_a_text_of_a_passive_segment_has_no_address() -> None:
    (found,) = find_strings(module_with(b"a text", ""))
    assert (found.segment, found.address, found.text) == (0, None, "a text")


def test_a_module_without_data_has_no_texts_and_least_is_positive() -> None:
    assert list(find_strings(from_wat("(module)"))) == []
    with pytest.raises(ValueError, match="least must be 1 or more, not 0"):
        list(find_strings(module_with(b"abcd"), 0))
