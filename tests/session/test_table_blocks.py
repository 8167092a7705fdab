"""Tables read many rows at a time give the same rows and errors as line by line."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from wasmstate import ArgumentError, Signature
from wasmstate.session.names import Names
from wasmstate.session.table import Block, Table, TableFormat
from wasmstate.session.tables import certain_cells
from wasmstate.session.tables.block import Part
from wasmstate.state.signature import Param

POINT = Signature.parse("(x: f64, y: f64) -> ()").params
BANDIT = Signature.parse("(arm: i32, reward: f64) -> ()").params
MODEL = Signature.parse("(x: f64[2,2]@1024, y: f64) -> ()").params
CLASSES = Signature.parse("(x: f64, label: i32) -> ()").params

Found = tuple[list[str], int, str]
"""Rows with their places, how many were skipped, and the error that ended them."""


def found(parts: Any, table: Table) -> Found:
    rows = []
    try:
        for where, row in Block.each_row(parts):
            rows.append(f"{where}: {row!r}")
    except ArgumentError as error:
        return rows, table.skipped, f"{error} {error.remedies}"
    return rows, table.skipped, ""


def both_ways(content: bytes, params: Sequence[Param], **how: Any) -> tuple[Found, Found]:
    """A text read as one piece, and as a piece for each line."""
    names = Names(how.pop("metadata", {}))
    pieces: list[list[bytes]] = [[content], list(io.BytesIO(content))]
    results = []
    for each in pieces:
        table = Table("rows.csv", params, TableFormat(**how), names)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results.append(found(table.parts(each), table))
    return results[0], results[1]


def blocks_of(parts: list[Part]) -> list[Block]:
    return [part for part in parts if isinstance(part, Block)]


WRITTEN = (
    st.sampled_from(["0", "-0", "+1", "1.", ".5", "3.0", "1e5", "1e-400", "0e-999", "1e400"])
    | st.sampled_from(["0x1F", "0b1", "1_000", "nan", "-nan", "nan(1)", "inf", "-Infinity", "1d5"])
    | st.sampled_from(["9007199254740993", "123456789012345", "18446744073709551615"])
    | st.sampled_from(["0.99999999999999999", "1.00000000000000001", "", " ", " 3", "3 ", "1 2"])
    | st.sampled_from(["\u0663", "\u00a01", "1\u2003", "1\x1c", "\x0b1", "1\x852", "\ufeff1"])
    | st.sampled_from(['"1"', '"', '"1\n"', "1\r", "\r", "\0", "a,1", "no", "yes", "#1"])
)
NUMBERS = (
    st.floats().map(repr) | st.integers(-9, 2**65).map(str) | st.floats(-9, 9).map("{:.2f}".format)
)
LINES = st.tuples(NUMBERS | WRITTEN, NUMBERS | WRITTEN).map(",".join)
REST = ",here and there" * 8
"""Further columns, so that few lines are many bytes."""


@pytest.fixture(params=["NumPy", "pyarrow"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads the cells of a block."""
    if request.param == "pyarrow":
        pytest.importorskip("pyarrow.csv")
        monkeypatch.setattr(certain_cells, "_LONG", 0)


SAME = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SAME
@given(
    good=st.lists(st.tuples(st.integers(-9, 9).map(str), NUMBERS).map(",".join), min_size=1),
    bad=st.lists(LINES, max_size=3),
    at=st.integers(0, 60),
    end=st.sampled_from(["\n", "\r\n"]),
    params=st.sampled_from([POINT, BANDIT, CLASSES]),
    skip=st.booleans(),
    labels=st.sampled_from([{}, {"classes": [1, 2, 3]}, {"classes": ["no", "yes"]}]),
)
def test_one_piece_is_read_as_its_lines_are(
    good: list[str],
    bad: list[str],
    at: int,
    end: str,
    params: Sequence[Param],
    skip: bool,
    labels: dict[str, Any],
    library: None,
) -> None:
    lines = good * (60 // len(good) + 1)
    lines[at:at] = bad
    content = "".join(line + REST + end for line in lines).encode()
    how = {"columns": ["0", "1"], "skip_unlabelled": skip, "metadata": labels}
    one, other = both_ways(content, params, **how)
    assert one == other


@SAME
@given(noise=st.binary(max_size=40), at=st.integers(0, 900))
def test_any_bytes_among_rows_are_read_as_line_by_line(
    noise: bytes, at: int, library: None
) -> None:
    content = b"x,y\n" + b"1,2.5\n" * 900
    at *= 6
    one, other = both_ways(content[:at] + noise + content[at:], POINT)
    assert one == other


@pytest.mark.parametrize("cell", ["1e-400", "-1e-324", "1e400", "0x1F", "1_0", "nan", "1.5"])
@pytest.mark.parametrize("space", ["", "\x1c", "\u00a0"])
@pytest.mark.parametrize("params", [BANDIT, POINT])
def test_a_cell_that_only_its_text_tells_is_read_by_its_text(
    cell: str, space: str, params: Sequence[Param], library: None
) -> None:
    check_alone(f"{cell}{space}", params)


@pytest.mark.parametrize(
    "cell", ["0.99999999999999999", "1.00000000000000001", "9007199254740993", "1\x1c", "\u00a01"]
)
def test_an_integer_of_many_digits_is_the_one_that_is_written(cell: str, library: None) -> None:
    check_alone(cell, BANDIT)


def check_alone(cell: str, params: Sequence[Param]) -> None:
    """Check that a cell among certain ones is read as line by line."""
    content = ("3,0.5\n" * 900 + f"{cell},0.5\n" + "3,0.5\n" * 900).encode()
    one, other = both_ways(content, params)
    assert one == other


def test_rows_of_numbers_are_read_as_blocks_whatever_stands_in_other_columns() -> None:
    lines = ["time,reward,arm,place\r\n"]
    lines += [f"2026-11-27 12:{i % 60},{i / 7},{i % 3}.0,M\u00fcnchen\r\n" for i in range(3000)]
    table = Table("clicks.csv", BANDIT)
    parts = list(table.parts(["".join(lines).encode()]))
    (block,) = blocks_of(parts)
    assert len(block) > 2900
    assert block.columns[0].dtype == np.int64
    assert list(Block.each_row(parts)) == [
        (f"clicks.csv, line {i + 2}", [i % 3, i / 7]) for i in range(3000)
    ]


def test_a_block_with_an_uncertain_line_is_read_line_by_line_and_the_next_one_is_a_block() -> None:
    block = b"1,2\n" * 2000
    table = Table("rows.csv", POINT)
    parts = list(table.parts([block, block + b'"1","2\n', b'"\n' + block, block]))
    assert len(blocks_of(parts)) == 2
    rows = list(Block.each_row(parts))
    assert [row for _, row in rows] == [[1, 2]] * 8001
    assert rows[4000][0] == "rows.csv, line 4001"
    assert rows[4001][0] == "rows.csv, line 4003"
    assert rows[-1][0] == "rows.csv, line 8002"


def test_rows_without_a_label_leave_a_block_a_block() -> None:
    table = Table("rows.csv", POINT, TableFormat(skip_unlabelled=True))
    parts = list(table.parts([b"1,2\n3,\n" * 1000]))
    assert len(blocks_of(parts)) == 1
    assert table.skipped == 1000
    assert [where for where, _ in Block.each_row(parts)][-1] == "rows.csv, line 1999"


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["f8", ">f4", "i2", "u8", "?"])
def test_a_matrix_is_read_in_blocks(order: Any, dtype: str, tmp_path: Path) -> None:
    matrix = np.asarray(np.arange(300_000).reshape(-1, 5) % 7, dtype, order=order)
    path = tmp_path / "rows.npy"
    np.save(path, matrix)
    with path.open("rb") as file:
        parts = list(Table(path.name, MODEL).file_parts(file))
    assert len(blocks_of(parts)) == len(parts) > 1
    rows = [[*np.ravel(x), y] for _, (x, y) in Block.each_row(parts)]
    assert np.array_equal(rows, matrix)
    assert next(Block.each_row(parts))[0] == "rows.npy, row 0"


@pytest.mark.parametrize("bad", [0.5, np.nan, 2.0**64])
def test_the_row_of_a_matrix_that_does_not_fit_is_named(bad: float, tmp_path: Path) -> None:
    matrix: NDArray[np.float64] = np.ones((40_000, 2))
    matrix[33_333, 0] = bad
    path = tmp_path / "rows.npy"
    np.save(path, matrix)
    table = Table(path.name, BANDIT)
    with path.open("rb") as file:
        rows, _, error = found(table.file_parts(file), table)
    if bad == 2.0**64:  # an integer, which the call refuses
        assert (len(rows), error) == (40_000, "")
    else:
        assert len(rows) == 33_333
        assert error == f"rows.npy, row 33333: arm (i32): {bad} is not an integer ()"


def test_a_matrix_cut_short_is_refused_before_its_first_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.npy"
    np.save(path, np.ones((40_000, 2)))
    path.write_bytes(path.read_bytes()[:-8])
    table = Table(path.name, POINT)
    refused = pytest.raises(ArgumentError, match=r"^rows\.npy is not an npy file: Failed to read")
    with path.open("rb") as file, refused:
        list(table.file_parts(file))
