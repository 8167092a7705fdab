"""Other packages, and how far apart they and the models are."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def peer(path: str) -> Any:
    """Something of another package."""
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def agree(what: str, ours: ArrayLike, theirs: ArrayLike, tolerance: float) -> None:
    """Print how far apart two arrays are, over the largest number in them; fail if too far."""
    a, b = np.asarray(ours, float), np.asarray(theirs, float)
    apart = float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-300))
    print(f"\n{what}: {apart:.1e} apart", end="")  # noqa: T201 (shown by -s)
    assert apart <= tolerance
