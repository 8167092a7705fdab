"""S of a session in a new file, for when its own file is gone, cut or replaced."""

from __future__ import annotations

from pathlib import Path

from wasmstate.binary.module import Module
from wasmstate.errors import MalformedError, NotCommittedError
from wasmstate.state.change.bake import keep_baked
from wasmstate.state.digest import module_digest
from wasmstate.state.record import Record, successor
from wasmstate.state.state import SECTION_NAME, State
from wasmstate.storage import write_new


def write_copy(path: Path, module: Module, parent: Record, state: State) -> None:
    """Write the module with a state to a new file.

    Args:
        path: of it; there must be none.
        module: as it was when the session opened it.
        parent: the newest record that the session knows; the copy is its successor.
        state: S.

    Raises:
        NotCommittedError: if the file cannot be written, or the module cannot be read any more.
    """
    try:
        if module_digest(module) != parent.lineage.module_digest:
            raise NotCommittedError(f"{path}: not written, the code of the module was changed")
        copy = State(successor(state.record, parent), state.schema)
        edited = module.with_custom(SECTION_NAME, copy.to_content(), force=True)
        write_new(path, keep_baked(edited, copy, baked=None))
    except (MalformedError, OSError) as error:
        raise NotCommittedError(
            f"{path}: not written, the module cannot be read any more: {error}"
        ) from error
