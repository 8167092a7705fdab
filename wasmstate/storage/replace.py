"""Putting a new file into the place of an old one, so that a crash leaves one of the two, whole.

This is the only place in the project that writes to a user's file. The order is what counts:

1. a temporary file in the same folder, under a random name, opened exclusively, mode 0600;
2. the new bytes, unchanged ranges of the old file copied without reading them;
3. the old file's owner and mode, then fsync: from here on the new bytes survive a power cut;
4. rename over the old file: every reader sees the one or the other;
5. fsync of the folder: from here on the rename survives, too.

What fails before 4 removes the temporary file and leaves the old one untouched. What fails in 5
is a third outcome: the new file is in place, but a power cut may bring the old one back. A failed
fsync is never tried again: the kernel may have dropped the pages and would report success.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Literal, get_args

from wasmstate.binary.sections.base import Frame
from wasmstate.binary.source import FileSource
from wasmstate.errors import DurabilityUnknownError, NotCommittedError

Durability = Literal["full", "ordered", "none"]
"""``full``: survives a power cut when the call returns. ``ordered``: a power cut leaves the old
file or the new one, whole. ``none``: only a crash of the process is survived."""

_SUFFIX = ".wasmstate-tmp"
_CHUNK = 1 << 20
# Errors of copy_file_range that mean "not between these two files", not "the disk is bad".
_NO_COPY = {
    errno.ENOSYS,
    errno.EXDEV,
    errno.EINVAL,
    errno.EOPNOTSUPP,
    errno.EPERM,
    errno.ETXTBSY,
    errno.EBADF,
}


def replace_file(
    path: Path,
    pieces: Iterable[Frame],
    *,
    old: os.stat_result | None,
    durability: Durability = "full",
) -> None:
    """Give ``path`` new contents.

    Args:
        path: of the file, symbolic links resolved; its folder takes the temporary file.
        pieces: the contents, as ranges of sources; ranges of a file are copied by the kernel.
        old: the file that is replaced, whose owner and permissions are kept; ``None`` if there is
            none, and the new file gets what every new file gets.
        durability: what is synced.

    Raises:
        ValueError: there is no such durability.
        NotCommittedError: the old file is untouched, the temporary file removed.
        DurabilityUnknownError: the new file is in place, its folder not known to be synced.
    """
    check_durability(durability)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}{_SUFFIX}")
    step = "creating a temporary file in the same folder"
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        flags |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        fd = os.open(temporary, flags, 0o666 if old is None else 0o600)
        try:
            try:
                step = "writing the temporary file"
                for piece in pieces:
                    _write_piece(fd, piece)
                step = "setting its permissions"
                if old is not None:
                    _give_permissions(fd, old)
                step = "syncing it"
                if durability != "none":
                    os.fsync(fd)
            finally:
                os.close(fd)
            step = "renaming it"
            os.replace(temporary, path)
        except BaseException:
            _remove(temporary)
            raise
    except OSError as error:
        reason = f"{step} failed: {error.strerror or error}"
        if old is None:
            raise NotCommittedError(f"{path}: not written, {reason}") from error
        raise NotCommittedError(
            f"{path}: not committed, {reason}; the file is what it was"
        ) from error
    if durability == "full":
        try:
            _sync_folder(path.parent)
        except OSError as error:
            raise DurabilityUnknownError(
                f"{path}: committed, but syncing its folder failed ({error.strerror or error}); "
                "until the system syncs it, a power cut may bring the old file back"
            ) from error


def check_durability(durability: str) -> None:
    """Check that there is such a durability: with a typing error, less would be synced.

    Raises:
        ValueError: if there is none.
    """
    known = get_args(Durability)
    if durability not in known:
        raise ValueError(f"durability must be one of {', '.join(known)}, not {durability!r}")


def sweep(path: Path) -> list[Path]:
    """Remove the temporary files that dead writers of ``path`` left; gives what was removed.

    Only for a caller that holds the writers' lock: then no living writer has such a file.
    """
    return [leftover for leftover in leftovers(path) if _remove(leftover)]


def leftovers(path: Path) -> list[Path]:
    """The temporary files that writers of ``path`` left, or are writing now."""
    # All of the name is matched: the leftovers of a file x.wasm.y begin like those of x.wasm.
    temporary = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{16}}{re.escape(_SUFFIX)}")
    names = sorted(name for name in os.listdir(path.parent) if temporary.fullmatch(name))
    return [path.with_name(name) for name in names]


def _remove(path: Path) -> bool:
    try:
        os.unlink(path)
    except OSError:
        return False  # what stands in the way of removing it is not what the caller has to know
    return True


def _give_permissions(fd: int, old: os.stat_result) -> None:
    new = os.fstat(fd)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        # Before the mode: a change of the owner clears the set-user-ID bit.
        with suppress(PermissionError):  # only root may give a file away
            os.fchown(fd, old.st_uid, old.st_gid)
    if hasattr(os, "fchmod"):  # pragma: no branch (Windows before Python 3.13)
        os.fchmod(fd, stat.S_IMODE(old.st_mode))


def _write_piece(fd: int, piece: Frame) -> None:
    start = piece.start
    if isinstance(piece.source, FileSource) and hasattr(os, "copy_file_range"):
        start = _copy_range(piece.source.fd, fd, start, piece.end)
    while start < piece.end:
        chunk = piece.source.read(start, min(_CHUNK, piece.end - start))
        _write_all(fd, chunk)
        start += len(chunk)


def _copy_range(source: int, target: int, start: int, end: int) -> int:
    """Let the kernel copy a range; gives how far it came."""
    while start < end:
        try:
            copied = os.copy_file_range(source, target, end - start, start)
        except OSError as error:
            if error.errno in _NO_COPY:
                return start
            raise
        if copied == 0:
            return start
        start += copied
    return start


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _sync_folder(folder: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # pragma: no cover (Windows has no such call)
        return
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
