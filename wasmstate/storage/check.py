"""What is wrong with a file: what is in it, and what lies beside it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from wasmstate.binary.module import Module
from wasmstate.errors import MalformedError
from wasmstate.state.check import Finding, check_module
from wasmstate.storage.temporary import leftovers


def check(
    path: str | os.PathLike[str], *, progress: Callable[[int], object] | None = None
) -> list[Finding]:
    """Everything that is found wrong with a file; empty if it is a sound module with a sound state.

    Args:
        path: of the file.
        progress: is called with the offset that has been reached.

    Raises:
        OSError: if the file cannot be read.
    """
    try:
        findings = check_module(Module.open(path, strict=False), progress=progress)
    except MalformedError as error:  # a large file that became shorter meanwhile
        advice = "somebody is writing to it; try again"
        findings = [Finding("error", error.path, error.offset, error.reason, advice)]
    return findings + [
        Finding(
            "warning",
            str(leftover),
            None,
            "left by a writer that was ended in the middle of a commit",
            "the next commit removes it",
        )
        for leftover in leftovers(Path(path))
    ]
