"""Where a new file goes: a name that is free, and what is wrong with one that was typed."""

from __future__ import annotations

import os
from pathlib import Path


def free_name(path: Path) -> Path:
    """The path itself, or with a number behind its stem if there is such a file already."""
    found, number = path, 2
    while os.path.lexists(found):
        found = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return found


def copy_of(path: Path, word: str) -> Path:
    """Where a copy goes, if nothing else is chosen: ``model-baked.wasm``."""
    return free_name(path.with_name(f"{path.stem}-{word}{path.suffix}"))


def path_error(text: str) -> str:
    """Why no new file can be written there; nothing if it can."""
    if not text.strip():
        return "a path is needed"
    path = Path(text).expanduser()
    if path.is_dir():
        return "this is a folder: add a name"
    if os.path.lexists(path):
        return "there is such a file already, and it is never written over"
    if not path.absolute().parent.is_dir():
        return f"there is no folder {path.absolute().parent}"
    return ""
