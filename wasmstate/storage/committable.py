"""Whether a commit could succeed at all: asked before the first of many calls is made."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

from wasmstate.errors import NotCommittedError
from wasmstate.storage.filesystem import file_system
from wasmstate.storage.metadata import check_replaceable

MOUNT_POINT = (
    "it is mounted by itself (a bind mount, as of docker -v FILE:FILE), so no file can take its "
    "place: mount its folder"
)
_MOUNTS = Path("/proc/self/mountinfo")


def check_committable(path: str | os.PathLike[str], *, allow_break_links: bool = False) -> None:
    """Check what can be known before a commit; nothing is written.

    Raises:
        NotCommittedError: if the file cannot be replaced, or its folder not written to.
        OSError: if the file cannot be opened.
    """
    files = file_system()
    target = Path(os.path.realpath(path, strict=True))
    fd = files.open(target)
    try:
        check_replaceable(target, fd, allow_break_links=allow_break_links)
    finally:
        files.close(fd)
    if is_mount_point(target):
        raise NotCommittedError(f"{path}: not committed, {MOUNT_POINT}")
    error = files.write_error(target.parent)
    if error:
        why = "is mounted read-only" if error == errno.EROFS else "may not be written to"
        raise NotCommittedError(
            f"{path}: not committed, its folder {why}, and the new file has to be made there"
        )


def is_mount_point(path: Path) -> bool:
    """Whether a file is mounted by itself: Linux."""
    try:
        lines = _MOUNTS.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return False
    return str(path) in {_unescaped(line.split()[4]) for line in lines}


def _unescaped(name: str) -> str:
    """A space, a tab, a newline and a backslash are written in octal. Source: proc(5)."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), name)
