"""Which values of the states go into the table: whole tensors, or a number about each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import SchemaError

STATS: dict[str, Callable[[NDArray[Any]], float]] = {
    "norm": lambda values: float(np.sqrt(np.sum(np.square(values)))),
    "min": lambda values: float(np.min(values)),
    "max": lambda values: float(np.max(values)),
    "mean": lambda values: float(np.mean(values)),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Columns of values.

    Attributes:
        tensors: each a column with all its cells, row after row, as doubles.
        stats: pairs of a tensor and a key of :data:`STATS`, each a column with a number.
    """

    tensors: tuple[str, ...] = ()
    stats: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, tensors: Sequence[str] = (), stats: Sequence[str] = ()) -> Self:
        """Read names of tensors, and statistics as ``TENSOR:STAT``.

        Raises:
            SchemaError: for another text, or a column that is asked for twice.
        """
        pairs = []
        for text in stats:
            name, _, stat = text.rpartition(":")
            if not name or stat not in STATS:
                raise SchemaError(f"no statistic {text!r}: write TENSOR:{'|'.join(STATS)}")
            pairs.append((name, stat))
        found = cls(tuple(tensors), tuple(pairs))
        names = found.names
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise SchemaError(f"the column {min(twice)} is asked for twice")
        return found

    @property
    def names(self) -> list[str]:
        """The names of the columns: ``mean``, ``mean_norm``."""
        return [*self.tensors, *(f"{name}_{stat}" for name, stat in self.stats)]

    def values(self, read: Callable[[str], NDArray[Any] | None]) -> tuple[Any, ...]:
        """The cells of a row; ``None`` where the state has no such tensor, or an empty one.

        Args:
            read: gives a tensor by its name.
        """
        if not (self.tensors or self.stats):
            return ()
        arrays = {name: read(name) for name in {*self.tensors, *(each for each, _ in self.stats)}}
        doubles = {
            name: None if array is None else array.reshape(-1).astype(np.float64)
            for name, array in arrays.items()
        }
        cells: list[Any] = []
        for name in self.tensors:
            whole = doubles[name]
            cells.append(None if whole is None else whole.tolist())
        with np.errstate(all="ignore"):
            for name, stat in self.stats:
                whole = doubles[name]
                cells.append(None if whole is None or not whole.size else STATS[stat](whole))
        return tuple(cells)
