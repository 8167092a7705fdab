"""Writers with a bug: what a proof is worth is what it catches.

A bug is planted in the file system that the writer speaks to, or in the order of its steps. What
it does is noted like everything else.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from storage.proof.recorder import OnFat, Recorder
from wasmstate.binary.sections.base import Frame
from wasmstate.storage.filesystem import file_system


def is_folder(fd: int) -> bool:
    return stat.S_ISDIR(os.fstat(fd).st_mode)


class Renaming(Recorder):
    """No bug: two names cannot be exchanged here, and the one is renamed over the other."""

    def exchange(self, one: Path, other: Path) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


class NoFileSync(Recorder):
    """The bytes are not synced before the rename."""

    def fsync(self, fd: int) -> None:
        if is_folder(fd):
            super().fsync(fd)


class NoFolderSync(Recorder):
    """The rename is not synced."""

    def fsync(self, fd: int) -> None:
        if not is_folder(fd):
            super().fsync(fd)


class NoFileSyncBeforeRename(NoFileSync, Renaming):
    """The same where names cannot be exchanged: ext4 writes the data before such a rename."""


class SyncAfterRename(Renaming):
    """The bytes are synced too late."""

    _waiting = -1

    def fsync(self, fd: int) -> None:
        if is_folder(fd):
            super().fsync(fd)
        else:
            self._waiting = fd

    def rename(self, source: Path, target: Path) -> None:
        super().rename(source, target)
        super().fsync(self._waiting)


class NotSyncedAgain(OnFat):
    """On FAT the file is not synced when it has its new name."""

    def is_fat(self, fd: int) -> bool:
        return False


class SyncErrorIgnored(Recorder):
    """The first sync fails; the writer goes on."""

    def fsync(self, fd: int) -> None:
        with suppress(OSError):
            super().fsync(fd)

    def may_fail(self, name: str) -> None:
        super().may_fail(name)
        if name == "fsync" and self.calls.count(name) == 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


class SyncTriedAgain(SyncErrorIgnored):
    """The first sync fails; the second one succeeds, and the writer believes it."""

    def fsync(self, fd: int) -> None:
        super().fsync(fd)
        super().fsync(fd)


class UnlinkFirst(Renaming):
    """The old file is removed to make room for the new one."""

    def rename(self, source: Path, target: Path) -> None:
        self.unlink(target)
        super().rename(source, target)


class OtherFileSystem(Renaming):
    """The temporary file is on another file system, where a rename is a copy: shutil.move."""

    def rename(self, source: Path, target: Path) -> None:
        overwrite(self, target, source.read_bytes(), truncate=True, sync=False)
        self.unlink(source)


class UnknownName(Recorder):
    """The temporary file has a name by which nobody knows what it was for."""

    def create(self, path: Path, mode: int) -> int:
        return super().create(self._other(path), mode)

    def stat(self, path: Path) -> os.stat_result:
        return super().stat(self._other(path))

    def rename(self, source: Path, target: Path) -> None:
        super().rename(self._other(source), target)

    def exchange(self, one: Path, other: Path) -> None:
        super().exchange(self._other(one), other)

    def unlink(self, path: Path) -> None:
        super().unlink(self._other(path))

    def _other(self, path: Path) -> Path:
        return path.with_name(path.name.replace(".wasmstate-tmp", ".tmp"))


class ModeLost(Recorder):
    """The new file has the mode of the temporary one."""

    def chmod(self, fd: int, mode: int) -> None:
        self.may_fail("chmod")


class OwnerLost(Recorder):
    """The new file belongs to whoever wrote it."""

    def chown(self, fd: int, uid: int, gid: int) -> None:
        self.may_fail("chown")


class ExtendedAttributesLost(Recorder):
    """The new file has none."""

    def set_xattr(self, fd: int, name: str, value: bytes) -> None:
        self.may_fail("set_xattr")


class ModeLate(Recorder):
    """The mode is set when the bytes have been synced: write-file-atomic does so."""

    _mode = 0

    def chmod(self, fd: int, mode: int) -> None:
        self._mode = mode

    def fsync(self, fd: int) -> None:
        super().fsync(fd)
        if not is_folder(fd):
            super().chmod(fd, self._mode)


class ShortWriteIgnored(Recorder):
    """The disk takes half of what it is given; the writer does not look."""

    def write(self, fd: int, data: memoryview) -> int:
        super().write(fd, data[: len(data) // 2])
        return len(data)


class NoCleanUp(Recorder):
    """The temporary file stays when something fails."""

    def unlink(self, path: Path) -> None:
        self.may_fail("unlink")


def write_in_place(path: Path, pieces: Iterable[Frame], **_: Any) -> None:
    """The file is emptied and written anew: ``open(path, "wb")``."""
    _overwrite(path, pieces, truncate=True)


def write_over(path: Path, pieces: Iterable[Frame], **_: Any) -> None:
    """The new bytes are written over the old ones by one call."""
    _overwrite(path, pieces, truncate=False)


def no_sweep(path: Path) -> list[Path]:
    """What dead writers left stays there."""
    return []


def _overwrite(path: Path, pieces: Iterable[Frame], *, truncate: bool) -> None:
    disk = file_system()
    data = b"".join(piece.source.read(piece.start, piece.end - piece.start) for piece in pieces)
    if isinstance(disk, Recorder):
        overwrite(disk, path, data, truncate=truncate, sync=True)
    else:  # whoever recovers is of the same kind
        path.write_bytes(data)


def overwrite(disk: Recorder, path: Path, data: bytes, *, truncate: bool, sync: bool) -> None:
    """Write to a file that is there, which the port has no call for."""
    fd = os.open(path, os.O_WRONLY | os.O_TRUNC if truncate else os.O_WRONLY)
    try:
        disk.notes.opened(fd, path)
        if truncate:
            disk.notes.resized(fd, 0)
        disk.write(fd, memoryview(data))
        if sync:
            disk.fsync(fd)
    finally:
        disk.close(fd)
