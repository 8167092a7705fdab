"""The rows of an npy file, part by part, so that its size does not matter.

Source: NumPy Reference, "numpy.lib.format", "Format Version 1.0" and "2.0".
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import ArgumentError
from wasmstate.session.table_text import kind_of
from wasmstate.session.tables.block import Block, Part
from wasmstate.session.tables.row_maker import RowMaker

_PART = 1 << 18
"""Bytes read at a time."""

_MAGIC = b"\x93NUMPY"
_HEADERS: dict[tuple[int, int], Any] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class Matrix:
    """A matrix in a file, or one column.

    Args:
        file: that holds it.
        name: of the file, for errors.

    Attributes:
        columns: how many it has.

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
        if len(shape) == 1:
            shape = (*shape, 1)
        if len(shape) != 2 or self._dtype.kind not in "biuf":
            raise ArgumentError(f"{name} holds {self._dtype}{list(shape)}, not a matrix")
        self._rows, self.columns = shape

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

    def parts(self, make: RowMaker) -> Iterator[Part]:
        """The rows, as arrays where all numbers are what the arguments take.

        Raises:
            ArgumentError: naming the row that cannot be read.
        """
        size = max(1, _PART // max(1, self.columns * self._dtype.itemsize))
        for start in range(0, self._rows, size):
            yield from self._part(make, start, self._read(start, min(size, self._rows - start)))

    def _part(self, make: RowMaker, start: int, values: NDArray[Any]) -> Iterator[Part]:
        columns = make.columns(lambda places: values[:, places])
        if columns:
            yield Block(columns, lambda row: f"{self._name}, row {start + row}")
            return
        for i, row in enumerate(values, start):
            where = f"{self._name}, row {i}"
            yield where, make.row(row.tolist(), where)

    def _read(self, start: int, count: int) -> NDArray[Any]:
        if not self._by_column:
            content = self._read_at(start * self.columns, count * self.columns)
            return content.reshape(count, self.columns)
        columns = [self._read_at(i * self._rows + start, count) for i in range(self.columns)]
        return np.stack(columns, axis=1)

    def _read_at(self, first: int, count: int) -> NDArray[Any]:
        self._file.seek(self._start + first * self._dtype.itemsize)
        content = self._file.read(count * self._dtype.itemsize)
        if len(content) < count * self._dtype.itemsize:
            raise ArgumentError(f"{self._name} is not an npy file: it was cut while it was read")
        return np.frombuffer(content, self._dtype)
