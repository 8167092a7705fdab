"""Tensors to and from files and the clipboard: npy and CSV."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import SchemaError
from wasmstate.state.state import State

SUFFIXES = (".npy", ".csv")


def csv_text(values: NDArray[Any]) -> str:
    """A line for each row; of more dimensions than two, one plane after the other.

    Floats are written so that reading gives the same bits.
    """
    table = values.reshape(-1, values.shape[-1]) if values.ndim > 1 else values.reshape(-1, 1)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(table.tolist())
    return out.getvalue()


def save_tensor(path: Path, values: NDArray[Any]) -> None:
    """Write a tensor to a file whose suffix says how.

    Raises:
        SchemaError: there is no such suffix.
        OSError: it cannot be written.
    """
    if path.suffix == ".npy":
        with path.open("wb") as file:
            np.save(file, values, allow_pickle=False)
    elif path.suffix == ".csv":
        path.write_text(csv_text(values), encoding="utf-8")
    else:
        raise SchemaError(f"{path.name}: the name must end in {' or '.join(SUFFIXES)}")


def load_tensor(path: Path, state: State, name: str) -> State:
    """The state with a tensor's values read from a file.

    Raises:
        SchemaError, StateBoundsError: the file's values are not the tensor's kind, shape or range.
        OSError: it cannot be read.
    """
    shape = state.tensor(name).shape
    if path.suffix == ".npy":
        values = _load_npy(path)
    elif path.suffix == ".csv":
        values = _load_csv(path, is_integer=state[name].dtype.kind in "iu")
        if values.shape != shape and values.size == state[name].size and _fits(values, shape):
            values = values.reshape(shape)
    else:
        raise SchemaError(f"{path.name}: the name must end in {' or '.join(SUFFIXES)}")
    try:
        return state.with_values({name: values})
    except SchemaError as error:
        raise SchemaError(f"{path.name}: {error}") from error


def _fits(values: NDArray[Any], shape: tuple[int, ...]) -> bool:
    """Whether the lines of a CSV file are those that :func:`csv_text` makes of this shape."""
    wide = shape[-1] if len(shape) > 1 else 1
    return values.shape[1] == wide or (len(shape) == 1 and values.shape[0] == 1)


def _load_npy(path: Path) -> NDArray[Any]:
    try:
        # Never mapped, never unpickled; the header's claim is held against the file's size.
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            read = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }.get(version)
            if read is None:
                raise SchemaError(f"{path.name}: npy format {version} is not read")
            shape, is_fortran, dtype = read(file)
            data = file.read()
    except (ValueError, EOFError) as error:
        raise SchemaError(f"{path.name} is no npy file: {error}") from error
    if dtype.hasobject or dtype.kind not in "biuf":
        raise SchemaError(f"{path.name} holds {dtype}, not numbers")
    count = 1
    for size in shape:
        count *= size
    if count * dtype.itemsize != len(data):
        raise SchemaError(
            f"{path.name}: the shape {list(shape)} needs {count * dtype.itemsize} bytes, "
            f"the file has {len(data)}"
        )
    return np.frombuffer(data, dtype).reshape(shape, order="F" if is_fortran else "C")


def _load_csv(path: Path, *, is_integer: bool) -> NDArray[Any]:
    number = int if is_integer else float
    lines: list[list[float]] = []
    try:
        for line in csv.reader(path.read_text(encoding="utf-8-sig").splitlines()):
            if line:
                lines.append([number(cell) for cell in line])
    except (ValueError, csv.Error) as error:
        raise SchemaError(f"{path.name}, line {len(lines) + 1}: {error}") from error
    if not lines:
        raise SchemaError(f"{path.name} holds no numbers")
    if len({len(line) for line in lines}) > 1:
        raise SchemaError(f"{path.name}: the lines have different numbers of cells")
    return np.asarray(lines, object if is_integer else np.float64)
