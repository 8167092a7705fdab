"""The port to the file system: every call that a replacement is made of, one method each.

Whatever writes to a user's file speaks to :func:`file_system` and to nothing else. A test puts
another one there with :func:`using`, to record the calls, to fail them, or to die at one of them.
Reading a module's bytes is no part of it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, ClassVar

fcntl: Any
try:
    import fcntl
except ImportError:  # pragma: no cover (Windows)
    fcntl = None

_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_CREATE |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
# FICLONERANGE and its argument: source, from where, how much, to where. Source: linux/fs.h.
_CLONE_RANGE = 0x4020940D
_clone_range = struct.Struct("=qQQQ")
# RENAME_NOREPLACE, RENAME_EXCHANGE, AT_FDCWD and MSDOS_SUPER_MAGIC. Source: linux/fs.h,
# linux/fcntl.h, linux/magic.h.
_NO_REPLACE = 1
_EXCHANGE = 2
_AT_FDCWD = -100
_AT_EACCESS = 0x200
_MSDOS = 0x4D44


_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _find_renameat2() -> Any:
    """The C library's renameat2, which Python has no name for; ``None`` if there is none."""
    if sys.platform != "linux":  # pragma: no cover (macOS, Windows)
        return None
    call = getattr(_libc, "renameat2", None)
    if call is not None:  # pragma: no branch (musl before 1.2.6)
        path = ctypes.c_char_p
        call.argtypes = (ctypes.c_int, path, ctypes.c_int, path, ctypes.c_uint)
    return call


_renameat2 = _find_renameat2()


def _rename(source: Path, target: Path, flags: int) -> None:
    if _renameat2 is None:  # pragma: no cover (not on Linux with glibc)
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if _renameat2(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), flags):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


class FileSystem:
    """The operating system's own files. Each method is one call, and raises :class:`OSError`.

    Attributes:
        replaces_open_files: whether a file that is open can be renamed, and another be renamed
            over it. POSIX allows both, Windows neither.
        has_folder_sync: whether a folder can be synced. Windows has no such call: NTFS logs a
            rename, and writes its log when it likes.
        has_full_fsync: whether ``fsync`` leaves the data in the drive's cache, and there is a call
            that does not: macOS.
        has_locks: whether files can be locked. On Windows they are not, but nobody can remove or
            replace a file that is open.
    """

    replaces_open_files: ClassVar[bool] = os.name == "posix"
    has_folder_sync: ClassVar[bool] = os.name == "posix"
    has_full_fsync: ClassVar[bool] = hasattr(fcntl, "F_FULLFSYNC")
    has_locks: ClassVar[bool] = fcntl is not None

    def open(self, path: Path) -> int:
        """A descriptor to read a file by. A pipe is not waited for."""
        return os.open(path, _READ | getattr(os, "O_NONBLOCK", 0))

    def open_writable(self, path: Path) -> int:
        """Open for a lock where the system demands a writable descriptor."""
        return os.open(path, (_READ & ~os.O_RDONLY) | os.O_RDWR | getattr(os, "O_NONBLOCK", 0))

    def create(self, path: Path, mode: int) -> int:
        """A descriptor to write a file by that was not there: exclusive on every system.

        Args:
            path: of the file; a symbolic link in its place is an error, too.
            mode: permissions, less those that the umask takes away.
        """
        return os.open(path, _CREATE, mode)

    def open_folder(self, path: Path) -> int:
        """A descriptor to sync a folder by."""
        return os.open(path, _READ | os.O_DIRECTORY)

    def close(self, fd: int) -> None:
        """Close a descriptor, which ends its lock. On NFS this may be when a write fails."""
        os.close(fd)

    def write(self, fd: int, data: memoryview) -> int:
        """Write at the position; gives how many bytes were taken, which may be fewer."""
        return os.write(fd, data)

    if sys.platform == "linux":

        def clone(self, source: int, target: int, start: int, size: int) -> None:
            """Let the target share a range of the source, at its position, and move that.

            Linux on XFS, Btrfs, bcachefs and NFS 4.2; no byte is copied. Start, position and size
            are multiples of the file system's block size. All or nothing.
            """
            position = os.lseek(target, 0, os.SEEK_CUR)
            fcntl.ioctl(target, _CLONE_RANGE, _clone_range.pack(source, start, size, position))
            os.lseek(target, size, os.SEEK_CUR)  # pragma: no cover (not on ext4)

        def copy(self, source: int, target: int, start: int, size: int) -> int:
            """Let the kernel copy a range to the target's position: Linux.

            Gives how many bytes were copied, which may be fewer. What was copied is unsynced, as
            after a write.
            """
            return os.copy_file_range(source, target, size, start)

    else:  # pragma: no cover (macOS, Windows)

        def clone(self, source: int, target: int, start: int, size: int) -> None:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

        def copy(self, source: int, target: int, start: int, size: int) -> int:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    def stat(self, path: Path) -> os.stat_result:
        """What there is at a path, links followed."""
        return os.stat(path)

    def fstat(self, fd: int) -> os.stat_result:
        """What a descriptor leads to."""
        return os.fstat(fd)

    def open_beside(self, path: Path) -> int:
        """Open like :meth:`open`; a symbolic link is an error."""
        return os.open(path, _READ | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))

    def write_error(self, path: Path) -> int:
        """Why this process may not write to a file or folder, as an errno; 0 if it may.

        As the effective user. Root may, except for EROFS, a file system that is mounted read-only,
        and EPERM, a file that is immutable. Windows tells only whether a file is marked read-only.
        """
        if _libc is not None:
            failed = _libc.faccessat(_AT_FDCWD, os.fsencode(path), os.W_OK, _AT_EACCESS)
            return ctypes.get_errno() if failed else 0
        # Python's own call does not say why.
        if os.access(path, os.W_OK):  # pragma: no cover (macOS, Windows)
            return 0
        return errno.EACCES  # pragma: no cover (macOS, Windows)

    def chown(self, fd: int, uid: int, gid: int) -> None:
        """Give a file to an owner and a group. Clears the set-user-ID and set-group-ID bits.

        Only root may give files away, and their owner to a group that he is in. Windows: there
        are no such owners, all are 0.
        """
        os.fchown(fd, uid, gid)

    if sys.platform == "linux":

        def list_xattrs(self, fd: int) -> list[str]:
            """The names of a file's extended attributes; ACLs are among them. Linux."""
            return os.listxattr(fd)

        def get_xattr(self, fd: int, name: str) -> bytes:
            """The value of an extended attribute. Linux."""
            return os.getxattr(fd, name)

        def set_xattr(self, fd: int, name: str, value: bytes) -> None:
            """Set an extended attribute. Linux.

            What may be set depends on its namespace: ``user`` and ACLs by the owner, ``security``
            and ``trusted`` by root.
            """
            os.setxattr(fd, name, value)

        def remove_xattr(self, fd: int, name: str) -> None:
            """Remove an extended attribute. Linux."""
            os.removexattr(fd, name)

        def has_unreadable_xattrs(self, fd: int) -> bool:
            """Whether a file has extended attributes that the calls above do not give."""
            return False

    else:  # pragma: no cover (macOS and Windows: Python has no such calls there)

        def list_xattrs(self, fd: int) -> list[str]:
            return []

        def get_xattr(self, fd: int, name: str) -> bytes:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

        def set_xattr(self, fd: int, name: str, value: bytes) -> None:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

        def remove_xattr(self, fd: int, name: str) -> None:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

        def has_unreadable_xattrs(self, fd: int) -> bool:
            if sys.platform != "darwin":
                return False
            # ssize_t flistxattr(int fd, char *names, size_t size, int options)
            listed = ctypes.CDLL(None).flistxattr
            listed.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int)
            listed.restype = ctypes.c_ssize_t
            return int(listed(fd, None, 0, 0)) > 0

    def chmod(self, fd: int, mode: int) -> None:
        """Set permissions. Windows knows only whether a file may be written, from Python 3.13."""
        if hasattr(os, "fchmod"):  # pragma: no branch (Windows before Python 3.13)
            os.fchmod(fd, mode)

    def fsync(self, fd: int) -> None:
        """Wait until a file's bytes and permissions, or a folder's names, are on the disk.

        Linux, Windows: through the drive's cache. macOS: as far as that. After a failure the
        kernel may have dropped the bytes, and the next call would report success.
        """
        os.fsync(fd)

    def full_fsync(self, fd: int) -> None:  # pragma: no cover (macOS)
        """Sync through the drive's cache; only if :attr:`has_full_fsync`."""
        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)

    def is_fat(self, fd: int) -> bool:
        """Whether a file lies on FAT, as Linux mounts it: there a name holds size and place.

        The system writes them when it writes the file, and not when it writes the folder.
        """
        if _libc is None:  # pragma: no cover (macOS, Windows)
            return False
        about = (ctypes.c_long * 64)()  # struct statfs, which begins with the type
        return _libc.fstatfs(fd, about) != 0 or about[0] == _MSDOS  # unknown: as if it did

    def rename(self, source: Path, target: Path) -> None:
        """Put a file into the place of another.

        POSIX: whoever looks sees the one or the other. Windows: not documented to be so, and
        refused while anybody has one of the two open.
        """
        os.replace(source, target)

    def exchange(self, one: Path, other: Path) -> None:
        """Let two names change their files, at once: Linux, on most file systems.

        So nothing is overwritten that was put in the place of a file meanwhile. ENOSYS, EINVAL:
        not here, not on this file system.
        """
        _rename(one, other, _EXCHANGE)

    def rename_new(self, source: Path, target: Path) -> None:
        """Give a file another name, which must be free: atomic, also on FAT. Errors as before."""
        _rename(source, target, _NO_REPLACE)

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second name, which must be free: atomic. FAT has no such names."""
        os.link(source, target)

    def unlink(self, path: Path) -> None:
        """Remove a file. Windows: refused while anybody has it open."""
        os.unlink(path)

    def list(self, folder: Path) -> list[str]:
        """The names in a folder, in any order."""
        return os.listdir(folder)

    def lock(self, fd: int, *, wait: bool) -> bool:
        """Take the exclusive lock of an open file; gives whether that was possible.

        ``flock``, which ends with the last duplicate of the descriptor, so at the latest with the
        process. It binds only those who ask. Only if :attr:`has_locks`. NFS makes a lock of bytes
        of it, which a descriptor for reading cannot have: EBADF.
        """
        try:
            fcntl.flock(fd, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock(self, fd: int) -> None:
        """Let go of the lock, even if a duplicate of the descriptor lives on."""
        fcntl.flock(fd, fcntl.LOCK_UN)

    def now(self) -> float:
        """The time as files are stamped with it, in seconds."""
        return time.time()

    def pause(self, seconds: float) -> None:
        """Wait before a call that was refused, or a lock, is tried again."""
        time.sleep(seconds)


_SYSTEM = FileSystem()
_current: ContextVar[FileSystem] = ContextVar("file_system", default=_SYSTEM)


def file_system() -> FileSystem:
    """The file system that storage speaks to."""
    return _current.get()


@contextmanager
def using(other: FileSystem) -> Iterator[None]:
    """Let storage speak to another file system, in this thread."""
    token = _current.set(other)
    try:
        yield
    finally:
        _current.reset(token)
