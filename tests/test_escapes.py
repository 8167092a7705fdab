"""Names as text that a terminal can show."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasmstate.escapes import lines, listed, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, \u00e9 \u4e2d \U0001f642", "plain, \u00e9 \u4e2d \U0001f642"),
        ("a\nb\x1b[31m\x7f\x85", r"a\nb\x1b[31m\x7f\x85"),
        ("abc\u202etxt.exe", r"abc\u202etxt.exe"),
        ("\u2028\u2029\ufeff\u200b", r"\u2028\u2029\ufeff\u200b"),
        ("\udcff", r"\udcff"),
        ("\U000e0001", r"\U000e0001"),
    ],
)
def test_what_is_not_seen_as_itself_is_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_no_character_of_the_hostile_categories_is_left(text: str) -> None:
    categories = set(map(unicodedata.category, visible(text)))
    assert not categories & {"Cc", "Cf", "Zl", "Zp", "Cs"}


def test_long_lists_and_long_names_are_cut() -> None:
    assert listed([]) == "none"
    assert listed(["a", "b\n"]) == r"a, b\n"
    assert listed(list("abcde"), 3) == "a, b, c and 2 more"
    assert listed(["x" * 500]) == "x" * 128 + ".."
    assert lines(["a\n", "b", "c"], 2) == "\n  a\\n\n  b\n  and 1 more"
