"""Tensors as tables that people can read, changed cells marked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.state.compare.diff import changed_cells
from wasmstate.state.damage.tensor_trust import Remnant
from wasmstate.state.state import State
from wasmstate.state.tensor import Tensor, shape_text

Number = int | float


def number_text(value: Number) -> str:
    """An integer as it is, a float with a sign and five digits, so that columns line up."""
    if isinstance(value, int):
        return str(value)
    if value == 0 or 1e-4 <= abs(value) < 1e9:
        return f"{value:+.5f}"
    return f"{value:+.5e}" if math.isfinite(value) else f"{value:+}"


def brief(value: Number) -> str:
    """A number in little room."""
    return f"{value:.4g}" if isinstance(value, float) or abs(value) >= 10**7 else str(value)


@dataclass(frozen=True)
class TensorRow:
    """A tensor, its values now and before, and what can be said of them in a line.

    Attributes:
        offset: where its first element stands in the file.
        remnant: of a damaged state, how far the values are to be trusted.
    """

    tensor: Tensor
    values: NDArray[Any]
    before: NDArray[Any] | None
    offset: int
    remnant: Remnant | None = None

    @cached_property
    def changed(self) -> NDArray[np.bool_]:
        """Which cells differ in their bytes, in the tensor's shape."""
        if self.before is None or self.before.shape != self.values.shape:
            return np.zeros(self.values.shape, np.bool_)
        return changed_cells(self.before, self.values)

    @cached_property
    def changed_count(self) -> int:
        """How many cells differ."""
        return int(self.changed.sum())

    def prepare(self) -> None:
        """Compute what is shown of it now, not when it is painted."""
        _ = (self.summary, self.changed_starts)

    @property
    def type_text(self) -> str:
        """``f32[4,8]``."""
        return f"{self.tensor.dtype}{shape_text(self.tensor.shape)}"

    @cached_property
    def wrong(self) -> NDArray[np.bool_]:
        """Which cells are known to be wrong, in the tensor's shape."""
        wrong = np.zeros(self.values.size, np.bool_)
        if self.remnant is not None:
            wrong[[at // self.values.itemsize for at in self.remnant.wrong]] = True
        return wrong.reshape(self.values.shape)

    @property
    def changed_text(self) -> str:
        """``3/32``, nothing if nothing changed; of a damaged state, whether it is to be trusted."""
        if self.remnant is not None:
            return self.remnant.trust
        return f"{self.changed_count:,}/{self.values.size:,}" if self.changed_count else ""

    @cached_property
    def changed_starts(self) -> NDArray[np.int64]:
        """Where in the file the elements that differ begin, ascending."""
        indices = np.flatnonzero(self.changed).astype(np.int64)
        return indices * self.values.itemsize + self.offset

    @cached_property
    def statistics(self) -> tuple[Number, float, Number] | None:
        """Least, mean and greatest of the numbers that are numbers."""
        values = self.values.reshape(-1)
        if values.dtype.kind == "f":
            values = values[np.isfinite(values)]
        if not values.size:
            return None
        mean = float(values.astype(np.float64).mean())
        return values.min().item(), mean, values.max().item()

    @cached_property
    def nan_count(self) -> int:
        """How many cells are not a number."""
        return int(np.isnan(self.values).sum()) if self.values.dtype.kind == "f" else 0

    @cached_property
    def infinite_count(self) -> int:
        """How many cells are infinite."""
        return int(np.isinf(self.values).sum()) if self.values.dtype.kind == "f" else 0

    @property
    def trust_text(self) -> str:
        """``damaged: one bit is flipped``; nothing of a sound state."""
        remnant = self.remnant
        if remnant is None:
            return ""
        return remnant.reason if remnant.trust == "proven" else f"{remnant.trust}: {remnant.reason}"

    @cached_property
    def summary(self) -> str:
        """``3/32 changed, min -2.4, mean 0.1, max 2.6, NaN 0``."""
        parts = [f"{self.changed_count:,}/{self.values.size:,} changed"]
        if self.remnant is not None:
            parts = [self.trust_text]
        if self.statistics is not None and self.values.size > 1:
            low, mean, high = self.statistics
            parts.append(f"min {brief(low)} \u00b7 mean {brief(mean)} \u00b7 max {brief(high)}")
        if self.values.dtype.kind == "f":
            parts.append(f"NaN {self.nan_count}")
        if self.infinite_count:
            parts.append(f"Inf {self.infinite_count}")
        return " \u00b7 ".join(parts)


def tensor_rows(state: State | None, before: State | None, section_at: int) -> list[TensorRow]:
    """The tensors of a state.

    Args:
        state: S now.
        before: S to compare with.
        section_at: offset of the content of the state section.
    """
    if state is None:
        return []
    return [
        TensorRow(
            tensor,
            state[tensor.name],
            _same(before, tensor),
            section_at + state.content_offset(tensor.name),
        )
        for tensor in state.tensors
    ]


def remnant_rows(remains: Sequence[Remnant], section_at: int) -> list[TensorRow]:
    """The tensors of a damaged state, as they stand; ``section_at`` as in :func:`tensor_rows`."""
    return [
        TensorRow(each.tensor, each.values, None, section_at + each.start, each) for each in remains
    ]


def _same(state: State | None, tensor: Tensor) -> NDArray[Any] | None:
    if state is None or tensor.name not in state:
        return None
    other = state.tensor(tensor.name)
    same = (other.dtype, other.shape) == (tensor.dtype, tensor.shape)
    return state[tensor.name] if same else None


@dataclass(frozen=True)
class TensorTable:
    """The cells of one tensor as rows and columns.

    A matrix is shown as it is; of more dimensions, the last one goes across and each row is
    headed by the others. A vector has room for what each cell was before.
    """

    row: TensorRow

    @property
    def is_list(self) -> bool:
        """Whether each line shows one cell: its value, what it was, and the difference."""
        return self.row.values.ndim < 2

    @property
    def row_count(self) -> int:
        """Lines."""
        shape = self.row.values.shape
        return int(self.row.values.size) if self.is_list else math.prod(shape[:-1])

    @property
    def column_count(self) -> int:
        """Columns."""
        return 3 if self.is_list else int(self.row.values.shape[-1])

    def row_header(self, row: int) -> str:
        """What stands left of a line."""
        shape = self.row.values.shape
        if len(shape) <= 2:
            return str(row) if shape else self.row.tensor.name[:12]
        return ",".join(str(int(i)) for i in np.unravel_index(row, shape[:-1]))

    def column_header(self, column: int) -> str:
        """What stands above a column."""
        return ("value", "was", "difference")[column] if self.is_list else str(column)

    def cell(self, row: int, column: int) -> int:
        """The index of the element that a cell shows, counted row after row."""
        return row if self.is_list else row * self.column_count + column

    def place(self, index: int) -> tuple[int, int]:
        """The cell that shows an element."""
        return (index, 0) if self.is_list else divmod(index, self.column_count)

    def text(self, row: int, column: int) -> str:
        """What a cell shows."""
        index = self.cell(row, column)
        value = self.row.values.item(index)
        if not self.is_list or column == 0:
            return number_text(value)
        if self.row.before is None or not self.is_changed(row, column):
            return ""
        was = self.row.before.item(index)
        if column == 1:
            return number_text(was)
        delta = value - was
        return f"{delta:+d}" if isinstance(delta, int) else number_text(delta)

    def exact(self, row: int, column: int) -> str:
        """An element with all its digits, as it is edited."""
        return repr(self.row.values.item(self.cell(row, column)))

    def is_changed(self, row: int, column: int) -> bool:
        """Whether the element of a cell differs from what it was."""
        return bool(self.row.changed.item(self.cell(row, column)))

    def is_wrong(self, row: int, column: int) -> bool:
        """Whether the element of a cell is known to be damaged."""
        return bool(self.row.wrong.item(self.cell(row, column)))

    def is_value(self, column: int) -> bool:
        """Whether a column shows the elements themselves."""
        return not self.is_list or column == 0

    def hint(self, row: int, column: int) -> str:
        """What a tooltip says: the exact value, what it was, and where it stands."""
        index = self.cell(row, column)
        return cell_hint(self.row, index)


def cell_name(row: TensorRow, index: int) -> str:
    """``weights[2,3]``."""
    place = ",".join(str(int(i)) for i in np.unravel_index(index, row.values.shape))
    return f"{row.tensor.name}[{place}]" if row.values.ndim else row.tensor.name


def cell_offset(row: TensorRow, index: int) -> int:
    """Where in the file an element begins."""
    return row.offset + index * row.values.itemsize


def cell_hint(row: TensorRow, index: int) -> str:
    """``weights[2,3] = 0.5 (was 0.25), f32 at 0xEE0``."""
    place = f"{row.tensor.dtype} at 0x{cell_offset(row, index):X}"
    trust = ""
    if row.remnant is not None:
        is_sound_here = row.remnant.trust == "damaged" and not row.wrong.item(index)
        trust = ", proven" if is_sound_here else f", {row.trust_text}"
    return f"{cell_text(row, index)}, {place}{trust}"


def cell_text(row: TensorRow, index: int) -> str:
    """``weights[2,3] = 0.5 (was 0.25)``."""
    was = ""
    if row.before is not None and row.changed.item(index):
        was = f" (was {row.before.item(index)!r})"
    return f"{cell_name(row, index)} = {row.values.item(index)!r}{was}"


def next_changed(rows: Sequence[TensorRow], offset: int, direction: int) -> int | None:
    """Where the changed element after (1) or before (-1) a byte begins, from the other end again.

    ``None`` if nothing changed.
    """
    found = [row.changed_starts for row in rows if row.changed_count]
    if not found:
        return None
    starts = np.sort(np.concatenate(found))
    if direction > 0:
        at = int(np.searchsorted(starts, offset, "right"))
    else:
        at = int(np.searchsorted(starts, offset, "left")) - 1
    return int(starts[at % len(starts)])


def cell_at(rows: Sequence[TensorRow], offset: int) -> tuple[TensorRow, int] | None:
    """The element that a byte of the file belongs to."""
    for row in rows:
        if row.offset <= offset < row.offset + row.values.nbytes:
            return row, (offset - row.offset) // row.values.itemsize
    return None
