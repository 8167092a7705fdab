"""Taking the place of one file and of no other.

The lock binds writers that ask for it. ``mv``, ``cp`` and an editor do not, and may put another
file at the path at any moment. So the path is looked at just before the new file takes its place;
and because there is a moment in between, the two files change their names instead of one
overwriting the other. What then comes back under the temporary name is looked at: the file that
was locked is removed, any other gets its place back, and nothing was committed.

Where the system or the file system cannot do this (macOS, NFS, some mounted by FUSE), a file
that is put at the path between the look and the rename is overwritten. What a process leaves that
is killed between the exchange and the look is recognized (:mod:`wasmstate.storage.displaced`).
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

from wasmstate.binary.module import Module
from wasmstate.binary.source import Source, open_source
from wasmstate.errors import DurabilityUnknownError, StateConflictError, WasmstateError
from wasmstate.state.state import record_of
from wasmstate.storage.filesystem import file_system
from wasmstate.storage.lock import Locked
from wasmstate.storage.temporary import Temporary

# Errors that mean "not on this system" or "not on this file system"; the rename then says whether
# there is more to it. EPERM comes from sandboxes that do not know the call.
NO_RENAME_WITH_FLAGS = {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}
"""Those of a rename with flags, such as an exchange."""


def check_in_place(path: Path, old: Locked) -> None:
    """Check that a path still leads to the file that is locked.

    Raises:
        StateConflictError: if it leads to another one, or nowhere.
    """
    files = file_system()
    try:
        if os.path.samestat(files.fstat(old.fd), files.stat(path)):
            return
    except FileNotFoundError:
        pass
    raise _conflict(path, old)


def put_in_place(temporary: Temporary, path: Path, old: Locked) -> bool:
    """Let a temporary file take the place of the one that is locked; gives whether it could.

    Raises:
        StateConflictError: if another file was there by then; it is there again.
        DurabilityUnknownError: if that could not be put back; the message says where it is.
        OSError: if the file system refuses; the file that was there is there again.
    """
    files = file_system()
    locked = files.fstat(old.fd)
    temporary.is_ours = False  # from the next call on nobody knows without looking
    try:
        files.exchange(temporary.path, path)
    except OSError as error:
        temporary.is_ours = True
        if error.errno == errno.ENOENT:
            raise _conflict(path, old) from error
        if error.errno not in NO_RENAME_WITH_FLAGS:
            raise
        return False
    try:
        is_old = os.path.samestat(locked, files.stat(temporary.path))
    except FileNotFoundError:  # somebody has removed what came back
        is_old = True
    except OSError:
        _put_back(temporary, path)
        raise
    if not is_old:
        _put_back(temporary, path)
        raise _conflict(path, old)
    # All is done: that the old file stays is no failure, and the next commit sweeps it.
    with suppress(OSError):
        files.unlink(temporary.path)
    return True


def _put_back(temporary: Temporary, path: Path) -> None:
    try:
        file_system().exchange(temporary.path, path)
    except OSError as error:
        raise DurabilityUnknownError(
            f"{path}: committed, but another file may have been put in its place meanwhile, which "
            f"is {temporary.path} now; the next commit gives it a name that is seen "
            f"(moving it back failed: {error.strerror or error})"
        ) from error
    temporary.is_ours = True


def _conflict(path: Path, old: Locked) -> StateConflictError:
    try:
        source: Source | None = open_source(path)
        what = "another file was put in its place, which stays"
    except OSError:
        source, what = None, "somebody has moved or removed the file meanwhile"
    return StateConflictError(
        f"{path}: not committed, {what}; read the file again",
        _generation(old.source),
        _generation(source),
    )


def _generation(source: Source | None) -> int:
    """That of the state in a file, 0 if it has none."""
    try:
        return 0 if source is None else record_of(Module.from_source(source)).lineage.generation
    except WasmstateError:
        return 0
