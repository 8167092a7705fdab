"""One writer at a time.

The lock is taken on the file itself, and every commit puts another file into its place. So after
the lock is held one has to look again: if the path leads to another file by now, the lock held is
that of a file which is no longer there, and guards nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

fcntl: Any
try:
    import fcntl
except ImportError:  # pragma: no cover (Windows, where only the generation guards a commit)
    fcntl = None


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """Hold the writers' lock of the file at ``path``; gives a descriptor to read it by.

    Waits until every other writer is done. The lock ends with the process, however it ends.

    Raises:
        OSError: if the file cannot be opened.
    """
    fd = _lock(path)
    try:
        yield fd
    finally:
        # What happened meanwhile counts: no trouble in letting go may hide or belie it.
        with suppress(OSError):
            _release(fd)


def _release(fd: int) -> None:
    try:
        if fcntl is not None:  # pragma: no branch (Windows)
            # Closing alone is not enough: a duplicate of the descriptor may live on, in a source
            # that somebody keeps or in the traceback of an error, and would keep the lock.
            fcntl.flock(fd, fcntl.LOCK_UN)
    finally:
        os.close(fd)


def _lock(path: Path) -> int:
    while True:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0))
        try:
            if fcntl is None:  # pragma: no cover (Windows)
                return fd
            fcntl.flock(fd, fcntl.LOCK_EX)
            if os.path.samestat(os.fstat(fd), os.stat(path)):
                return fd
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
