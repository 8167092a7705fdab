"""Values in files: what goes out comes in again, bit for bit."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli_runner import run_command
from models import model, state_of, write_model
from wasmstate import SchemaError, State, WasmstateError
from wasmstate.session.value_files import json_values, read_values
from wasmstate.state.tensor import DTYPES

WAT = '(module (memory (export "memory") 1))'
STATE = State.of(model(WAT, "w:f64[2,2]@64", "n:u64@128", "h:f16[3]@144", "i:i8[2]@152"))
VALUES = {
    "w": np.array([[0x7FF0000000000001, 1 << 63], [0xFFF8000000000000, 0x7FF << 52]], "<u8").view(
        "<f8"
    ),
    "n": np.array((1 << 64) - 1, "<u8"),
    "h": np.array([0x7E00, 0xFC00, 0x8001], "<u2").view("<f2"),
    "i": np.array([-128, 127], "i1"),
}


def as_json(values: dict[str, Any]) -> bytes:
    tensors = {
        name: {
            "dtype": STATE.tensor(name).dtype,
            "shape": list(STATE.tensor(name).shape),
            "values": json_values(value),
        }
        for name, value in values.items()
    }
    return json.dumps({"generation": 3, "tensors": tensors}).encode()


def as_npz(values: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **values)
    return file.getvalue()


def as_safetensors(values: dict[str, Any]) -> bytes:
    header: dict[str, Any] = {"__metadata__": {"made": "here"}}
    content = b""
    for name, value in values.items():
        tensor = STATE.tensor(name)
        header[name] = {
            "dtype": tensor.dtype.upper(),
            "shape": list(tensor.shape),
            "data_offsets": [len(content), len(content) + tensor.nbytes],
        }
        content += value.tobytes()
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + content


@pytest.mark.parametrize("write", [as_json, as_npz, as_safetensors])
def test_every_bit_comes_back(write: Callable[[dict[str, Any]], bytes], tmp_path: Path) -> None:
    path = tmp_path / "values"
    path.write_bytes(write(VALUES))
    found = read_values(path, STATE)
    assert {name: value.tobytes() for name, value in found.items()} == {
        name: value.tobytes() for name, value in VALUES.items()
    }
    assert STATE.with_values(found).contents() == STATE.with_values(VALUES).contents()


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=20)
@given(st.data())
def test_any_bits_go_through_json(
    tmp_path_factory: pytest.TempPathFactory, dtype: str, data: st.DataObject
) -> None:
    size = DTYPES[dtype].itemsize
    content = data.draw(st.binary(min_size=4 * size, max_size=4 * size))
    state = State.of(model(WAT, f"t:{dtype}[4]@64"))
    path = tmp_path_factory.mktemp("values") / "state.json"
    values = json_values(np.frombuffer(content, DTYPES[dtype]))
    entry = {"dtype": dtype, "shape": [4], "values": values}
    path.write_text(json.dumps({"tensors": {"t": entry}}))
    assert read_values(path, state)["t"].tobytes() == content


def test_a_nan_is_written_as_in_the_text_format() -> None:
    bits = np.array([0x7FC00000, 0xFFC00000, 0x7F800001, 0xFFFFFFFF], "<u4")
    assert json_values(bits.view("<f4")) == ["nan", "-nan", "nan:0x1", "-nan:0x7fffff"]
    assert json_values(np.array(1.5)) == 1.5


def entry(**changes: Any) -> bytes:
    made = {"dtype": "f64", "shape": [2, 2], "values": [[1, 2], [3, 4]]} | changes
    return json.dumps({"tensors": {"w": made}}).encode()


def npz(**arrays: Any) -> bytes:
    return as_npz(arrays)


def safetensors(header: Any, content: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + content


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "Expecting value"),
        (b"[]", 'it is not of the form {"tensors"'),
        (b'{"tensors": {}}', "it holds no tensor"),
        (b'{"tensors": {"x": {}}}', "no tensor 'x'; there are w, n, h, i"),
        (b'{"tensors": {"w": {}}}', "w: dtype, shape and values are needed"),
        (b'{"tensors": {}, "tensors": {}}', 'the key "tensors" stands twice'),
        (entry(dtype="f32"), "w is f64[2,2] in the state, the file has 'f32'"),
        (entry(shape=[4]), "w is f64[2,2] in the state, the file has [4]"),
        (entry(shape=[True, 2]), "w is f64[2,2] in the state, the file has [True, 2]"),
        (entry(shape=4), "w is f64[2,2] in the state, the file has 'f64'"),
        (entry(values=[[1, 2]]), "w must be a list of 2"),
        (entry(values=[[1, 2], 3]), "w[1] must be a list of 2"),
        (entry(values=[[1, 2], [3, "x"]]), 'w[1][1] holds f64, not "x"'),
        (entry(values=[[1, 2], [3, True]]), "w[1][1] holds f64, not true"),
        (entry(values=[[1, 2], [3, "nan:0x0"]]), 'w[1][1] holds f64, not "nan:0x0"'),
        (entry(values=[[1, 2], [3, 10**400]]), "w[1][1]: the number does not fit f64"),
        (
            json.dumps({"tensors": {"n": {"dtype": "u64", "shape": [], "values": -1}}}).encode(),
            "n: -1 does not fit u64",
        ),
        (
            json.dumps({"tensors": {"n": {"dtype": "u64", "shape": [], "values": 1.0}}}).encode(),
            "n holds u64, not 1.0",
        ),
        (b"PK\3\4", "it is not an npz archive"),
        (npz(w=np.zeros(4)), "w is f64[2,2] in the state, the file has [4]"),
        (npz(n=np.zeros(())), "n is u64 in the state, the file has 'f64'"),
        (npz(n=np.zeros(1 << 18)), "n: 2,097,280 bytes are more than it holds"),
        (npz(n=np.array(["a"])), "n is u64 in the state, the file has '<U1'"),
        (safetensors({"w": 1}), "w: dtype, shape and data_offsets are needed"),
        (
            safetensors({"w": {"dtype": "BF16", "shape": [2, 2]}}),
            "w is f64[2,2] in the state, the file has 'BF16'",
        ),
        (
            safetensors({"w": {"dtype": "F64", "shape": [2, 2]}}),
            "w: data_offsets must be two offsets",
        ),
        (
            safetensors({"w": {"dtype": "F64", "shape": [2, 2], "data_offsets": [0, 32]}}, b"12"),
            "w: data_offsets [0, 32] are not 32 bytes of it",
        ),
        (b" " * (2 << 20), "larger than any file of these tensors"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_the_place(
    data: bytes, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "values"
    path.write_bytes(data)
    with pytest.raises(WasmstateError) as caught:
        read_values(path, STATE)
    assert str(caught.value).startswith(f"{path}: {reason}")


STARTS = [b"", b"PK\3\4", b"\x20\0\0\0\0\0\0\0{", b'{"tensors": {']


@settings(max_examples=20)
@given(st.binary(max_size=99), st.sampled_from(STARTS))
def test_no_bytes_raise_anything_else(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, start: bytes
) -> None:
    path = tmp_path_factory.mktemp("values") / "file"
    path.write_bytes(start + data)
    with pytest.raises((SchemaError, WasmstateError)):
        read_values(path, STATE)


@pytest.mark.parametrize("write", [as_json, as_npz, as_safetensors])
@settings(max_examples=20)
@given(st.data())
def test_a_damaged_file_raises_nothing_else(
    tmp_path_factory: pytest.TempPathFactory,
    write: Callable[[dict[str, Any]], bytes],
    data: st.DataObject,
) -> None:
    content = bytearray(write(VALUES))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("values") / "file"
    path.write_bytes(content)
    with suppress(WasmstateError):
        read_values(path, STATE)


def test_a_state_goes_out_of_one_file_and_into_another(tmp_path: Path) -> None:
    first = write_model(tmp_path / "a.wasm", WAT, "w:f32[2]@64", "n:u64@128")
    other = write_model(tmp_path / "b.wasm", WAT, "w:f32[2]@64", "n:u64@128")
    assert run_command("set", str(first), "w=-0.0,nan", f"n={(1 << 64) - 1}").exit_code == 0
    out = tmp_path / "state.json"
    out.write_text(run_command("state", str(first), "--json").stdout)
    assert run_command("set", str(other), "--from", str(out)).exit_code == 0
    assert state_of(other).contents() == state_of(first).contents()
    both = run_command("set", str(other), "n=7", "--from", str(out))
    assert both.exit_code == 0
    assert state_of(other)["n"] == 7
    assert run_command("set", str(other)).exit_code == 2
    before = other.read_bytes()
    out.write_text(out.read_text().replace("f32", "f64"))
    refused = run_command("set", str(other), "--from", str(out))
    assert refused.exit_code == 1
    assert "state.json: w is f32[2] in the state, the file has 'f64'\n" in refused.stderr
    assert other.read_bytes() == before
