"""What a device has sent to the fleet: a copy of the state stays until it is merged.

A round lists the states that were merged into it. Only a device that still has the state it sent
can tell what it learned afterwards.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from wasmstate.binary.module import Module
from wasmstate.errors import StateError, WasmstateError
from wasmstate.rounds.errors import RoundError
from wasmstate.rounds.round import merge_of
from wasmstate.state.compare.history import history
from wasmstate.state.state import State
from wasmstate.storage.commit import write_apart


def folder_of(path: Path) -> Path:
    """The folder beside a model for what its device knows of the fleet."""
    return path.with_name(f"{path.name}.rounds")


def push(
    path: str | os.PathLike[str],
    to: str | os.PathLike[str],
    *,
    folder: str | os.PathLike[str] | None = None,
) -> State:
    """Copy a model to where the fleet is merged, and remember what was sent.

    Args:
        path: of the model.
        to: of the copy; an older one is replaced.
        folder: as for :func:`pull`.

    Returns:
        The state that was sent.

    Raises:
        RoundError: the model started from no published round.
        StateError, MalformedError: it carries no state, or a damaged one.
        NotCommittedError: a file cannot be written.
        OSError: the model cannot be read.
    """
    path = Path(path)
    module = Module.from_bytes(path.read_bytes())
    state = State.of(module)
    if merge_of(state) is None:
        raise RoundError("the model did not start from a merge, so no round can tell of it")
    kept = (folder_of(path) if folder is None else Path(folder)) / "sent"
    kept.mkdir(parents=True, exist_ok=True)
    # First the memory, then the copy: what was sent and forgotten would count twice.
    write_apart(state.to_content(), kept / state.digest.hex(), path, overwrite=True)
    write_apart(module.to_bytes(), to, path, overwrite=True)
    return state


def candidates(module: Module, folder: Path) -> Iterator[State]:
    """The states that may have been merged: sent ones, and those that the file keeps.

    Those of another start are left out: they say nothing of what was learned since this one.
    """
    start = merge_of(module)
    found = [each.state for each in history(module) if each.link != "foreign"]
    kept = folder / "sent"
    for path in sorted(kept.iterdir()) if kept.is_dir() else ():
        try:
            found.append(State.from_content(path.read_bytes()))
        except (StateError, WasmstateError):
            continue  # an interrupted write
    for state in found:
        if state is not None and merge_of(state) == start:
            yield state


def forget(folder: Path, start: str) -> None:
    """Remove what was sent of another start than the merge of this id."""
    kept = folder / "sent"
    for path in kept.iterdir() if kept.is_dir() else ():
        try:
            told = merge_of(State.from_content(path.read_bytes()))
        except WasmstateError:
            told = None
        if told is None or told["id"] != start:
            path.unlink(missing_ok=True)
