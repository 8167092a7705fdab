"""Blocks of CSV that certainly hold what they seem to, read many lines at a time.

What is not certain is left to the reader of single lines, which knows the grammar whole and words
the errors. Certain is a block of UTF-8 without quotes, each line of which has as many cells as the
first line of the table, if NumPy can read the cells that are taken. NumPy reads floats with the
function that ``float()`` uses. Of pyarrow's numbers the finite ones are taken: it rounds alike.

NumPy gives f64 for an integer, too, and of that the integer that is written can be told if the cell
is short: two decimals of at most 15 digits are never the same f64, unless one has become zero,
which takes an exponent of at least -324.
"""

from __future__ import annotations

import csv
import math
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.session.tables.arrow_csv import ArrowCells
from wasmstate.session.tables.row_maker import RowMaker

_LEAST = 4096
"""Bytes of a block below which reading line by line is as fast."""

_LONG = 1 << 22
"""Bytes of a table from which on pyarrow is used where it is installed."""

_UNCERTAIN = (b'"', b"\0", b"\x1c", b"\x1d", b"\x1e", b"\x1f")
_OTHER_SPACE = re.compile(r"[^\S\x00-\x7f]")
"""Quotes, ends of texts in C, and white space that only NumPy strips from a number."""

_LONGEST_INTEGER = 15
_LONGEST_ZERO = 5
_LINE_FEED = 10


@dataclass(frozen=True, slots=True)
class CertainRows:
    """The rows of a block.

    Attributes:
        columns: an array for each parameter.
        kept: the lines that they come from, counted from 0; ``None`` if it is each.
        lines: how many the block has.
    """

    columns: list[NDArray[Any]]
    kept: NDArray[Any] | None
    lines: int


class CertainCells:
    """Reads blocks of lines.

    Args:
        make: makes the arguments.
        count: of the cells of each line.
        separator: between them.
        skip_unlabelled: whether lines without a value for the last argument are left out.
    """

    def __init__(
        self, make: RowMaker, count: int, separator: str, *, skip_unlabelled: bool
    ) -> None:
        self._make = make
        self._count = count
        self._separator = separator
        self._skip_unlabelled = skip_unlabelled
        self._at = {place: i for i, place in enumerate(make.places)}
        self._bytes: float = 0
        self._arrow: ArrowCells | None = None
        self._is_every = make.places == list(range(count))

    def read(self, block: bytes) -> CertainRows | None:
        """The rows of a block; ``None`` if one of them is not certain."""
        if len(block) < _LEAST or not block.endswith(b"\n"):
            return None
        if any(each in block for each in _UNCERTAIN):
            return None
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n")
        sizes = self._sizes(block)
        text = _text(block)
        if sizes is None or text is None:
            return None
        count, kept = len(sizes), None
        if self._skip_unlabelled:
            kept = np.flatnonzero(sizes[:, self._make.last].any(axis=1))
            lines = text.split("\n")
            text = "".join(f"{lines[i]}\n" for i in kept.tolist())
            sizes = sizes[kept]
        values = self._values(text, len(sizes))
        if values is None or not self._are_certain(values, sizes):
            return None
        columns = self._make.columns(lambda places: values[:, [self._at[each] for each in places]])
        return None if columns is None else CertainRows(columns, kept, count)

    def _values(self, text: str, count: int) -> NDArray[np.float64] | None:
        """The numbers in the cells that are taken; ``None`` if not each line has some."""
        if not count:
            return np.empty((0, len(self._at)))
        self._bytes += len(text)
        if self._arrow is None and self._bytes > _LONG:
            self._bytes = -math.inf
            with suppress(ImportError):
                self._arrow = ArrowCells(self._make.places, self._count, self._separator)
        values = self._arrow.read(text.encode()) if self._arrow is not None else None
        if values is None:
            values = self._by_numpy(text)
        return values if values is not None and len(values) == count else None

    def _by_numpy(self, text: str) -> NDArray[np.float64] | None:
        try:
            return np.loadtxt(
                text.split("\n"),
                delimiter=self._separator,
                comments=None,
                usecols=None if self._is_every else self._make.places,
                ndmin=2,
            )
        except ValueError:
            return None

    def _sizes(self, block: bytes) -> NDArray[Any] | None:
        """The size of each cell in bytes; ``None`` if a line has more or fewer than the first."""
        data = np.frombuffer(block, np.uint8)
        ends = np.flatnonzero((data == ord(self._separator)) | (data == _LINE_FEED))
        if ends.size % self._count:
            return None
        is_line_end = (data[ends] == _LINE_FEED).reshape(-1, self._count)
        if not is_line_end[:, -1].all() or is_line_end[:, :-1].any():
            return None
        sizes = np.diff(ends, prepend=-1) - 1
        return None if sizes.max() >= csv.field_size_limit() else sizes.reshape(-1, self._count)

    def _are_certain(self, values: NDArray[np.float64], sizes: NDArray[Any]) -> bool:
        if np.isinf(values).any():  # inf is written, or too large a number
            return False
        for place in self._make.integers:
            longest = np.where(values[:, self._at[place]] == 0, _LONGEST_ZERO, _LONGEST_INTEGER)
            if (sizes[:, place] > longest).any():
                return False
        return True


def _text(block: bytes) -> str | None:
    """The text of a block; ``None`` if that needs a closer look."""
    if block.isascii():
        return None if b"\r" in block else block.decode("ascii")
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\r" in text or _OTHER_SPACE.search(text) else text
