"""The sample that can be opened without having a file."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def sample_copy() -> Path:
    """A copy of the bandit in a folder of its own: writing must not change the installed one.

    Raises:
        OSError: if the sample is not there, or cannot be copied.
    """
    in_wheel = _PACKAGE / "samples" / "bandit.wasm"
    in_checkout = _PACKAGE.parents[1] / "fixtures" / "bandit.wasm"
    folder = Path(tempfile.mkdtemp(prefix="wasmstate-"))
    return Path(shutil.copy(in_wheel if in_wheel.exists() else in_checkout, folder))
