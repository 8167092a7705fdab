"""Matrices of NumPy's: an npy file, or an npz archive of them.

They are read part by part, so that their size does not matter.

Source: NumPy Reference, "numpy.lib.format", "Format Version 1.0" and "2.0".
"""

from __future__ import annotations

import math
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import ArgumentError
from wasmstate.session.table_text import kind_of
from wasmstate.session.tables.columnar import PART, Batch, ColumnTable

_MAGIC = b"\x93NUMPY"
_HEADERS: dict[tuple[int, int], Any] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError)


def npy_table(file: BinaryIO, name: str, _: ExitStack) -> ColumnTable:
    """The table in an npy file.

    Raises:
        ArgumentError: the file holds no matrix of numbers, or ends too soon.
    """
    matrix = _Matrix(file, name)
    if len(matrix.shape) > 2:
        raise matrix.unfit()

    def batches(_: Sequence[int]) -> Iterator[Batch]:
        for start, stop in matrix.parts():
            yield stop - start, dict(enumerate(matrix.read(start, stop).T))

    return ColumnTable(None, matrix.columns, f"{name}, row", batches)


def npz_table(file: BinaryIO, name: str, files: ExitStack) -> ColumnTable:
    """The table in an npz archive: each array has a row for each call.

    An array that stands alone goes by position, as in an npy file; else each has the name of an
    argument. They are copied to temporary files, which are closed with ``files``.

    Raises:
        ArgumentError: as :func:`npy_table`; the arrays have not as many rows as each other.
    """
    matrices = {
        each: _Matrix(member, f"{name}, {each}") for each, member in _members(file, name, files)
    }
    if len(matrices) == 1:
        (alone,) = matrices.values()
        header = None
        if len(alone.shape) > 2:
            raise alone.unfit()
    else:
        header = [text for each, matrix in matrices.items() for text in matrix.names(each)]
    rows = {each: matrix.rows for each, matrix in matrices.items()}
    if len(set(rows.values())) > 1:
        counts = ", ".join(f"{each} has {count}" for each, count in rows.items())
        raise ArgumentError(f"{name}: the arrays differ in their rows: {counts}")

    def batches(_: Sequence[int]) -> Iterator[Batch]:
        widest = max(matrices.values(), key=lambda matrix: matrix.row_size, default=None)
        for start, stop in widest.parts() if widest is not None else ():
            parts = [matrix.read(start, stop) for matrix in matrices.values()]
            yield stop - start, dict(enumerate(column for part in parts for column in part.T))

    count = sum(matrix.columns for matrix in matrices.values())
    return ColumnTable(header, count, f"{name}, row", batches)


def _members(file: BinaryIO, name: str, files: ExitStack) -> Iterator[tuple[str, BinaryIO]]:
    """The arrays of an archive, each in a temporary file, for it is not read from its start on."""
    try:
        with zipfile.ZipFile(file) as archive:
            for member in archive.namelist():
                copy = files.enter_context(TemporaryFile())  # noqa: SIM115
                with archive.open(member) as content:
                    shutil.copyfileobj(content, copy, PART)
                copy.seek(0)
                yield member.removesuffix(".npy"), copy
    except _DAMAGED as error:
        raise ArgumentError(f"{name} is not an npz file: {error}") from error


class _Matrix:
    """Rows of numbers in a file.

    Args:
        file: that holds them.
        name: of the file, for errors.

    Attributes:
        shape: of the array.
        rows: how many there are.
        columns: how many numbers each row has.

    Raises:
        ArgumentError: the file holds no matrix of numbers, or ends too soon.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        start = file.read(8)
        if not start.startswith(_MAGIC):
            raise ArgumentError(
                f"{name} is not an npy file: {kind_of(start) or 'another one begins so'}"
            )
        try:
            shape, self._by_column, self._dtype = self._header()
        except (ValueError, EOFError) as error:
            raise ArgumentError(f"{name} is not an npy file: {error}") from error
        self.shape = (*shape, 1) if len(shape) == 1 else shape
        if len(self.shape) < 2 or self._dtype.kind not in "biuf":
            raise self.unfit()
        self.rows = self.shape[0]
        self.columns = math.prod(self.shape[1:])

    def unfit(self) -> ArgumentError:
        """Why it is no table."""
        return ArgumentError(f"{self._name} holds {self._dtype}{list(self.shape)}, not a matrix")

    def names(self, name: str) -> list[str]:
        """The names of the columns, as the numbers of an argument are called."""
        indices = np.ndindex(*self.shape[1:])
        if self.columns == 1 and len(self.shape) == 2:
            return [name]
        return [f"{name}[{','.join(map(str, index))}]" for index in indices]

    @property
    def row_size(self) -> int:
        """The bytes of a row."""
        return self.columns * self._dtype.itemsize

    def parts(self) -> Iterator[tuple[int, int]]:
        """The first row of each part, and the first behind it."""
        step = max(1, PART // max(1, self.row_size))
        for start in range(0, self.rows, step):
            yield start, min(start + step, self.rows)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Some rows."""
        count = stop - start
        if not self._by_column:
            return self._read(start * self.columns, count * self.columns).reshape(count, -1)
        columns = [self._read(i * self.rows + start, count) for i in range(self.columns)]
        shape = (*self.shape[:0:-1], count)  # the last index counts slowest in Fortran's order
        return np.array(columns).reshape(shape).T.reshape(count, -1)

    def _header(self) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
        """Shape, order and type, after a look whether all the numbers are there."""
        self._file.seek(0)
        read = _HEADERS.get(np.lib.format.read_magic(self._file))
        if read is not None:
            shape, by_column, dtype = read(self._file)
            self._start = self._file.tell()
            size = self._file.seek(0, os.SEEK_END) - self._start
            if dtype.kind in "biuf" and size >= math.prod(shape) * dtype.itemsize:
                return shape, by_column, dtype
        self._file.seek(0)  # for NumPy's own words
        array = np.lib.format.read_array(self._file, allow_pickle=False)
        return array.shape, False, array.dtype

    def _read(self, first: int, count: int) -> NDArray[Any]:
        self._file.seek(self._start + first * self._dtype.itemsize)
        content = self._file.read(count * self._dtype.itemsize)
        if len(content) < count * self._dtype.itemsize:
            raise ArgumentError(f"{self._name} is not an npy file: it was cut while it was read")
        return np.frombuffer(content, self._dtype)
