"""Values of tensors in files: JSON as ``wasmstate state --json`` prints it, npz, safetensors.

Every bit comes back. JSON lacks NaN, so a NaN is a text as in the WebAssembly text format: ``nan``
is the canonical one, ``-nan`` has the sign bit, ``nan:0x7f`` other payload bits.

Sources: WebAssembly Core 3.0, Text Format, "Floating-Point"; safetensors, README, "Format".
"""

from __future__ import annotations

import io
import json
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import ArgumentError, SchemaError, StateBoundsError
from wasmstate.session.strict_json import parse_json
from wasmstate.state.state import State
from wasmstate.state.tensor import DTYPES, Tensor, shape_text

_NAN = re.compile(r"(?P<sign>-?)nan(?::0x(?P<payload>[0-9a-fA-F]{1,16}))?")
_INFINITE = {"inf": float("inf"), "-inf": float("-inf")}
_FRACTION_BITS = {2: 10, 4: 23, 8: 52}
_SAFETENSORS = {f"{kind.upper()}": kind for kind in DTYPES}
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    OSError,  # of bzip2
    EOFError,
    ValueError,
    RuntimeError,  # encrypted
    NotImplementedError,
)
_ROOM = 1 << 20  # for names and headers
_TEXT_SIZE = 64  # of a number, with what stands around it


def json_values(array: NDArray[Any]) -> Any:
    """An array as nested lists of what JSON has, no bit lost; a number for a scalar."""
    values = array.tolist()
    if array.dtype.kind != "f":
        return values
    places = np.flatnonzero(np.isnan(array))
    if not places.size:
        return values
    flat = np.array(array.reshape(-1).tolist(), object)
    bits = np.ascontiguousarray(array).reshape(-1).view(f"<u{array.itemsize}")
    for place in places:
        flat[place] = _nan_text(int(bits[place]), array.itemsize)
    return flat.reshape(array.shape).tolist()


def read_values(path: Path, state: State) -> dict[str, NDArray[Any]]:
    """The values in a file, checked against the tensors of a state; it may hold some of them.

    Raises:
        SchemaError: the file cannot be read, or a name, an element type or a shape differs.
        StateBoundsError: a number does not fit the element type.
        OSError: the file cannot be opened.
    """
    most = _ROOM + sum(_TEXT_SIZE * tensor.nbytes for tensor in state.tensors)
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise SchemaError(f"{path}: larger than any file of these tensors")
    read: Callable[[bytes, State], Iterator[tuple[str, NDArray[Any]]]] = _from_json
    if data.startswith(b"PK"):
        read = _from_npz
    elif data[8:9] == b"{" and int.from_bytes(data[:8], "little") <= len(data):
        read = _from_safetensors
    try:
        values = dict(read(data, state))
    except (SchemaError, StateBoundsError, ArgumentError) as error:
        kind = StateBoundsError if isinstance(error, StateBoundsError) else SchemaError
        raise kind(f"{path}: {error}") from error
    if not values:
        raise SchemaError(f"{path}: it holds no tensor")
    return values


def _from_json(data: bytes, state: State) -> Iterator[tuple[str, NDArray[Any]]]:
    document = parse_json(data)
    tensors = document.get("tensors") if isinstance(document, dict) else None
    if not isinstance(tensors, dict):
        raise SchemaError('it is not of the form {"tensors": {name: {"dtype", "shape", "values"}}}')
    for name, entry in tensors.items():
        tensor = state.tensor(name)
        if not isinstance(entry, dict) or not {"dtype", "shape", "values"} <= set(entry):
            raise SchemaError(f"{name}: dtype, shape and values are needed")
        _check(tensor, entry["dtype"], entry["shape"])
        yield name, _array(tensor, entry["values"])


def _array(tensor: Tensor, values: Any) -> NDArray[Any]:
    flat: list[Any] = []
    _flatten(tensor, values, tensor.shape, tensor.name, flat)
    dtype = DTYPES[tensor.dtype]
    nans = {i: value for i, value in enumerate(flat) if isinstance(value, _Bits)}
    numbers = [0.0 if i in nans else value for i, value in enumerate(flat)]
    given = np.array(numbers, object if dtype.kind in "iu" else float).reshape(tensor.shape)
    array = np.frombuffer(bytearray(tensor.encode(given)), dtype).reshape(tensor.shape)
    bits = array.reshape(-1).view(f"<u{dtype.itemsize}")
    for place, value in nans.items():
        bits[place] = value
    return array


class _Bits(int):
    """The bits of a NaN."""


def _flatten(
    tensor: Tensor, value: Any, shape: tuple[int, ...], place: str, found: list[Any]
) -> None:
    if shape:
        if not isinstance(value, list) or len(value) != shape[0]:
            raise SchemaError(f"{place} must be a list of {shape[0]}")
        for i, each in enumerate(value):
            _flatten(tensor, each, shape[1:], f"{place}[{i}]", found)
        return
    is_float = tensor.dtype.startswith("f")
    if is_float and isinstance(value, str):
        special = _special(value, DTYPES[tensor.dtype].itemsize)
        if special is not None:
            found.append(special)
            return
    if isinstance(value, bool) or not isinstance(value, (int, float) if is_float else int):
        raise SchemaError(f"{place} holds {tensor.dtype}, not {json.dumps(value)[:40]}")
    try:
        found.append(float(value) if is_float else value)
    except OverflowError as error:
        raise StateBoundsError(f"{place}: the number does not fit {tensor.dtype}") from error


def _nan_text(bits: int, size: int) -> str:
    width = _FRACTION_BITS[size]
    payload = bits & ((1 << width) - 1)
    sign = "-" if bits >> (8 * size - 1) else ""
    return f"{sign}nan" if payload == 1 << (width - 1) else f"{sign}nan:{payload:#x}"


def _special(text: str, size: int) -> float | _Bits | None:
    """An infinity, or the bits of a NaN; ``None`` for any other text."""
    if text in _INFINITE:
        return _INFINITE[text]
    found = _NAN.fullmatch(text)
    if found is None:
        return None
    width = _FRACTION_BITS[size]
    payload = int(found["payload"], 16) if found["payload"] else 1 << (width - 1)
    if not 0 < payload < 1 << width:
        return None
    sign = int(bool(found["sign"])) << (8 * size - 1)
    exponent = (1 << (8 * size - 1)) - (1 << width)
    return _Bits(sign | exponent | payload)


def _from_npz(data: bytes, state: State) -> Iterator[tuple[str, NDArray[Any]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                name = entry.filename.removesuffix(".npy")
                tensor = state.tensor(name)
                if entry.file_size > tensor.nbytes + _ROOM:
                    raise SchemaError(f"{name}: {entry.file_size:,} bytes are more than it holds")
                with archive.open(entry) as file:
                    array = np.lib.format.read_array(file, allow_pickle=False)
                _check(tensor, _dtype_name(array.dtype), array.shape)
                yield name, array.astype(DTYPES[tensor.dtype], copy=False)
    except _DAMAGED as error:
        raise SchemaError(f"it is not an npz archive: {error}") from error


def _from_safetensors(data: bytes, state: State) -> Iterator[tuple[str, NDArray[Any]]]:
    start = 8 + int.from_bytes(data[:8], "little")
    header = parse_json(data[8:start])
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        tensor = state.tensor(name)
        if not isinstance(entry, Mapping):
            raise SchemaError(f"{name}: dtype, shape and data_offsets are needed")
        dtype = entry.get("dtype")
        _check(tensor, _SAFETENSORS.get(str(dtype), dtype), entry.get("shape"))
        offsets = entry.get("data_offsets")
        if not isinstance(offsets, list) or [type(each) for each in offsets] != [int, int]:
            raise SchemaError(f"{name}: data_offsets must be two offsets")
        first, last = offsets
        if not 0 <= first <= last <= len(data) - start or last - first != tensor.nbytes:
            raise SchemaError(f"{name}: data_offsets {offsets} are not {tensor.nbytes} bytes of it")
        content = data[start + first : start + last]
        yield name, np.frombuffer(content, DTYPES[tensor.dtype]).reshape(tensor.shape)


def _dtype_name(dtype: np.dtype[Any]) -> str:
    plain = dtype.newbyteorder("<")
    return next((name for name, each in DTYPES.items() if each == plain), str(dtype))


def _check(tensor: Tensor, dtype: Any, shape: Any) -> None:
    wanted = tensor.dtype + shape_text(tensor.shape)
    if dtype != tensor.dtype or not isinstance(shape, (list, tuple)):
        raise SchemaError(f"{tensor.name} is {wanted} in the state, the file has {dtype!r}")
    if any(type(each) is not int for each in shape) or tuple(shape) != tensor.shape:
        raise SchemaError(f"{tensor.name} is {wanted} in the state, the file has {list(shape)}")
