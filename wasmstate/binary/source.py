"""Where the bytes of a module come from: memory, or a file read piece by piece.

A file is never mapped: another process that truncates it would end this one with SIGBUS. A large
file is held open instead, so that its bytes stay those of one moment even when another file is
renamed into its place.
"""

from __future__ import annotations

import errno
import os
import stat
import weakref
from typing import Protocol

from wasmstate.errors import MalformedError

READ_WHOLE = 8 << 20
"""Files up to this size, in bytes, are read at once."""


class Source(Protocol):
    """Random access to a fixed number of bytes."""

    size: int

    def read(self, offset: int, size: int) -> bytes:
        """The bytes from ``offset`` on: ``size`` of them, or fewer where the source ends."""
        ...


class BytesSource:
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)

    def read(self, offset: int, size: int) -> bytes:
        return self.data[offset : offset + size]


class SubSource:
    """A part of another source, which is read where it stands."""

    def __init__(self, source: Source, start: int, size: int) -> None:
        self.source = source
        self.start = start
        self.size = size

    def read(self, offset: int, size: int) -> bytes:
        size = max(0, min(size, self.size - offset))
        return self.source.read(self.start + offset, size)


class FileSource:
    """A file, held open for as long as the object lives.

    Attributes:
        fd: the descriptor, for whoever copies without reading.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.size = os.fstat(fd).st_size
        self._close = weakref.finalize(self, os.close, fd)

    def read(self, offset: int, size: int) -> bytes:
        data = self._read_some(offset, size)
        # One call gives 2 GiB at most on Linux, and may give less anywhere.
        while len(data) < size and len(data) < self.size - offset:
            at = offset + len(data)
            more = self._read_some(at, size - len(data))
            if not more:
                raise MalformedError("module", at, "unexpected end (the file became shorter)")
            data += more
        return data

    if hasattr(os, "pread"):

        def _read_some(self, offset: int, size: int) -> bytes:
            return os.pread(self.fd, size, offset)

    else:  # pragma: no cover (Windows has no pread)

        def _read_some(self, offset: int, size: int) -> bytes:
            os.lseek(self.fd, offset, os.SEEK_SET)
            return os.read(self.fd, size)


def open_source(path: str | os.PathLike[str]) -> Source:
    """Open a file for reading.

    Raises:
        OSError: if it cannot be opened or read.
    """
    # A pipe that nobody writes to must not be waited for: it is refused below.
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    try:
        check_regular(os.fstat(fd).st_mode, path)
        source = FileSource(fd)
    except BaseException:
        os.close(fd)
        raise
    if source.size > READ_WHOLE:
        return source
    return BytesSource(source.read(0, source.size))


def check_regular(mode: int, path: str | os.PathLike[str]) -> None:
    """Check that there is a file: no folder, no pipe, no device.

    Raises:
        OSError: if there is something else.
    """
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "neither a file nor a link to one", os.fspath(path))
