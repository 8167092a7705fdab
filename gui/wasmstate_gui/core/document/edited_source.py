"""Bytes of a file that are read when they are looked at, with edits laid over them.

A file is never mapped: another process that truncates it would end this one. What is read from a
file that became shorter is simply not there; the window hears of the change soon after.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from wasmstate.binary.sections.base import Frame
from wasmstate.binary.source import FileSource, Source
from wasmstate.errors import MalformedError

Patches = tuple[tuple[int, bytes], ...]
"""Bytes to be laid over others: runs with their offsets, ascending, none touching another."""

CHUNK = 1 << 20


class PatchedSource:
    """Another source, with edits laid over it; its size stays the same."""

    def __init__(self, source: Source, patches: Patches) -> None:
        self.source = source
        self.patches = patches
        self.size = source.size
        self._starts = [offset for offset, _ in patches]

    def read(self, offset: int, size: int) -> bytes:
        data = self.source.read(offset, size)
        end = offset + len(data)
        first = max(0, bisect_right(self._starts, offset) - 1)
        touching = []
        for start, run in self.patches[first:]:
            if start >= end:
                break
            if start + len(run) > offset:
                touching.append((start, run))
        if not touching:
            return data
        edited = bytearray(data)
        for start, run in touching:
            low, high = max(start, offset), min(start + len(run), end)
            edited[low - offset : high - offset] = run[low - start : high - start]
        return bytes(edited)


class JoinedSource:
    """Ranges of other sources, one after the other."""

    def __init__(self, pieces: Sequence[Frame]) -> None:
        self._pieces = [piece for piece in pieces if piece.end > piece.start]
        self._ends = list(accumulate(piece.end - piece.start for piece in self._pieces))
        self.size = self._ends[-1] if self._ends else 0

    def read(self, offset: int, size: int) -> bytes:
        end = min(offset + size, self.size)
        parts = []
        while offset < end:
            index = bisect_right(self._ends, offset)
            piece = self._pieces[index]
            at = piece.end - (self._ends[index] - offset)
            parts.append(piece.source.read(at, min(end - offset, piece.end - at)))
            offset = self._ends[index]
        return b"".join(parts)


def with_patch(patches: Patches, offset: int, data: bytes) -> Patches:
    """The patches with one more laid over them; runs that touch become one."""
    start, run = offset, bytearray(data)
    before, after = [], []
    for at, old in patches:
        if at + len(old) < start:
            before.append((at, old))
        elif at > start + len(run):
            after.append((at, old))
        else:
            end = max(at + len(old), start + len(run))
            joined = bytearray(end - min(at, start))
            low = min(at, start)
            joined[at - low : at - low + len(old)] = old
            joined[start - low : start - low + len(run)] = run
            start, run = low, joined
    return (*before, (start, bytes(run)), *after)


def rebased(patches: Patches, written: Patches, was: Source, now: Source) -> Patches:
    """The patches that show the same bytes over a file as others did before it was written.

    Args:
        patches: over the file as it was.
        written: those that were written into it.
        was: the file before that.
        now: the file after it.
    """
    found: Patches = ()
    for at, run in written:
        found = with_patch(found, at, shown_bytes(was, at, len(run)))
    for at, run in patches:
        found = with_patch(found, at, run)
    return tuple((at, run) for at, run in found if shown_bytes(now, at, len(run)) != run)


def shown_bytes(source: Source, offset: int, size: int) -> bytes:
    """The bytes from ``offset`` on, fewer of them where they cannot be read any more."""
    try:
        return source.read(max(0, offset), max(0, size))
    except (MalformedError, OSError):
        return b""


def same_bytes(one: Source, other: Source) -> bool:
    """Whether two sources hold the same, read piece by piece.

    Raises:
        MalformedError: if a file became shorter since it was opened.
        OSError: if a file cannot be read.
    """
    if one.size != other.size:
        return False
    return all(one.read(at, CHUNK) == other.read(at, CHUNK) for at in range(0, one.size, CHUNK))


def is_open_file(source: Source) -> bool:
    """Whether the bytes are still those of an open file, which somebody may write into."""
    while isinstance(source, PatchedSource):
        source = source.source
    return isinstance(source, FileSource)
