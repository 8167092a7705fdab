"""Putting a new file into the place of an old one, so that a crash leaves one of the two, whole.

This is the only place in the project that writes to a user's file. The order is what counts:

1. a temporary file in the same folder, under a random name, opened exclusively, mode 0600;
2. the new bytes, unchanged ranges of the old file shared with it or copied without reading them;
3. the old file's owner, attributes and mode, then fsync: now the new bytes survive a power cut;
4. the two files change their names: every reader sees the one or the other; the old file is
   removed, if it is the one that was locked (see :mod:`wasmstate.storage.in_place`);
5. fsync of the folder: from here on the rename survives, too.

What fails before 4 removes the temporary file and leaves the old one untouched. What fails after 4
is a third outcome: the new file is in place, but a power cut may bring the old one back. A failed
fsync is never tried again: the kernel may have dropped the pages and would report success.

A file that was not there gets its name by a link, which fails if another has it by then, and loses
that of the temporary file. On FAT the file is synced once more when it has its name.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Literal, get_args

from wasmstate.binary.sections.base import Frame
from wasmstate.binary.source import FileSource
from wasmstate.errors import DurabilityUnknownError, NotCommittedError
from wasmstate.storage.committable import MOUNT_POINT, is_mount_point
from wasmstate.storage.filesystem import file_system
from wasmstate.storage.in_place import NO_RENAME_WITH_FLAGS, check_in_place, put_in_place
from wasmstate.storage.lock import Locked
from wasmstate.storage.metadata import keep_metadata, warn
from wasmstate.storage.temporary import Temporary

Durability = Literal["full", "ordered", "none"]
"""``full``: survives a power cut when the call returns. ``ordered``: a power cut leaves the old
file or the new one, whole. ``none``: only a crash of the process is survived."""

_CHUNK = 1 << 20
# A multiple of every block size that a file system which shares blocks has.
_CLONE_UNIT = 1 << 16
# Errors of sharing and copying that mean "not between these two files", not "the disk is bad".
_NO_COPY = {
    errno.ENOSYS,
    errno.ENOTTY,
    errno.EXDEV,
    errno.EINVAL,
    errno.EOPNOTSUPP,
    errno.EPERM,
    errno.ETXTBSY,
    errno.EBADF,
}
# Errors of a link that mean "not on this file system": FAT, some that are mounted by FUSE, Android.
_NO_LINK = {errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS}
# Errors of F_FULLFSYNC that mean "not on this file system"; any other is one of the disk.
_NO_FULL_FSYNC = {errno.ENOTSUP, errno.EINVAL}
# Windows: ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION. A virus scanner or an
# indexer has the file open, and soon no longer.
_SHARING_VIOLATIONS = {5, 32, 33}
_PAUSES = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64)


def replace_file(
    path: Path,
    pieces: Iterable[Frame],
    *,
    old: Locked | None,
    durability: Durability = "full",
) -> None:
    """Give ``path`` new contents.

    Args:
        path: of the file, symbolic links resolved; its folder takes the temporary file.
        pieces: the contents, as ranges of sources; ranges of a file are copied by the kernel.
        old: the file that is replaced, whose owner and permissions are kept; ``None`` if there
            must be none, and the new file gets what every new file gets.
        durability: what is synced.

    Raises:
        ValueError: there is no such durability.
        NotCommittedError: the old file is untouched, the temporary file removed.
        StateConflictError: the path leads to another file by now, which stays there.
        DurabilityUnknownError: the new file is in place, its folder not known to be synced.

    Warns:
        MetadataNotKeptWarning: the new file is in place, and its owner or an attribute another.
    """
    check_durability(durability)
    lost: list[str] = []
    renamed = False
    step = "creating a temporary file in the same folder"
    try:
        mode = 0o666 if old is None else 0o600
        temporary = Temporary.create(path, mode, None if old is None else old.source)
        try:
            step = "writing the temporary file"
            for piece in pieces:
                _write_piece(temporary.fd, piece)
            step = "setting its permissions"
            if old is not None:
                lost = keep_metadata(temporary.fd, old.fd)
            step = "syncing it"
            if durability != "none":
                _sync(temporary.fd)
            step = "renaming it"
            _put(temporary, path, old)
            renamed = True
            if durability != "none" and _is_open_on_fat(temporary):
                step = "syncing its new name"
                _sync(temporary.fd)
            step = "closing it"
            temporary.close()
        except BaseException:
            temporary.discard()
            raise
    except OSError as error:
        if renamed:
            raise _unknown(path, step, error) from error
        reason = f"{step} failed: {error.strerror or error}"
        if error.errno == errno.EBUSY and is_mount_point(path):
            reason = MOUNT_POINT
        if old is not None:
            reason = f"not committed, {reason}; the file is what it was"
        elif isinstance(error, FileExistsError):
            reason = "not written, there is such a file already"
        else:
            reason = f"not written, {reason}"
        raise NotCommittedError(f"{path}: {reason}") from error
    try:
        if durability == "full":
            sync_folder(path.parent)
    except OSError as error:
        raise _unknown(path, "syncing its folder", error) from error
    finally:
        warn(path, lost, stacklevel=5)  # to the caller of commit()


def _unknown(path: Path, step: str, error: OSError) -> DurabilityUnknownError:
    return DurabilityUnknownError(
        f"{path}: committed, but {step} failed ({error.strerror or error}); "
        "until the system syncs it, a power cut may bring the old file back"
    )


def check_durability(durability: str) -> None:
    """Check that there is such a durability: with a typing error, less would be synced.

    Raises:
        ValueError: if there is none.
    """
    known = get_args(Durability)
    if durability not in known:
        raise ValueError(f"durability must be one of {', '.join(known)}, not {durability!r}")


def _write_piece(fd: int, piece: Frame) -> None:
    start = piece.start
    if isinstance(piece.source, FileSource):
        start = _clone(piece.source.fd, fd, start, piece.end)
        start = _copy(piece.source.fd, fd, start, piece.end)
    while start < piece.end:
        chunk = piece.source.read(start, min(_CHUNK, piece.end - start))
        _write_all(fd, chunk)
        start += len(chunk)


def _clone(source: int, target: int, start: int, end: int) -> int:
    """Share the whole blocks of a range that begins with the file; gives how far that goes."""
    size = end // _CLONE_UNIT * _CLONE_UNIT
    if start or not size:
        return start
    try:
        file_system().clone(source, target, 0, size)
    except OSError as error:
        if error.errno in _NO_COPY:
            return start
        raise
    return size


def _copy(source: int, target: int, start: int, end: int) -> int:
    """Let the kernel copy a range; gives how far it came."""
    while start < end:
        try:
            copied = file_system().copy(source, target, start, end - start)
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
        view = view[file_system().write(fd, view) :]


def _sync(fd: int) -> None:
    files = file_system()
    if files.has_full_fsync:
        try:
            files.full_fsync(fd)
        except OSError as error:
            if error.errno not in _NO_FULL_FSYNC:
                raise
        else:
            return
    files.fsync(fd)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system has such a call.

    Raises:
        OSError: if that fails.
    """
    files = file_system()
    if not files.has_folder_sync:
        return
    fd = files.open_folder(folder)
    try:
        _sync(fd)
    finally:
        files.close(fd)


def _put(temporary: Temporary, path: Path, old: Locked | None) -> None:
    """Give a temporary file its name: that of the old one, or one that must be free."""
    can_be_open = file_system().replaces_open_files
    if old is not None:
        check_in_place(path, old)
    if not can_be_open:
        temporary.close()
        if old is not None:
            old.release()
    if old is None:
        _put_new(temporary, path)
    elif not can_be_open:
        _rename(temporary.path, path)
    elif not put_in_place(temporary, path, old):
        check_in_place(path, old)
        _rename(temporary.path, path)


def _rename(source: Path, target: Path) -> None:
    files = file_system()
    for pause in _PAUSES:
        try:
            files.rename(source, target)
        except OSError as error:
            if getattr(error, "winerror", None) not in _SHARING_VIOLATIONS:
                raise
        else:
            return
        files.pause(pause)
    files.rename(source, target)


def _is_open_on_fat(temporary: Temporary) -> bool:
    """Whether the file has to be synced once more.

    On FAT a file's size and place are in its folder, under its name. Linux writes them there when
    it syncs the file; the sync of a folder after a rename would give the new name the old ones,
    of clusters that are free by then.
    """
    files = file_system()
    return files.replaces_open_files and files.is_fat(temporary.fd)


def _put_new(temporary: Temporary, path: Path) -> None:
    """Give a temporary file a name that must be free."""
    files = file_system()
    try:
        files.link(temporary.path, path)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        _put_without_links(temporary, path)
    else:
        # It has its name: that the other one stays is no failure, and the next commit sweeps it.
        with suppress(OSError):
            files.unlink(temporary.path)


def _put_without_links(temporary: Temporary, path: Path) -> None:
    try:
        file_system().rename_new(temporary.path, path)
    except OSError as error:
        if error.errno not in NO_RENAME_WITH_FLAGS:
            raise
        _put_reserved(temporary, path)


def _put_reserved(temporary: Temporary, path: Path) -> None:
    """The same without either. A crash between the two calls leaves an empty file."""
    files = file_system()
    fd = files.create(path, 0o600)
    try:
        reserved = files.fstat(fd)
    finally:
        files.close(fd)
    try:
        _rename(temporary.path, path)
    except OSError:
        with suppress(OSError):
            if os.path.samestat(reserved, files.stat(path)):
                files.unlink(path)
        raise
