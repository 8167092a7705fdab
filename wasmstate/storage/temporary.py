"""Temporary files: made by writers, told from those that dead writers left, swept.

A writer holds the lock of its temporary file until that is renamed. So whoever can take the lock
knows that the writer is dead, or was not quick enough to take it first; the latter looks whether
its file is still there, and makes another. Nothing is written before the lock, so who only looks
passes over an empty file while the target has a writer. A clock is asked only where a lock cannot
be: about the files of other users, and on Windows, which does not remove open files anyway.

A leftover that may be somebody else's file is kept (:mod:`wasmstate.storage.displaced`).
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Self

from wasmstate.binary.source import Source
from wasmstate.storage.after_fork import forget, keep_from_children
from wasmstate.storage.displaced import fingerprint, keep, may_be_foreign
from wasmstate.storage.filesystem import file_system

_SUFFIX = ".wasmstate-tmp"
_LONGEST = 255
"""Bytes that a name may have on most file systems."""
_LARGEST = 1 << 30
"""Bytes of a leftover that is read."""
_OLD = 3600
"""Seconds after which a temporary file that cannot be opened is taken for a dead writer's."""


class Temporary:
    """A temporary file beside the one that it is for, locked, open for writing.

    Attributes:
        path: random, but of a pattern that tells which file it is for.
        fd: its descriptor.
        is_ours: whether nothing else is at the path, so that it may be removed.
    """

    def __init__(self, path: Path, fd: int) -> None:
        self.is_ours = True
        self.path = path
        self.fd = fd
        self._is_open = True
        keep_from_children(fd)

    @classmethod
    def create(cls, target: Path, mode: int, replaced: Source | None = None) -> Self:
        """Make one in the folder of the target.

        Args:
            target: the file that it is for.
            mode: its permissions, less those that the umask takes away.
            replaced: what the target holds; ``None`` if there is no such file.

        Raises:
            OSError: if that is not possible; then there is none.
        """
        files = file_system()
        ending = _SUFFIX if replaced is None else f"-{fingerprint(replaced)}{_SUFFIX}"
        while True:
            path = target.with_name(f".{_label(target)}.{secrets.token_hex(8)}{ending}")
            temporary = cls(path, files.create(path, mode))
            try:
                if files.has_locks:
                    files.lock(temporary.fd, wait=True)
                if temporary.is_there():
                    return temporary
            except BaseException:
                temporary.discard()
                raise
            temporary.discard()

    def is_there(self) -> bool:
        """Whether its path still leads to it."""
        return _leads_to(self.fd, self.path)

    def close(self) -> None:
        """End the lock and close it; a second time nothing happens.

        The lock has an end of its own: a child that was forked meanwhile may hold the descriptor.
        """
        if self._is_open:
            self._is_open = False
            forget(self.fd)
            files = file_system()
            if files.has_locks:
                with suppress(OSError):
                    files.unlock(self.fd)
            files.close(self.fd)

    def discard(self) -> None:
        """Close and remove it; what stands in the way is not what the caller has to know."""
        with suppress(OSError):
            self.close()
        if self.is_ours:
            _remove(self.path)


def leftovers(path: Path) -> list[Path]:
    """The temporary files that dead writers of ``path`` left.

    Raises:
        OSError: if the folder cannot be listed.
    """
    return _dead(path, remove=False)


def is_foreign(left: Path, path: Path) -> bool:
    """Whether a leftover of ``path`` may be somebody else's file, which no sweep removes."""
    found = _pattern(path).fullmatch(left.name)
    return found is not None and may_be_foreign(left, path, found[1] or "")


def read_leftovers(path: Path) -> list[bytes]:
    """What the temporary files hold that dead writers of ``path`` left.

    Anybody who may write to the folder can make a file of such a name: links are not followed,
    and files that are too large, or that this user may not read, are passed over.

    Raises:
        OSError: if the folder cannot be listed.
    """
    found = []
    for left in leftovers(path):
        with suppress(OSError):
            fd = file_system().open_beside(left)
            with open(fd, "rb") as file:
                info = os.fstat(fd)
                if stat.S_ISREG(info.st_mode) and info.st_size <= _LARGEST:
                    found.append(file.read(_LARGEST))
    return found


def sweep(path: Path) -> list[Path]:
    """Remove the temporary files that dead writers of ``path`` left; gives what was removed.

    For who holds the lock of ``path``, or is about to make it: a second name of that file is a
    leftover, too, of a writer that has given a new file its name and died before it took away the
    temporary one.

    Raises:
        OSError: if the folder cannot be listed.

    Warns:
        FileKeptWarning: a leftover may be somebody else's file; it has a name that is seen now.
    """
    return _dead(path, remove=True)


def _label(target: Path) -> str:
    """What tells which file a temporary one is for: its name, if there is room for it."""
    name = os.fsencode(target.name)
    room = _LONGEST - len("..-") - 16 - 16 - len(_SUFFIX)
    return target.name if len(name) <= room else hashlib.sha256(name).hexdigest()


def _pattern(target: Path) -> re.Pattern[str]:
    """The names of temporary files of a target; the group is the fingerprint in them."""
    # All of the name is matched: the leftovers of a file x.wasm.y begin like those of x.wasm.
    label, suffix = re.escape(_label(target)), re.escape(_SUFFIX)
    return re.compile(rf"\.{label}\.[0-9a-f]{{16}}(?:-([0-9a-f]{{16}}))?{suffix}")


def _dead(path: Path, *, remove: bool) -> list[Path]:
    temporary = _pattern(path)
    names = sorted(name for name in file_system().list(path.parent) if temporary.fullmatch(name))
    found = [path.with_name(name) for name in names]
    return [each for each in found if _is_dead(each, path, remove=remove)]


def _is_dead(path: Path, target: Path, *, remove: bool) -> bool:
    """Whether the writer of a temporary file is dead; with ``remove``, and the file is gone."""
    files = file_system()
    try:
        if not files.has_locks:
            return _is_old(path) and (not remove or _take_away(path, target))
        try:
            fd = files.open_beside(path)
        except PermissionError:
            return _is_old(path) and (not remove or _take_away(path, target))
        try:
            if not stat.S_ISREG(files.fstat(fd).st_mode):  # no writer of ours has made it
                return False
            if remove and _leads_to(fd, target):
                return _remove(path)
            is_free = _can_lock(fd, path)
            if not remove and not files.fstat(fd).st_size and _has_writer(target):
                return False  # it may be about to lock this one
            # A living writer may have given it its name since it was opened.
            return is_free and _leads_to(fd, path) and (not remove or _take_away(path, target))
        finally:
            files.close(fd)
    except OSError:
        return False


def _take_away(path: Path, target: Path) -> bool:
    """Remove a leftover, or give it a name that is seen; gives whether that was possible."""
    return keep(path, target) if is_foreign(path, target) else _remove(path)


def _leads_to(fd: int, path: Path) -> bool:
    files = file_system()
    try:
        return os.path.samestat(files.fstat(fd), files.stat(path))
    except FileNotFoundError:
        return False


def _can_lock(fd: int, path: Path) -> bool:
    """Whether nobody has the lock of a file; NFS asks for a descriptor that can write."""
    files = file_system()
    try:
        return files.lock(fd, wait=False)
    except OSError as error:
        if error.errno != errno.EBADF:
            raise
    writable = files.open_writable(path)
    try:
        return files.lock(writable, wait=False)
    finally:
        files.close(writable)


def _has_writer(target: Path) -> bool:
    files = file_system()
    try:
        fd = files.open_beside(target)
    except FileNotFoundError:
        return False
    try:
        return not _can_lock(fd, target)
    finally:
        files.close(fd)


def _is_old(path: Path) -> bool:
    files = file_system()
    return files.now() - files.stat(path).st_mtime > _OLD


def _remove(path: Path) -> bool:
    try:
        file_system().unlink(path)
    except OSError:
        return False
    return True
