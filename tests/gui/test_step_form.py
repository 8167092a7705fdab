"""The form of a call and the lines about its result, without Qt."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from wasmstate.state.signature import Param, Signature
from wasmstate_gui.core.calls.call_form import (
    failure_text,
    forms,
    parse_argument,
    result_text,
    seconds_text,
)
from wasmstate_gui.core.calls.protocol import Outcome
from wasmstate_gui.core.document.document import Document
from wasmstate_gui.core.document.snapshot import read_snapshot


def with_values(document: Document, **values: object) -> Document:
    assert document.state is not None
    contents = document.state.with_values(values).contents()
    return document.at(document.step + 1, contents, document.state.update_count + 1, document.state)


@pytest.mark.parametrize(
    ("type", "text", "value"),
    [
        ("i32", "-3", -3),
        ("i32", "0xFFFFFFFF", 4294967295),
        ("i64", "18446744073709551615", 18446744073709551615),
        ("f64", "1e-3", 0.001),
        ("f64", "-inf", -math.inf),
        ("f32", " 0.5 ", 0.5),
    ],
)
def test_numbers_are_read_as_people_write_them(type: str, text: str, value: float) -> None:
    assert parse_argument(Param("x", type), text).value == value


def test_a_default_is_what_the_field_holds_at_first_and_no_column_of_a_table() -> None:
    signature = Signature.parse("(x: f64[2]@0, n: i32 = 2, y: f64 = 0.5) -> ()")
    (form,) = forms({"update": signature}, {})
    assert form.defaults() == ["0.0, 0.0", "2", "0.5"]
    assert [param.name for param in form.columns] == ["x"]


@pytest.mark.parametrize(
    ("type", "text", "error"),
    [
        ("i32", "abc", "'abc' is not an integer: write 12, -3 or 0x1F"),
        ("i32", "1.5", "'1.5' is not an integer: write 12, -3 or 0x1F"),
        ("i32", "4294967296", "4294967296 does not fit i32 (-2147483648 to 4294967295)"),
        ("f64", "much", "'much' is not a number: write 1.5, 1e-3, nan or inf"),
        ("f64", "1_000", "'1_000' is not a number: write 1.5, 1e-3, nan or inf"),
        ("f64", "1e400", "'1e400' is too large for f64: infinity is written inf"),
        ("f32", "1e39", "1e39 is too large for f32 (at most 3.4e38)"),
        ("f32", "", "a value is missing (f32)"),
    ],
)
def test_what_is_no_number_is_refused_in_words_that_help(type: str, text: str, error: str) -> None:
    argument = parse_argument(Param("x", type), text)
    assert (argument.value, argument.error) == (None, error)


@pytest.mark.parametrize("text", ["1, 2, 3,-4", "[[1 2] [3 -4]]", " 1;2;3;-4 "])
def test_an_array_is_typed_with_commas_spaces_or_brackets(text: str) -> None:
    assert parse_argument(Param("x", "f64[2,2]"), text).value == [[1.0, 2.0], [3.0, -4.0]]


@pytest.mark.parametrize(
    ("type", "text", "error"),
    [
        ("f64[3]", "1 2", "2 numbers, f64[3] takes 3"),
        ("f64[2]", "1,,2", "element 1 is empty"),
        ("f64[2]", "[1,2,]", "element 2 is empty"),
        ("f64[2]", "", "element 0 is empty"),
        ("f64[2]", "1 much", "number 1: 'much' is not a number: write 1.5, 1e-3, nan or inf"),
        ("u8[2]", "1 -1", "number 1: -1 does not fit u8 (0 to 255)"),
    ],
)
def test_what_is_no_array_of_that_shape_is_refused(type: str, text: str, error: str) -> None:
    assert parse_argument(Param("x", type), text).error == error


def test_forms_come_from_the_signatures_update_first(bandit: Path) -> None:
    found = forms(read_snapshot(bandit).functions, {})
    assert [form.label for form in found] == [
        "update(arm: i32, reward: f64) -> ()",
        "predict() -> i32",
        "estimate(arm: i32) -> f64",
    ]
    assert found[0].defaults() == ["0", "0.0"]
    assert [form.action for form in found] == ["Step", "Call", "Call"]


def test_the_result_says_what_was_changed(bandit: Path) -> None:
    document = Document.of(read_snapshot(bandit))
    assert document.state is not None
    stepped = with_values(document, failures=[1.0, 2.0, 1.0, 1.0], count=np.int64(1))
    assert stepped.state is not None
    outcome = Outcome(1, "update", 1, seconds=41e-6, pages=(1, 1))
    assert result_text(outcome, document.state, stepped.state) == (
        "update returned () in 41 \u00b5s \u00b7 3 bytes changed in 2 tensors \u00b7 memory 1 page"
    )
    assert "S unchanged" in result_text(outcome, document.state, document.state)
    predicted = replace(outcome, name="predict", value=2)
    assert "predict() must not change S" in result_text(predicted, document.state, stepped.state)


def test_a_failure_says_that_s_is_what_it_was_or_how_far_it_came() -> None:
    failed = Outcome(1, "update", 0, error="TrapError", text="update() trapped: unreachable")
    assert failure_text(failed) == "update() trapped: unreachable. S is what it was."
    assert failure_text(replace(failed, done=57)).endswith("S is as call 57 left it.")


def test_durations_have_three_digits() -> None:
    assert [seconds_text(s) for s in (2.0, 0.0123456, 41.3e-6)] == [
        "2 s",
        "12.3 ms",
        "41.3 \u00b5s",
    ]


def test_the_form_of_an_array_begins_with_zeros() -> None:
    (form,) = forms({"update": Signature.parse("(x: f64[3]@64, k: i32) -> ()")}, {})
    assert form.defaults() == ["0.0, 0.0, 0.0", "0"]
    assert form.obstacle == ""


def test_the_field_of_a_class_holds_its_label() -> None:
    signature = Signature.parse("(x: f64[2]@64, label: i32 >= 0 < 2) -> ()")
    (form,) = forms({"update": signature}, {"classes": ["dry", "wet"]})
    assert form.defaults() == ["0.0, 0.0", "dry"]
    assert [each.value for each in form.arguments(["1, 2", " wet "])] == [[1.0, 2.0], "wet"]
    assert form.arguments(["1, 2", "snow"])[1].error == (
        "'snow' is not a class; the classes are 'dry', 'wet'"
    )
    (form,) = forms({"update": signature}, {"classes": [1, 2]})
    assert form.arguments(["1, 2", "2.0"])[1].value == 2


def test_a_feature_that_has_a_name_has_a_field_of_its_own() -> None:
    signature = Signature.parse("(x: f64[2]@64, label: i32) -> ()")
    metadata = {"feature_names_in": ["wind", "sun"], "classes": ["dry", "wet"]}
    (form,) = forms({"update": signature}, metadata)
    assert [str(field) for field in form.fields] == ["wind: f64", "sun: f64", "label: i32"]
    assert form.defaults() == ["0.0", "0.0", "dry"]
    arguments = form.arguments(["3.5", "0.2", "wet"])
    assert form.values(arguments) == [[3.5, 0.2], "wet"]
    wrong = form.arguments(["3.5", "1,2", "snow"])
    assert [bool(each.error) for each in wrong] == [False, True, True]


def test_many_features_are_one_field() -> None:
    signature = Signature.parse("(x: f64[13]@64) -> ()")
    (form,) = forms({"update": signature}, {"feature_names_in": [f"x{i}" for i in range(13)]})
    assert [field.name for field in form.fields] == ["x"]
