"""The file system that storage speaks to, with somebody who takes notes; a call may fail."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from crash.notes import Notes
from wasmstate.storage.filesystem import FileSystem


class Recorder(FileSystem):
    """Really does each call, and notes what it did to the disk.

    Args:
        notes: where to.
        fail_at: which call fails, counted from 1; none if 0.
        error: the errno it fails with.

    Attributes:
        calls: the names of the calls that were made.
        noted: how many operations had been noted when one failed.
    """

    def __init__(self, notes: Notes, *, fail_at: int = 0, error: int = 0) -> None:
        self.notes = notes
        self.calls: list[str] = []
        self.noted = 0
        self._fail_at = fail_at
        self._error = error

    def may_fail(self, name: str) -> None:
        """Count a call; raises if it is the one that fails."""
        self.calls.append(name)
        if len(self.calls) == self._fail_at:
            self.noted = len(self.notes.recording().operations)
            raise OSError(self._error, os.strerror(self._error))

    def open(self, path: Path) -> int:
        self.may_fail("open")
        fd = super().open(path)
        self.notes.opened(fd, path)
        return fd

    def open_beside(self, path: Path) -> int:
        self.may_fail("open_beside")
        fd = super().open_beside(path)
        self.notes.opened(fd, path)
        return fd

    def create(self, path: Path, mode: int) -> int:
        self.may_fail("create")
        fd = super().create(path, mode)
        self.notes.created(fd, path)
        return fd

    def open_folder(self, path: Path) -> int:
        self.may_fail("open_folder")
        fd = super().open_folder(path)
        self.notes.opened(fd, path)
        return fd

    def close(self, fd: int) -> None:
        super().close(fd)  # a close that fails has closed
        self.notes.closed(fd)
        self.may_fail("close")

    def write(self, fd: int, data: memoryview) -> int:
        self.may_fail("write")
        offset = os.lseek(fd, 0, os.SEEK_CUR)
        written = super().write(fd, data)
        self.notes.wrote(fd, offset, bytes(data[:written]))
        return written

    def clone(self, source: int, target: int, start: int, size: int) -> None:
        self.may_fail("clone")
        offset = os.lseek(target, 0, os.SEEK_CUR)
        super().clone(source, target, start, size)
        self.notes.wrote(target, offset, os.pread(source, size, start))

    def copy(self, source: int, target: int, start: int, size: int) -> int:
        self.may_fail("copy")
        offset = os.lseek(target, 0, os.SEEK_CUR)
        copied = super().copy(source, target, start, size)
        self.notes.wrote(target, offset, os.pread(source, copied, start))
        return copied

    def chown(self, fd: int, uid: int, gid: int) -> None:
        self.may_fail("chown")
        super().chown(fd, uid, gid)
        self.notes.changed_attributes(fd)

    def set_xattr(self, fd: int, name: str, value: bytes) -> None:
        self.may_fail("set_xattr")
        super().set_xattr(fd, name, value)
        self.notes.changed_attributes(fd)

    def remove_xattr(self, fd: int, name: str) -> None:
        self.may_fail("remove_xattr")
        super().remove_xattr(fd, name)
        self.notes.changed_attributes(fd)

    def chmod(self, fd: int, mode: int) -> None:
        self.may_fail("chmod")
        super().chmod(fd, mode)
        self.notes.changed_attributes(fd)

    def fsync(self, fd: int) -> None:
        self._sync("fsync", fd)

    def full_fsync(self, fd: int) -> None:
        self._sync("full_fsync", fd)

    def rename(self, source: Path, target: Path) -> None:
        self.may_fail("rename")
        super().rename(source, target)
        self.notes.renamed(source, target)

    def exchange(self, one: Path, other: Path) -> None:
        self.may_fail("exchange")
        super().exchange(one, other)
        self.notes.exchanged(one, other)

    def rename_new(self, source: Path, target: Path) -> None:
        self.may_fail("rename_new")
        super().rename_new(source, target)
        self.notes.renamed(source, target)

    def link(self, source: Path, target: Path) -> None:
        self.may_fail("link")
        super().link(source, target)
        self.notes.linked(source, target)

    def unlink(self, path: Path) -> None:
        self.may_fail("unlink")
        super().unlink(path)
        self.notes.unlinked(path)

    def _sync(self, name: str, fd: int) -> None:
        try:
            self.may_fail(name)
            getattr(super(), name)(fd)
        except OSError:
            self.notes.synced(fd, succeeded=False)
            raise
        self.notes.synced(fd)


class OnFat(Recorder):
    """The same on FAT: no links, no exchange of names, and a name holds what there is to know."""

    def is_fat(self, fd: int) -> bool:
        return True

    def exchange(self, one: Path, other: Path) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    def link(self, source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))
