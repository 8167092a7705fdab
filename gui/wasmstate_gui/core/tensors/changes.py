"""The changed elements of a tensor, as a table that can be sorted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.state.compare.distance import relative_change, ulp_distance
from wasmstate_gui.core.tensors.tensor_table import TensorRow, brief, number_text

COLUMNS = ("cell", "S1", "S2", "\u0394", "relative", "ulp")


@dataclass(frozen=True)
class Changes:
    """What is different about one tensor.

    Attributes:
        row: the tensor.
        column, is_falling: how it is sorted.
    """

    row: TensorRow
    column: int = 0
    is_falling: bool = False

    @cached_property
    def _flat(self) -> NDArray[np.intp]:
        return np.flatnonzero(self.row.changed)

    @cached_property
    def _sides(self) -> tuple[NDArray[Any], NDArray[Any]]:
        before = self.row.values if self.row.before is None else self.row.before
        return before.reshape(-1)[self._flat], self.row.values.reshape(-1)[self._flat]

    @cached_property
    def _columns(self) -> tuple[NDArray[Any], ...]:
        old, new = self._sides
        is_float = self.has_ulps
        with np.errstate(all="ignore"):
            difference = new - old if is_float else new.astype(object) - old.astype(object)
        ulps = ulp_distance(old, new) if is_float else np.zeros(len(old), np.uint64)
        return self._flat, old, new, difference, relative_change(old, new), ulps

    @cached_property
    def order(self) -> NDArray[np.intp]:
        """The lines of the table, as places among the changed elements."""
        order = np.argsort(self._columns[self.column], kind="stable")
        return order[::-1] if self.is_falling else order

    @property
    def has_ulps(self) -> bool:
        """Whether the values are of a type that has units in the last place."""
        return self.row.values.dtype.kind == "f"

    def __len__(self) -> int:
        return len(self._flat)

    def index(self, line: int) -> int:
        """The element that a line shows."""
        return int(self._flat[self.order[line]])

    def line(self, index: int) -> int | None:
        """The line that shows an element, if it changed."""
        place = int(np.searchsorted(self._flat, index))
        if place == len(self._flat) or self._flat[place] != index:
            return None
        return int(np.flatnonzero(self.order == place)[0])

    def text(self, line: int, column: int, *, is_brief: bool = False) -> str:
        """What a cell of the table shows; ``is_brief`` for numbers of at most four digits."""
        at = int(self.order[line])
        if column == 0:
            place = np.unravel_index(int(self._flat[at]), self.row.values.shape)
            return f"[{','.join(str(int(i)) for i in place)}]" if place else self.row.tensor.name
        value = self._columns[column][at]
        value = value.item() if isinstance(value, np.generic) else value
        if column < 3:
            return brief(value) if is_brief else number_text(value)
        if column == 3:
            if is_brief:
                return f"+{brief(value)}" if value > 0 else brief(value)
            return f"{value:+d}" if isinstance(value, int) else number_text(value)
        if column == 4:
            return "" if np.isnan(value) else brief(100 * value) + " %"
        is_known = self.has_ulps and not np.isnan(self._columns[4][at])
        return (brief(value) if is_brief else f"{value:,}") if is_known else ""
