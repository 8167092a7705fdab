"""A tensor as a picture: a colour for each element."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate_gui.core.tensors.tensor_table import TensorRow

LEVELS = 255
NOT_FINITE = 255  # the level of NaN and infinity
_WRAP = 32  # elements of a vector side by side


@dataclass(frozen=True)
class Heatmap:
    """One plane of a tensor.

    Attributes:
        row: the tensor.
        place: an index for each dimension but the last two.
    """

    row: TensorRow
    place: tuple[int, ...] = ()

    @property
    def leading(self) -> tuple[int, ...]:
        """The sizes of the dimensions from which a plane is picked."""
        return tuple(self.row.values.shape[:-2])

    @property
    def _start(self) -> int:
        """The index of the plane's first element."""
        if not self.leading:
            return 0
        plane = math.prod(self.row.values.shape[-2:])
        return int(np.ravel_multi_index(self.place, self.leading)) * plane

    @property
    def _size(self) -> int:
        shape = self.row.values.shape
        return math.prod(shape[-2:]) if len(shape) > 2 else int(self.row.values.size)

    @property
    def columns(self) -> int:
        """How many elements stand side by side: of a vector, as many as there is room for."""
        shape = self.row.values.shape
        return int(shape[-1]) if len(shape) > 1 else min(max(self._size, 1), _WRAP)

    @property
    def rows(self) -> int:
        """How many lines there are."""
        return -(-self._size // self.columns)

    def index_at(self, line: int, column: int) -> int | None:
        """The element of the tensor at a place of the picture; ``None`` behind the last one."""
        index = line * self.columns + column
        inside = 0 <= line < self.rows and 0 <= column < self.columns and index < self._size
        return self._start + index if inside else None

    @cached_property
    def _values(self) -> NDArray[np.float64]:
        plane = self.row.values.reshape(-1)[self._start : self._start + self._size]
        with np.errstate(over="ignore"):
            return plane.astype(np.float64)

    @cached_property
    def is_signed(self) -> bool:
        """Whether zero is the middle of the scale: some finite value is below it."""
        values = self._values[np.isfinite(self._values)]
        return bool(len(values)) and float(values.min()) < 0

    @cached_property
    def range(self) -> tuple[float, float]:
        """What the ends of the scale mean."""
        values = self._values[np.isfinite(self._values)]
        if not len(values):
            return 0.0, 1.0
        low, high = float(values.min()), float(values.max())
        if self.is_signed:
            far = max(-low, high)
            return -far, far
        return (low, high) if low < high else (low, low + 1.0)

    @cached_property
    def levels(self) -> NDArray[np.uint8]:
        """A level for each place, 0 to 254; 255 for what is not finite, and behind the end."""
        low, high = self.range
        levels = np.full(self.rows * self.columns, NOT_FINITE, np.uint8)
        finite = np.isfinite(self._values)
        # In halves: high - low may be more than the largest float.
        share = (self._values[finite] / 2 - low / 2) / (high / 2 - low / 2)
        levels[: self._size][finite] = np.clip(share * (LEVELS - 1), 0, LEVELS - 1).astype(np.uint8)
        return levels.reshape(self.rows, self.columns)

    @cached_property
    def changed(self) -> NDArray[Any]:
        """The places of changed elements, a (line, column) each."""
        flat = self.row.changed.reshape(-1)[self._start : self._start + self._size]
        return np.stack(np.divmod(np.flatnonzero(flat), self.columns), axis=1)

    @property
    def is_all_changed(self) -> bool:
        """Whether no element of the plane is what it was."""
        return len(self.changed) == self._size > 1
