"""The cells of a tensor that can be seen, as they are painted: formatted in one go."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wasmstate_gui.core.tensors.tensor_table import TensorTable, number_text

PLAIN, DIM, CHANGED, WRONG = range(4)
"""How a cell looks."""


@dataclass(frozen=True)
class Cells:
    """Some rows and columns of a table.

    Attributes:
        texts: what the cells show, row after row.
        looks: :data:`PLAIN`, :data:`DIM`, :data:`CHANGED` or :data:`WRONG`, of each.
    """

    texts: list[str]
    looks: NDArray[np.uint8]

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """How many letters each cell shows."""
        return np.array([len(text) for text in self.texts], np.int64)

    @property
    def letters(self) -> NDArray[np.uint8]:
        """All of them, one cell after the other; numbers are ASCII."""
        return np.frombuffer("".join(self.texts).encode("ascii"), np.uint8)


def cells(table: TensorTable, rows: range, columns: range) -> Cells:
    """The cells where these rows and columns meet."""
    if table.is_list:
        return _listed(table, rows, columns)
    shape = (table.row_count, table.column_count)
    block = slice(rows.start, rows.stop), slice(columns.start, columns.stop)
    values = table.row.values.reshape(shape)[block]
    changed = table.row.changed.reshape(shape)[block]
    texts = [number_text(value) for value in values.reshape(-1).tolist()]
    wrong = table.row.wrong.reshape(shape)[block]
    return Cells(texts, _looks(changed.reshape(-1), wrong.reshape(-1)))


def _listed(table: TensorTable, rows: range, columns: range) -> Cells:
    texts = [table.text(row, column) for row in rows for column in columns]
    changed = table.row.changed.reshape(-1)[rows.start : rows.stop]
    looks = np.full((len(rows), len(columns)), DIM, np.uint8)
    if columns.start == 0 and len(columns):
        wrong = table.row.wrong.reshape(-1)[rows.start : rows.stop]
        looks[:, 0] = _looks(changed, wrong)
    return Cells(texts, looks.reshape(-1))


def _looks(changed: NDArray[np.bool_], wrong: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The looks of elements; in a damaged state none counts as changed."""
    return np.where(wrong, WRONG, np.where(changed, CHANGED, PLAIN)).astype(np.uint8)
