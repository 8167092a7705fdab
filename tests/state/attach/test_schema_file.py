"""Schema files: TOML or JSON, each error with the file's name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support import message
from wasmstate.errors import SchemaError
from wasmstate.state.attach.schema_file import SchemaFile, read_schema_file
from wasmstate.state.signature import Param, Signature
from wasmstate.state.tensor import TensorSpec

TOML = """
tensors = [
    "n:i64@global:count",
    { name = "w", dtype = "f32", shape = [2], place = "sym:w", unit = "m", merge = "mean", \
      bounds = ["finite", ">= 0"], values = [1.5, 2] },
    { name = "b", dtype = "u8", place = "1024" },
]

[entry_points]
update = "(x: f32) -> ()"

[metadata]
author = "é"
"""
DOCUMENT = {
    "tensors": [
        "n:i64@global:count",
        {"name": "w", "dtype": "f32", "shape": [2], "place": "sym:w", "unit": "m",
         "merge": "mean", "bounds": ["finite", ">= 0"], "values": [1.5, 2]},
        {"name": "b", "dtype": "u8", "place": "1024"},
    ],
    "entry_points": {"update": "(x: f32) -> ()"},
    "metadata": {"author": "é"},
}  # fmt: skip
EXPECTED = SchemaFile(
    (
        TensorSpec("n", "i64", (), "global:count"),
        TensorSpec("w", "f32", (2,), "sym:w", "m", "mean", ("finite", ">= 0")),
        TensorSpec("b", "u8", (), "1024"),
    ),
    {"update": Signature((Param("x", "f32"),), ())},
    {"author": "é"},
    {"w": [1.5, 2]},
)


def refusal(path: Path, content: str | bytes) -> str:
    """The message without the name of the file that it must begin with."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    found = message(SchemaError, lambda: read_schema_file(path))
    assert found.startswith(f"{path}: ")
    return found.removeprefix(f"{path}: ")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "schema.json"


def test_a_schema_file_is_toml(tmp_path: Path) -> None:
    path = tmp_path / "schema.toml"
    path.write_text(TOML, encoding="utf-8")
    assert read_schema_file(path) == EXPECTED


def test_a_schema_file_that_ends_in_json_is_json(path: Path) -> None:
    path.write_text(json.dumps(DOCUMENT), encoding="utf-8")
    assert read_schema_file(str(path)) == EXPECTED


def test_a_short_file_says_what_the_state_consists_of(path: Path) -> None:
    path.write_text('{"tensors": ["n:i64@8"]}')
    assert read_schema_file(path) == SchemaFile((TensorSpec("n", "i64", (), "8"),))


def test_a_file_that_is_not_there_is_an_os_error(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_schema_file(path)


def test_a_file_that_is_neither_is_refused(path: Path, tmp_path: Path) -> None:
    assert refusal(path, "{") == (
        "cannot be read: "
        "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
    )
    assert refusal(tmp_path / "s.toml", "tensors = ") == (
        "cannot be read: Invalid value (at end of document)"
    )
    assert refusal(path, b'"\xff"') == (
        "cannot be read: 'utf-8' codec can't decode byte 0xff in position 1: invalid start byte"
    )
    assert refusal(path, "[" * 100_000).startswith("cannot be read: maximum recursion depth")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ([], "the file must be a table of keys and values"),
        ({"tensor": []}, "the file has an unknown key 'tensor'"),
        ({}, "it needs a list 'tensors' with one entry at least"),
        ({"tensors": []}, "it needs a list 'tensors' with one entry at least"),
        ({"tensors": "n:i64@8"}, "it needs a list 'tensors' with one entry at least"),
        ({"tensors": ["n"]},
         ("cannot read the tensor 'n': write name:dtype[shape]@place, "
         "for example w:f32[4]@1024, w:f32[4]@sym:weights or n:i64@global:count")),
        ({"tensors": [5]}, "tensors[0] must be a table of keys and values"),
        ({"tensors": [{"nam": "n"}]}, "tensors[0] has an unknown key 'nam'"),
        ({"tensors": ["n:i64@8", {"name": "n", "dtype": "i64"}]}, "tensors[1] has no 'place'"),
        ({"tensors": [{"dtype": "i64", "place": "8"}]}, "tensors[0] has no 'name'"),
        ({"tensors": [{"name": "n", "place": "8"}]}, "tensors[0] has no 'dtype'"),
        ({"tensors": [{"name": "n", "dtype": "i8", "place": "8", "shape": 4}]},
         "tensors[0]: shape and bounds must be lists"),
        ({"tensors": [{"name": "n", "dtype": "i8", "place": "8", "bounds": "finite"}]},
         "tensors[0]: shape and bounds must be lists"),
        ({"tensors": ["n:i64@8"], "entry_points": []},
         "entry_points must be a table of keys and values"),
        ({"tensors": ["n:i64@8"], "entry_points": {"f": 1}}, "entry_points.f must be a text"),
        ({"tensors": ["n:i64@8"], "entry_points": {"f": "x"}},
         ("cannot read the signature 'x': write (name: type, ...) -> type, "
         "for example (arm: i32, reward: f64) -> ()")),
        ({"tensors": ["n:i64@8"], "metadata": 1}, "metadata must be a table of keys and values"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_named(path: Path, document: Any, expected: str) -> None:
    assert refusal(path, json.dumps(document)) == expected


def test_an_address_may_be_written_as_a_number(tmp_path: Path) -> None:
    path = tmp_path / "schema.toml"
    path.write_text('tensors = [{ name = "b", dtype = "u8", place = 0x400 }]')
    assert read_schema_file(path).tensors == (TensorSpec("b", "u8", (), "1024"),)
