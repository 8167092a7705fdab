"""Arguments from CSV and npy: a row for each call."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasmstate import ArgumentError, Signature
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


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1,2,3\n", "clicks.csv, line 1: 3 columns, there must be 2: arm, reward"),
        ("1,2\n1\n", "clicks.csv, line 2: 1 cells, there must be more"),
        ("1,2\n1,x\n", "clicks.csv, line 2: reward cannot be 'x' (f64)"),
        ("1,2\n1.5,2\n", "clicks.csv, line 2: arm cannot be '1.5' (i32)"),
        ("arm,prize\n1,2\n", "clicks.csv, line 1: there is no column reward; there are arm, prize"),
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
