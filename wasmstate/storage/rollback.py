"""Going back to an older state of the file, as a new generation."""

from __future__ import annotations

import os
from typing import Literal

from wasmstate.binary.module import Module
from wasmstate.binary.module_like import check_path
from wasmstate.errors import StateError
from wasmstate.state.compare.history import HistoryEntry, base_of, history, known, state_at
from wasmstate.state.older import PREV_SECTION
from wasmstate.state.state import State
from wasmstate.storage.commit import commit
from wasmstate.storage.replace import Durability


def rollback(
    path: str | os.PathLike[str],
    generation: int | Literal["init"] | None = None,
    *,
    expected_generation: int | None = None,
    keep: int | None = None,
    check_bounds: bool = True,
    durability: Durability = "full",
    allow_break_links: bool = False,
) -> State:
    """Bring back the values of an older generation that is in the file, as a new generation.

    Nothing is overwritten: the state that was in the file becomes the newest of the history, so
    that to roll back once more brings it back. The count of updates goes back with the values.

    Args:
        path: of a module that carries a state.
        generation: whose values; ``"init"`` for generation 0; if not given, the newest of
            ``wasmstate.prev``.
        expected_generation: the generation that the file must have now.
        keep: see :func:`wasmstate.commit`.
        check_bounds: see :func:`wasmstate.commit`.
        durability: see :func:`wasmstate.commit`.
        allow_break_links: see :func:`wasmstate.commit`.

    Returns:
        The state as it is in the file now.

    Raises:
        StateError: that generation is not in the file, is damaged, or has another origin.
        StateConflictError: somebody else committed meanwhile.
        StateBoundsError, MalformedError, CommitError: as :func:`wasmstate.commit`.
        OSError: the file cannot be read.
    """
    check_path(path)
    module = Module.open(path)
    current = State.of(module)
    try:
        older = _chosen(history(module), generation)
        _check(older, current)
    except StateError as error:
        raise StateError(f"{os.fspath(path)}: not rolled back: {error}") from error
    return commit(
        path,
        older,
        expected_generation=current.generation
        if expected_generation is None
        else expected_generation,
        expected_digest=current.digest,
        keep=keep,
        check_bounds=check_bounds,
        durability=durability,
        allow_break_links=allow_break_links,
    )


def _chosen(entries: list[HistoryEntry], generation: int | Literal["init"] | None) -> State:
    *older, current = entries
    if generation is None:
        return _newest(older, current)
    wanted = 0 if generation == "init" else generation
    if wanted == current.generation:
        raise StateError(f"generation {wanted} is the one that the file is at")
    return state_at(older, wanted)


def _newest(older: list[HistoryEntry], current: HistoryEntry) -> State:
    prev = [entry for entry in older if entry.section == PREV_SECTION]
    if not prev:
        raise StateError(f"the file keeps no generation before this one; {known(older)}")
    if prev[-1].state is None:
        raise StateError(f"{prev[-1].damage}; {known(older)}")
    if current.link == "fork":
        raise StateError(
            f"generation {prev[-1].generation} in the file is not the parent of generation "
            f"{current.generation}: name the generation to go back to"
        )
    return prev[-1].state


def _check(older: State, current: State) -> None:
    if older.record.lineage.module_digest != current.record.lineage.module_digest:
        raise StateError(f"generation {older.generation} belongs to other code than the file has")
    if base_of(older) != base_of(current):
        raise StateError(
            f"generation {older.generation} and the state in the file did not start from one state"
        )
