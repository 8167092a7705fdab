"""One writer at a time.

The lock is taken on the file itself, and every commit puts another file into its place. So after
the lock is held one has to look again: if the path leads to another file by now, the lock held is
that of a file which is no longer there, and guards nothing.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from wasmstate.binary.source import BytesSource, FileSource, Source
from wasmstate.errors import NotCommittedError
from wasmstate.storage.after_fork import forget, keep_from_children
from wasmstate.storage.filesystem import file_system
from wasmstate.storage.patience import take_lock

_NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS}
_STALE = 5
"""How many times a file is opened again that another host has replaced: NFS."""


class Locked:
    """A file whose lock is held.

    Attributes:
        fd: a descriptor to read it by.
        source: its bytes; where an open file cannot be replaced, in memory.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        duplicate = os.dup(fd)
        self._fds = (fd, duplicate)
        for each in self._fds:
            keep_from_children(each)
        self.source: Source = FileSource(duplicate)
        if not file_system().replaces_open_files:
            self.source = BytesSource(self.source.read(0, self.source.size))
        self._is_held = True

    def release(self) -> None:
        """Let go of the lock, and close the file; a second time nothing happens.

        No trouble in that may hide or belie what happened while the lock was held.
        """
        if not self._is_held:
            return
        self._is_held = False
        for each in self._fds:
            forget(each)
        files = file_system()
        if files.has_locks:
            # Closing alone is not enough: a duplicate of the descriptor may live on, in a source
            # that somebody keeps or in the traceback of an error, and would keep the lock.
            with suppress(OSError):
                files.unlock(self.fd)
        with suppress(OSError):
            files.close(self.fd)


@contextmanager
def locked(path: Path) -> Iterator[Locked]:
    """Hold the writers' lock of the file at ``path``.

    Waits until every other writer is done, or :func:`~wasmstate.storage.patience.lock_timeout`
    ends that. The lock ends with the process, however it ends.

    Raises:
        NotCommittedError: if the wait came to its end, or there are no locks.
        OSError: if the file cannot be opened.
    """
    lock = _lock(path)
    try:
        yield lock
    finally:
        lock.release()


def _lock(path: Path) -> Locked:
    files = file_system()
    is_nfs = False
    stale = 0
    while True:
        fd = -1
        try:
            fd = files.open_writable(path) if is_nfs else files.open(path)
            if files.has_locks:
                take_lock(fd, path)
            if is_nfs:
                # What a path leads to is cached; opening a folder asks the server again.
                files.close(files.open_folder(path.parent))
            if os.path.samestat(files.fstat(fd), files.stat(path)):
                return Locked(fd)
        except BaseException as error:
            if fd >= 0:
                files.close(fd)
            number = error.errno if isinstance(error, OSError) else None
            if number in _NO_LOCKS:
                raise NotCommittedError(
                    f"{path}: not committed, its file system has no locks "
                    f"({os.strerror(number)}), so two writers could not be kept apart: mount it "
                    "with locks (NFS: without nolock), or keep the file on a local disk"
                ) from error
            if number == errno.ESTALE and stale < _STALE:
                stale += 1
                continue
            if number == errno.ESTALE:
                raise NotCommittedError(
                    f"{path}: not committed, another host replaces the file again and again "
                    f"({os.strerror(number)}, {stale + 1} times): try again"
                ) from error
            if is_nfs or number != errno.EBADF:
                raise
            is_nfs = True
            continue
        files.close(fd)
