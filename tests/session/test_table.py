"""Arguments from CSV and npy: a row for each call."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasmstate import ArgumentError, ColumnError, Signature
from wasmstate.session.columns import parse_columns
from wasmstate.session.table import parse_table, read_table

BANDIT = Signature.parse("(arm: i32, reward: f64) -> ()").params
MODEL = Signature.parse("(x: f64[2,2]@1024, y: f64) -> ()").params


def rows(text: str, params: tuple[object, ...] = BANDIT) -> list[list[object]]:
    return list(parse_table(text.splitlines(keepends=True), "clicks.csv", params))  # type: ignore[arg-type]


def test_columns_without_names_are_taken_in_the_order_of_the_parameters() -> None:
    assert rows("3,1.0\n0, nan\n\n2,-inf\n")[0] == [3, 1.0]
    assert [row[0] for row in rows("3,1.0\n0, nan\n\n2,-inf\n")] == [3, 0, 2]


def test_columns_with_names_are_found_whatever_their_order() -> None:
    assert rows("time,reward, arm\n12:00,0.5,3\n") == [[3, 0.5]]


def test_an_array_takes_as_many_columns_as_it_has_elements() -> None:
    assert rows("1,2,3,4,5\n", MODEL) == [[[[1.0, 2.0], [3.0, 4.0]], 5.0]]
    named = 'y,"x[0,0]","x[0,1]","x[1,0]","x[1,1]"\n5,1,2,3,4\n'
    assert rows(named, MODEL) == [[[[1.0, 2.0], [3.0, 4.0]], 5.0]]


def test_an_integer_may_be_written_as_a_float() -> None:
    assert rows("3.0,1\n") == [[3, 1.0]]


@pytest.mark.parametrize(
    "columns",
    ["wind,sun,2,3,rain", "0:4,rain", "0:5", ' wind , "sun", "fog, dense",3,4'],
)
def test_columns_of_other_names_are_taken_as_they_are_named_and_numbered(columns: str) -> None:
    table = 'wind,sun,"fog, dense",snow,rain,place\n1,2,3,4,5,here\n'
    lines = table.splitlines(keepends=True)
    found = list(parse_table(lines, "days.csv", MODEL, parse_columns(columns)))
    assert found == [[[[1.0, 2.0], [3.0, 4.0]], 5.0]]


def test_columns_without_names_are_taken_by_number(tmp_path: Path) -> None:
    assert list(parse_table(["9,1,0.5\n"], "clicks.csv", BANDIT, ["1", "2"])) == [[1, 0.5]]
    path = tmp_path / "rows.npy"
    np.save(path, np.array([[9, 1, 0.5]]))
    assert list(read_table(path, BANDIT, parse_columns("1:3"))) == [[1, 0.5]]


def test_a_name_of_digits_is_a_name_first() -> None:
    lines = ["1,0,place\n", "10,11,here\n"]
    assert list(parse_table(lines, "clicks.csv", BANDIT, ["0", "1"])) == [[11, 10.0]]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ("a", "clicks.csv, line 1: 1 column is named, there must be 2: arm, reward"),
        ("0:3", "clicks.csv, line 1: 3 columns are named, there must be 2: arm, reward"),
        ("a,0:2,c", "clicks.csv, line 1: 4 columns are named, there must be 2: arm, reward"),
        ("a,x", "clicks.csv, line 1: there is no column x; there are a, b, b"),
        ("a,3", "clicks.csv, line 1: there is no column 3; the last one is 2"),
        ("a,b", "clicks.csv, line 1: 2 columns are called b"),
    ],
)
def test_columns_that_are_not_there_are_told(columns: str, reason: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        list(parse_table(["a,b,b\n"], "clicks.csv", BANDIT, parse_columns(columns)))
    assert str(caught.value) == reason


def test_names_are_refused_where_columns_have_none() -> None:
    with pytest.raises(ArgumentError) as caught:
        list(parse_table(["1,2\n"], "clicks.csv", BANDIT, ["arm", "reward"]))
    assert str(caught.value).endswith("there is no column arm; the columns have no names")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,,b", "columns 'a,,b': a name is missing"),
        ("4:4", "columns '4:4': 4:4 is no range of columns"),
        ("0:99999999", "columns '0:99999999': 0:99999999 is no range of columns"),
        ('"a', "columns '\"a': unexpected end of data"),
    ],
)
def test_a_line_of_columns_that_cannot_be_read_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse_columns(text)
    assert str(caught.value) == reason


def test_the_error_of_columns_tells_what_there_is() -> None:
    for lines, header, count in ((["a,b,c\n"], ("a", "b", "c"), 3), (["1,2,3\n"], (), 3)):
        with pytest.raises(ColumnError) as caught:
            list(parse_table(lines, "clicks.csv", BANDIT))
        assert (caught.value.header, caught.value.count) == (header, count)
        again = pickle.loads(pickle.dumps(caught.value))
        assert (str(again), again.header) == (str(caught.value), header)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1,2,3\n", "clicks.csv, line 1: 3 columns, there must be 2: arm, reward"),
        ("1,2\n1\n", "clicks.csv, line 2: 1 cells, there must be more"),
        ("1,2\n1,x\n", "clicks.csv, line 2: reward cannot be 'x' (f64)"),
        ("1,2\n1.5,2\n", "clicks.csv, line 2: arm cannot be '1.5' (i32)"),
        (
            "arm,prize\n1,2\n",
            (
                "clicks.csv, line 1: there is no column reward; there are arm, prize: "
                "say which ones to take"
            ),
        ),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(text: str, reason: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        rows(text)
    assert str(caught.value) == reason


def test_a_matrix_is_read_from_npy(tmp_path: Path) -> None:
    path = tmp_path / "rows.npy"
    np.save(path, np.array([[1, 0.5], [2, 1.0]]))
    assert list(read_table(path, BANDIT)) == [[1, 0.5], [2, 1.0]]
    np.save(path, np.array([1.5, 2.5]))
    assert list(read_table(path, BANDIT[1:])) == [[1.5], [2.5]]


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((2, 3)), "rows.npy: 3 columns, there must be 2: arm, reward"),
        (np.array([[1.5, 1.0]]), "rows.npy, row 0: arm cannot be 1.5 (i32)"),
        (np.zeros((1, 2, 2)), "rows.npy holds float64[1, 2, 2], not a matrix"),
        (np.array(["a"]), "rows.npy holds <U1[1, 1], not a matrix"),
    ],
)
def test_a_matrix_that_does_not_fit_is_refused(
    array: np.ndarray,
    reason: str,
    tmp_path: Path,
) -> None:
    path = tmp_path / "rows.npy"
    np.save(path, array)
    with pytest.raises(ArgumentError) as caught:
        list(read_table(path, BANDIT))
    assert str(caught.value) == reason


def test_a_file_that_is_neither_is_refused(tmp_path: Path) -> None:
    for name, content in (("rows.npy", b"nonsense"), ("rows.npy", b""), ("rows.csv", b"\xff\xfe1")):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ArgumentError, match=name):
            list(read_table(path, BANDIT))


@given(st.text(max_size=60))
def test_no_text_whatever_raises_anything_else(text: str) -> None:
    try:
        found = rows(text)
    except ArgumentError:
        return
    assert all(len(row) == 2 for row in found)
