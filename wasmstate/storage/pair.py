"""Code and state in two files: read together, and replaced so that a crash leaves a whole pair.

The lock of the code file is taken before that of the state file, never the other way round. Who
holds it knows that no upgrade is under way.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from wasmstate.binary.module import Module
from wasmstate.binary.module_like import PathLike, check_path
from wasmstate.errors import NotCommittedError, StateError
from wasmstate.state.beside import for_two, held_for, holds_for_two, is_state_file, join, split
from wasmstate.state.digest import module_digest
from wasmstate.storage.commit import rewrite
from wasmstate.storage.lock import locked


def open_pair(code: PathLike, state: PathLike) -> Module:
    """One module, in memory, of the code and the state beside it.

    Raises:
        StateError: the state is tied to other code, or is not in a state file.
        StateCorruptError: the state is damaged.
        SectionError: the code is baked.
        MalformedError: one of the files is not a well-formed module.
        OSError: one of them cannot be read.
    """
    check_path(code)
    check_path(state, "state")
    file = Module.open(state)
    if not is_state_file(file):
        raise StateError(f"{os.fspath(state)}: this is no state file, as split() makes it")
    return join(Module.open(code), file)


def finish_upgrade(code: PathLike, state: PathLike) -> None:
    """Undo the first half of an upgrade that was killed between its two files.

    Raises as :func:`open_pair`, and as :func:`wasmstate.commit`.
    """
    file = Module.open(state)
    if not is_state_file(file) or not holds_for_two(file):  # which needs no look at the code
        return
    if held_for(file, module_digest(Module.open(code))) is file:
        return
    try:
        with locked(Path(os.path.realpath(code, strict=True))):  # until an upgrade is over
            digest = module_digest(Module.open(code))
            if held_for(Module.open(state), digest) is not file:
                rewrite(state, lambda module: held_for(module, digest))
    except OSError as error:
        raise NotCommittedError(
            f"{os.fspath(state)}: not committed: {error.strerror or error}"
        ) from error


def replace_pair(
    code: PathLike,
    state: PathLike,
    edit: Callable[[Module], Module],
    *,
    allow_break_links: bool = False,
) -> None:
    """Replace the code and the state of a pair by what ``edit`` makes of the two.

    Args:
        code: path of the code.
        state: path of the state file.
        edit: gives the module of new code whose state follows that of the joined old one.
        allow_break_links: see :func:`wasmstate.commit`.

    Raises as :func:`wasmstate.commit`, and what ``edit`` raises; the pair is the old one then.
    """

    def with_new_state(old_code: Module) -> Module:
        halves: list[Module] = []

        def both_states(old_state: Module) -> Module:
            halves.extend(split(edit(join(old_code, old_state))))
            return for_two(halves[1], held_for(old_state, module_digest(old_code)))

        rewrite(state, both_states, allow_break_links=allow_break_links)
        return halves[0]

    rewrite(code, with_new_state, allow_break_links=allow_break_links)
