"""Tables in files: how they are written is told by their names, and by their first bytes."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wasmstate import ArgumentError, ColumnError, Signature
from wasmstate.session.names import Names
from wasmstate.session.table import TableFormat, read_table

MODEL = Signature.parse("(x: f64[2]@1024, label: i32) -> ()").params
CELLS: list[list[Any]] = [[i / 4, i / 3 - 1, i % 3] for i in range(9000)]
EXPECTED = [[[x, z], label] for x, z, label in CELLS]
NAMES = ["x[0]", "x[1]", "label"]


def rows_of(path: Path, metadata: dict[str, Any] | None = None, **how: Any) -> list[Any]:
    found = read_table(path, MODEL, TableFormat(**how), Names(metadata or {}))
    return [row for _, row in found]


def refused(path: Path, **how: Any) -> str:
    with pytest.raises(ArgumentError) as caught:
        rows_of(path, **how)
    return str(caught.value)


def text(separator: str) -> bytes:
    lines = [NAMES, *CELLS]
    return "".join(separator.join(map(str, each)) + "\n" for each in lines).encode()


def write_json(path: Path) -> None:
    lines = [{"label": label, "x": [x, z], "note": "-"} for x, z, label in CELLS]
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))


def write_npz(path: Path) -> None:
    table = np.array(CELLS)
    with path.open("wb") as file:
        np.savez_compressed(file, x=np.asfortranarray(table[:, :2]), label=table[:, 2].astype("u1"))


def arrow_table_of(cells: list[list[Any]]) -> Any:
    pa = pytest.importorskip("pyarrow")
    x = pa.array([each[:2] for each in cells], pa.list_(pa.float32(), 2))
    return pa.table({"time": ["noon"] * len(cells), "label": [each[2] for each in cells], "x": x})


def write_parquet(path: Path) -> None:
    pytest.importorskip("pyarrow.parquet").write_table(arrow_table_of(CELLS), path)


def write_arrow(path: Path) -> None:
    pytest.importorskip("pyarrow.feather").write_feather(arrow_table_of(CELLS), str(path))


WRITERS: dict[str, Callable[[Path], object]] = {
    "csv": lambda path: path.write_bytes(text(",")),
    "tsv": lambda path: path.write_bytes(text("\t")),
    "jsonl": write_json,
    "npy": lambda path: path.write_bytes(npy(np.array(CELLS))),
    "npz": write_npz,
    "parquet": write_parquet,
    "arrow": write_arrow,
    "feather": write_arrow,
}


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def zstd(content: bytes) -> bytes:
    compressed: bytes = pytest.importorskip("pyarrow").Codec("zstd").compress(content).to_pybytes()
    return compressed


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize(
    ("suffix", "compress"), [("", bytes), (".gz", gzip.compress), (".zst", zstd)]
)
def test_a_table_is_read_however_it_is_written(
    kind: str, suffix: str, compress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = tmp_path / f"rows.{kind}{suffix}"
    WRITERS[kind](path)
    path.write_bytes(compress(path.read_bytes()))
    found = rows_of(path)
    if kind in ("parquet", "arrow", "feather"):  # of f32
        expected = [[[float(np.float32(each)) for each in x], label] for x, label in EXPECTED]
        assert found == expected
    else:
        assert found == EXPECTED


@pytest.mark.parametrize("suffix", ["jsonl", "parquet", "arrow"])
def test_labels_and_columns_of_other_names_are_read_as_in_csv(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"rows.{suffix}"
    cells: list[dict[str, Any]] = [{"wind": 1, "sun": 2.5, "rain": "no"}] * 3
    if suffix == "jsonl":
        path.write_text("".join(json.dumps(each) + "\n" for each in cells))
    else:
        pa = pytest.importorskip("pyarrow")
        pytest.importorskip("pyarrow.parquet")
        pytest.importorskip("pyarrow.feather")
        table = pa.Table.from_pylist(cells)
        write = pa.parquet.write_table if suffix == "parquet" else pa.feather.write_feather
        write(table, str(path))
    metadata = {"classes": ["yes", "no"]}
    assert rows_of(path, metadata, columns=["sun", "wind", "2"]) == [[[2.5, 1.0], "no"]] * 3
    with pytest.raises(ColumnError) as caught:
        rows_of(path, metadata)
    assert "there is no column x[0], x[1], label; there are wind, sun, rain" in str(caught.value)
    assert caught.value.remedies == ("columns",)
    assert caught.value.header == ("wind", "sun", "rain")


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ('[1, 2, 3]\n{"x": 1}\n', "line 2: it is an object, the first line is a list"),
        ('{"x": [1, 2], "label": 3}\n[1, 2, 3]\n', "line 2: it is a list, the first line is"),
        ("[1, 2, 3]\n\n[1, 2]\n", "line 3: 2 cells, the first line has 3"),
        ("[1, 2, 3]\n[1, 2, null]\n", "line 2: label (i32): the value is empty"),
        ("[1, 2, 3]\n[1, 2, 2.5]\n", "line 2: label (i32): 2.5 is not an integer"),
        ('[1, "2", 3]\n', "line 1: x[1] (f64): '2' is not a number"),
        ('{"x": [1, 2], "label": 3}\n{"x": [1], "label": 3}\n', "line 2: x[1] (f64): the value is"),
        ("[1, 2, 3]\n[1, 2", "line 2: "),
        ("[1, 2, 3]\n7\n", "line 2: a row is an object or a list, not 7"),
        (f"[1, 1{'0' * 400}, 3]\n", "line 1: x[1] (f64): 1000"),
        ('[1, 2, 3]\n{"x": 1, "x": 1}\n', 'line 2: the key "x" stands twice'),
    ],
)
def test_a_line_of_json_that_is_no_row_is_told(lines: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(lines)
    assert refused(path).startswith(f"rows.jsonl, {reason}")


def test_a_cell_without_a_value_is_told_with_its_row_or_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    cells = [*CELLS[:9000], [1.0, 2.0, None], *CELLS[:3]]
    write = pytest.importorskip("pyarrow.parquet").write_table
    write(arrow_table_of(cells), path)
    assert refused(path) == "rows.parquet, row 9000: label (i32): the value is empty"
    assert len(rows_of(path, skip_unlabelled=True)) == 9003


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "npz", "csv.gz", "csv.zst", "npy.gz"])
def test_a_damaged_file_is_told(suffix: str, tmp_path: Path) -> None:
    kind, _, compressed = suffix.partition(".")
    path = tmp_path / f"rows.{suffix}"
    WRITERS[kind](path)
    content = path.read_bytes()
    if compressed:
        content = gzip.compress(content) if compressed == "gz" else zstd(content)
    path.write_bytes(content[: len(content) // 2])
    assert refused(path).startswith("rows.")


def test_arrays_of_an_archive_have_one_number_of_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.npz"
    np.savez(path, x=np.ones((3, 2)), label=np.ones(2))
    assert refused(path) == "rows.npz: the arrays differ in their rows: x has 3, label has 2"


def test_an_array_that_stands_alone_in_an_archive_goes_by_position(tmp_path: Path) -> None:
    path = tmp_path / "rows.npz"
    np.savez(path, np.array([[1.0, 2.0, 3.0]]))
    assert rows_of(path) == [[[1.0, 2.0], 3]]


def test_without_pyarrow_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("pyarrow", "pyarrow.parquet", "pyarrow.ipc"):
        monkeypatch.setitem(sys.modules, module, None)
    files = {"a.parquet": b"PAR1", "a.feather": b"ARROW1", "a.csv": b"\x28\xb5\x2f\xfd"}
    for name, content in files.items():
        path = tmp_path / name
        path.write_bytes(content)
        assert refused(path) == (
            f"{name}: it is read by pyarrow, which is not installed: "
            "pip install 'wasmstate[tables]', or convert it to CSV first"
        )
