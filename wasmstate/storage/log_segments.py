"""A call log in segments of bounded size, the oldest of which leave.

Each segment is a whole call log with a name of its own, ``calls.log.000001`` and so on. It begins
with the state of then, so those that are left are enough to replay all that they tell. Numbers go
on from one session to the next.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from wasmstate.binary.module_like import PathLike, check_path
from wasmstate.errors import NotCommittedError
from wasmstate.state.compare.call_log import MAGIC, CallLog, join_logs, read_log
from wasmstate.storage.filesystem import file_system

_SEGMENTS = 8  # into which the limit is divided: a drop of the oldest costs an eighth of the log
_NUMBER = re.compile(r"\.(\d{6,})")


class Segments:
    """The files of one log.

    Args:
        path: the name of the log, to which numbers are added.
        limit: of all segments together, in bytes.
        head: what a segment begins with, in bytes.

    Attributes:
        size: of one segment, in bytes, after which the next one begins.

    Raises:
        NotCommittedError: if the limit has no room for a few segments.
    """

    def __init__(self, path: Path, limit: int, head: int) -> None:
        self.size = limit // _SEGMENTS
        if head > self.size // 2:
            raise NotCommittedError(
                f"{path}: not recorded: a limit of {limit:,} bytes has no room for segments that "
                f"begin with S; {2 * _SEGMENTS * head:,} are the least"
            )
        self._path = path
        self._limit = limit

    def next(self) -> Path:
        """The name of the next segment."""
        numbers = [number for number, _ in _found(self._path)]
        return self._path.with_name(f"{self._path.name}.{max(numbers, default=0) + 1:06}")

    def drop(self) -> None:
        """Remove the oldest segments, so that there is room for the newest to grow."""
        found = [path for _, path in _found(self._path)]
        sizes = {path: _size(path) for path in found}
        total = sum(sizes.values()) - sizes[found[-1]] if found else 0
        for path in found[:-1]:
            if total <= self._limit - self.size:
                return
            with suppress(OSError):  # one that stays is tried again with the next segment
                file_system().unlink(path)
                total -= sizes[path]


def segments_of(path: PathLike) -> list[Path]:
    """The segments of a log that is not one file, oldest first."""
    return [each for _, each in _found(Path(os.fsdecode(path)))]


def open_log(path: PathLike) -> CallLog:
    """The call log in a file, or in all the segments of that name.

    Args:
        path: what the session recorded to.

    Returns:
        One log. Where S was changed between two segments and nobody recorded it, an entry loads it.

    Raises:
        StateCorruptError: it is damaged; the last entry of a segment may end too early.
        StateError: a segment was recorded with other code than the one before.
        OSError: a file cannot be read.
    """
    check_path(path)
    found = [] if os.path.lexists(path) else segments_of(path)
    return join_logs([read_log(_content(each)) for each in found or [Path(os.fsdecode(path))]])


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(len(MAGIC))
        if content == MAGIC:  # another file may be a pipe without an end
            content += file.read()
    return content


def _found(path: Path) -> list[tuple[int, Path]]:
    return sorted(_numbered(path))


def _numbered(path: Path) -> Iterator[tuple[int, Path]]:
    try:
        names = os.listdir(path.parent)
    except OSError:
        return
    for name in names:
        match = _NUMBER.fullmatch(name.removeprefix(path.name))
        if match is not None and name.startswith(path.name):
            yield int(match[1]), path.with_name(name)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
