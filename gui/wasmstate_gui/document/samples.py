"""The sample that can be opened without having a file."""

from __future__ import annotations

import tempfile
from pathlib import Path

from wasmstate.samples import SAMPLES


def sample_copy() -> Path:
    """A copy of the bandit in a folder of its own: writing must not change the installed one.

    Raises:
        OSError: if the sample is not there, or cannot be copied.
    """
    folder = Path(tempfile.mkdtemp(prefix="wasmstate-"))
    path = folder / "bandit.wasm"
    path.write_bytes(SAMPLES["bandit"].files()[path.name])
    return path
