"""Arguments from CSV and npy: a row for each call."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasmstate import ArgumentError, ColumnError, Signature
from wasmstate.session.columns import parse_columns
from wasmstate.session.table import Row, Table, TableFormat, read_table
from wasmstate.session.table_text import check_encoding
from wasmstate.state.signature import Param

BANDIT = Signature.parse("(arm: i32, reward: f64) -> ()").params
POINT = Signature.parse("(x: f64, y: f64) -> ()").params
MODEL = Signature.parse("(x: f64[2,2]@1024, y: f64) -> ()").params


def rows(text: str, params: Sequence[Param] = BANDIT, **how: Any) -> list[Row]:
    table = Table("clicks.csv", params, TableFormat(**how))
    return [row for _, row in table.parse_bytes(text.encode().splitlines(keepends=True))]


def read(path: Path, params: Sequence[Param], **how: Any) -> list[Row]:
    return [row for _, row in read_table(path, params, TableFormat(**how))]


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
    assert rows(table, MODEL, columns=parse_columns(columns)) == [[[[1.0, 2.0], [3.0, 4.0]], 5.0]]


def test_columns_without_names_are_taken_by_number(tmp_path: Path) -> None:
    assert rows("9,1,0.5\n", columns=["1", "2"]) == [[1, 0.5]]
    path = tmp_path / "rows.npy"
    np.save(path, np.array([[9, 1, 0.5]]))
    assert read(path, BANDIT, columns=parse_columns("1:3")) == [[1, 0.5]]


def test_a_name_of_digits_is_a_name_first() -> None:
    assert rows("1,0,place\n10,11,here\n", columns=["0", "1"]) == [[11, 10.0]]


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
        rows("a,b,b\n", columns=parse_columns(columns))
    assert str(caught.value) == reason


def test_names_are_refused_where_columns_have_none() -> None:
    with pytest.raises(ArgumentError) as caught:
        rows("1,2\n", columns=["arm", "reward"])
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
    for text, header, count in (("a,b,c\n", ("a", "b", "c"), 3), ("1,2,3\n", (), 3)):
        with pytest.raises(ColumnError) as caught:
            rows(text)
        assert (caught.value.header, caught.value.count) == (header, count)
        again = pickle.loads(pickle.dumps(caught.value))
        assert (str(again), again.header) == (str(caught.value), header)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1,2,3\n", "clicks.csv, line 1: 3 columns, there must be 2: arm, reward"),
        ("1,2\n1\n", "clicks.csv, line 2: 1 cell, the first line has 2"),
        (
            "1,2\n1,x\n",
            "clicks.csv, line 2: reward (f64): 'x' is not a number: write 1.5, 1e-3, nan or inf",
        ),
        (
            "1,2\n1.5,2\n",
            "clicks.csv, line 2: arm (i32): '1.5' is not an integer: write 12, -3 or 0x1F",
        ),
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
    assert read(path, BANDIT) == [[1, 0.5], [2, 1.0]]
    np.save(path, np.array([1.5, 2.5]))
    assert read(path, BANDIT[1:]) == [[1.5], [2.5]]


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((2, 3)), "rows.npy: 3 columns, there must be 2: arm, reward"),
        (np.array([[1.5, 1.0]]), "rows.npy, row 0: arm (i32): 1.5 is not an integer"),
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
        read(path, BANDIT)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "x,y\n1,5,2\n",
            "line 2: 3 cells, the first line has 2: a comma inside a number is read as a separator",
        ),
        (
            "1,2\n1,000,2\n",
            "line 2: 3 cells, the first line has 2: a comma inside a number is read as a separator",
        ),
        ("x,y\n1,2\n1\n", "line 3: 1 cell, the first line has 2"),
        ("x,y\n1,,\n", "line 2: y (f64): the value is empty"),
        ("x,y,x\n1,2,3\n", "line 1: 2 columns are called x"),
        ('x,y\n"1"2,3\n', "line 2: ',' expected after '\"'"),
        ('x,y\n1,"2\n3,4\n', "line 2: unexpected end of data"),
        ("x,y\n1_000,2\n", "line 2: x (f64): '1_000' is not a number: write 1.5, 1e-3, nan or inf"),
        (
            "x,y\n1,\u0662\n",
            "line 2: y (f64): '\u0662' is not a number: write 1.5, 1e-3, nan or inf",
        ),
        (
            "x,y\n1,1e400\n",
            "line 2: y (f64): '1e400' is too large for f64: infinity is written inf",
        ),
        (",2\n", "line 1: x (f64): the value is empty"),
        (
            "x;y\n1,5;2\n",
            (
                "line 1: there is no column x, y; there are x;y: say which ones to take; "
                "the cells seem to be separated by ';'"
            ),
        ),
        (
            "1\t2\n",
            (
                "line 1: there is no column x, y; there are 1\\t2: say which ones to take; "
                "the cells seem to be separated by a tab"
            ),
        ),
    ],
)
def test_a_line_is_learned_whole_or_refused(text: str, reason: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        rows(text, POINT)
    assert str(caught.value) == f"clicks.csv, {reason}"


@pytest.mark.parametrize("text", ["1,2,\n3,4\n", "x,y\n1,2,\n3,4\n", "x,y,\n1,2\n3,4,\n"])
def test_an_empty_last_cell_may_stand_or_not(text: str) -> None:
    assert rows(text, POINT) == [[1, 2], [3, 4]]


def test_integers_keep_all_their_digits() -> None:
    params = Signature.parse("(n: i64) -> ()").params
    text = "9007199254740993.0\n9223372036854775807.0\n-9223372036854775808\n"
    assert rows(text, params) == [[2**53 + 1], [2**63 - 1], [-(2**63)]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0,1\n1.0,2.0\n", [[1, 2]]),
        ("0,1\n1e3,-2.5\n", [[1000, -2.5]]),
    ],
)
def test_numbers_from_0_above_cells_with_a_point_are_names(text: str, found: list[Row]) -> None:
    with pytest.warns(UserWarning, match="line 1: 0,1 are taken for the names of the columns"):
        assert rows(text, POINT, columns=["0", "1"]) == found


@pytest.mark.parametrize("text", ["0,1\n1,2.5\n", "0,1\n", "0,1\n1,0\n"])
def test_numbers_from_0_above_integers_are_values(text: str) -> None:
    assert rows(text, POINT)[0] == [0, 1]


def test_three_numbers_from_0_above_integers_are_values_and_that_is_said() -> None:
    params = Signature.parse("(x: f64[2]@1024, y: f64) -> ()").params
    with pytest.warns(UserWarning, match="0,1,2 are taken for values; if they are names, delete"):
        assert rows("0,1,2\n3,4,5\n", params) == [[[0, 1], 2], [[3, 4], 5]]


def test_a_live_row_does_not_wait_for_the_next_one() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"0,1\n"
        pytest.fail("the second row was read before the first one was given")

    assert next(Table("pipe", POINT).parse_bytes(pieces(), is_live=True)) == (
        "pipe, line 1",
        [0, 1],
    )


def test_the_row_numbers_of_pandas_are_a_column_without_a_name() -> None:
    assert rows(",0,1\n0,3,4\n1,5,6\n", POINT, columns=["0", "1"]) == [[3, 4], [5, 6]]


def test_rows_without_a_label_are_passed_over_if_that_is_wanted() -> None:
    table = Table("days.csv", POINT, TableFormat(skip_unlabelled=True))
    assert [row for _, row in table.parse_bytes([b"x,y\n1,2\n3,\n4, \n5,6\n"])] == [
        [1, 2],
        [5, 6],
    ]
    assert table.skipped == 2
    with pytest.raises(ArgumentError) as caught:
        rows("x,y\n1,2\n3,\n", POINT)
    assert caught.value.remedies == ("skip_unlabelled",)


@pytest.mark.parametrize(
    ("separator", "encoding", "text"),
    [(";", "latin-1", "\u00e9;x;y\n0;1;2\n"), ("\t", "utf-16", "\u00e9\tx\ty\r\n0\t1\t2\r\n")],
)
def test_the_separator_and_the_encoding_may_be_named(
    separator: str, encoding: str, text: str, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(text.encode(encoding))
    assert read(path, POINT, separator=separator, encoding=encoding) == [[1, 2]]
    with pytest.raises(ArgumentError) as caught:
        read(path, POINT, separator=separator)
    assert caught.value.remedies == ("encoding",)


def test_rows_before_an_invalid_byte_come_first_and_its_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"x,y\n" + b"1,2\n" * 4999 + b"3,\xe9\n1,2\n")
    table = read_table(path, POINT)
    assert list(islice(table, 4999))[-1] == ("rows.csv, line 5000", [1, 2])
    with pytest.raises(ArgumentError) as caught:
        next(table)
    assert str(caught.value) == (
        "rows.csv, line 5001: byte 0xe9 is not valid utf-8; "
        "name the encoding if it is another one, such as latin-1 or cp1252"
    )


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b"\x1f\x8b\x08\0", "a.csv: it is compressed with gzip, and damaged: "),
        ("a.csv", b"PK\3\4", "a.csv: it is a zip archive, as .xlsx, .ods and .npz files are"),
        ("a.csv", b"PAR1\x15\0", "a.csv: it is a Parquet file: its name must end in .parquet"),
        ("a.csv.br", b"\x1b\x0f\x00\xf8", "a.csv.br: "),
        ("a.csv.br", b"\x8b\xfe", "a.csv.br: it is compressed with brotli: decompress it first"),
        ("a.csv", b"\xff\xfex\0", "a.csv: the text is not UTF-8 but seems to be utf-16: name its"),
        ("a.csv", b"x\0,\0y\0", "a.csv: the text is not UTF-8 but seems to be utf-16-le"),
        ("a.csv", b"\0x\0,\0y", "a.csv: the text is not UTF-8 but seems to be utf-16-be"),
        ("a.csv", b"x,\0y", "a.csv: it has zero bytes: this is no table"),
        ("a.npy", b"PK\3\4\0\0", "a.npy is not an npy file: it is a zip archive, as "),
        ("a.npz", b"PK\3\4\0\0", "a.npz is not an npz file: "),
        ("a.npy", b"nonsense", "a.npy is not an npy file"),
        ("a.npy", b"", "a.npy is not an npy file"),
        ("a.csv", b"\x93NUMPY\1\0", "a.csv: it is an npy file: its name must end in .npy"),
    ],
)
def test_a_file_of_another_kind_is_named_for_what_it_is(
    name: str, content: bytes, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ArgumentError) as caught:
        read(path, BANDIT)
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize("encoding", ["utf8", "cp1252", "UTF_16"])
def test_names_of_text_encodings_are_known(encoding: str) -> None:
    check_encoding(encoding)


@pytest.mark.parametrize("encoding", ["klingon", "hex", "rot13", "", "a\0b"])
def test_what_is_no_text_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(ArgumentError, match="there is no text encoding"):
        check_encoding(encoding)


@pytest.mark.filterwarnings("ignore:.* are taken for")
@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_else(content: bytes) -> None:
    table = Table("clicks.csv", POINT)
    try:
        found = list(table.parse_bytes(content.splitlines(keepends=True)))
    except ArgumentError:
        return
    assert all(len(row) == 2 for _, row in found)


@pytest.mark.filterwarnings("ignore:.* are taken for")
@given(st.text(max_size=60))
def test_no_text_whatever_raises_anything_else(text: str) -> None:
    try:
        found = rows(text)
    except ArgumentError:
        return
    assert all(len(row) == 2 for row in found)
