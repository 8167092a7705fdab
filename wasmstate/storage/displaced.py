"""A file of somebody else under the name of a temporary file: recognized, and kept.

A commit exchanges the names of the new file and the old one (:mod:`wasmstate.storage.in_place`).
If ``mv`` has put another file at the path by then, that one comes back under the temporary name,
and a writer that is killed before it looks leaves it there. It must not be swept: nobody has
another copy.

So the name of a temporary file carries the fingerprint of the file that it replaces. Who sweeps
knows three things: the fingerprint of the old file, that of the leftover, that of the file at the
path. If the path has the old file, nothing was exchanged, and the leftover is the dead writer's. If
the leftover is the old file, all was done. In any other case the leftover may be somebody else's,
and gets a name that is seen.

The fingerprint is taken from the bytes, not from inode and time: so it holds after a remount of
FAT, which gives other inodes, and in a copy of the folder.
"""

from __future__ import annotations

import itertools
import os
import warnings
import zlib
from pathlib import Path

from wasmstate.binary.source import Source, open_source
from wasmstate.errors import MalformedError
from wasmstate.storage.filesystem import file_system

_END = 1 << 15
"""Bytes at the start and at the end of a file that its fingerprint covers. The state is the last
section, so two files of one fingerprint carry the same state."""


class FileKeptWarning(UserWarning):
    """A leftover that may be somebody else's file was not removed, and has another name now."""


def fingerprint(source: Source) -> str:
    """16 hexadecimal digits that tell a file from others: its size, start and end."""
    size = source.size
    start = zlib.crc32(source.read(0, min(_END, size)), zlib.crc32(b"%d" % size))
    end = zlib.crc32(source.read(max(0, size - _END), min(_END, size)))
    return f"{start:08x}{end:08x}"


def may_be_foreign(left: Path, path: Path, replaced: str) -> bool:
    """Whether a leftover may be a file that somebody has put at the path.

    Args:
        left: the leftover.
        path: of the file that its writer was to replace.
        replaced: the fingerprint in its name; empty if it was to replace nothing.
    """
    return bool(replaced) and replaced not in (_fingerprint_at(path), _fingerprint_at(left))


def keep(left: Path, path: Path) -> bool:
    """Give a leftover a name that is seen; gives whether that was possible.

    Warns:
        FileKeptWarning: with the name.
    """
    while True:
        name = rescue_name(path)
        try:
            file_system().rename_new(left, name)
        except FileExistsError:
            continue
        except OSError:
            return False
        warnings.warn(
            f"{path}: a writer was ended in the middle of a commit while another file may have "
            f"been put in its place; it is {name} now: compare the two, keep one",
            FileKeptWarning,
            stacklevel=2,
        )
        return True


def rescue_name(path: Path) -> Path:
    """The first free name of ``FILE.rescued-1``, ``FILE.rescued-2`` and so on."""
    names = (path.with_name(f"{path.name}.rescued-{i}") for i in itertools.count(1))
    return next(name for name in names if not os.path.lexists(name))


def _fingerprint_at(path: Path) -> str | None:
    """That of the file at a path, ``None`` if it cannot be read."""
    try:
        return fingerprint(open_source(path))
    except (OSError, MalformedError):
        return None
