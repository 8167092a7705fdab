"""How the values of a tensor are spread, now and before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate_gui.core.tensors.tensor_table import TensorRow, brief
from wasmstate_gui.core.texts import counted

BINS = 64


@dataclass(frozen=True)
class Histogram:
    """Counts of a tensor's finite values in equal bins."""

    row: TensorRow

    @cached_property
    def range(self) -> tuple[float, float]:
        """The ends of the first and the last bin: those of the values now and before."""
        values = np.concatenate([_finite(self.row.values), _finite(self.row.before)])
        if not len(values):
            return 0.0, 1.0
        low, high = float(values.min()), float(values.max())
        # A range too narrow for its numbers' precision cannot be cut into bins.
        if high / 2 - low / 2 <= BINS * np.spacing(max(abs(low), abs(high))):
            far = max(abs(low), abs(high)) * 1e-3 or 0.5
            low, high = max(low - far, -_LARGEST), min(high + far, _LARGEST)
        return low, high

    @cached_property
    def now(self) -> NDArray[np.int64]:
        """Counts of S2."""
        return self._counts(self.row.values)

    @cached_property
    def before(self) -> NDArray[np.int64] | None:
        """Counts of S1; ``None`` if there is none to compare with."""
        return None if self.row.before is None else self._counts(self.row.before)

    @property
    def left_out(self) -> str:
        """What is in no bin, in words; empty if everything is."""
        count = self.row.nan_count + self.row.infinite_count
        return f"{counted(count, 'value')} not finite" if count else ""

    def bin_text(self, i: int) -> str:
        """``0.5 to 0.625: 3, before 2``."""
        low, high = self.range
        ends = [low + (high - low) * each / BINS for each in (i, i + 1)]
        before = "" if self.before is None else f", before {int(self.before[i]):,}"
        return f"{brief(ends[0])} to {brief(ends[1])}: {int(self.now[i]):,}{before}"

    def _counts(self, values: NDArray[Any]) -> NDArray[np.int64]:
        low, high = self.range
        # In halves: high - low may be more than the largest float.
        share = (_finite(values) / 2 - low / 2) / (high / 2 - low / 2)
        bins = np.clip(share * BINS, 0, BINS - 1).astype(np.int64)
        return np.bincount(bins, minlength=BINS).astype(np.int64)


_LARGEST = float(np.finfo(np.float64).max)


def _finite(values: NDArray[Any] | None) -> NDArray[np.float64]:
    if values is None:
        return np.empty(0)
    flat = values.reshape(-1).astype(np.float64)
    return flat[np.isfinite(flat)]
