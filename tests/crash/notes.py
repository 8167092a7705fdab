"""Taking notes of what is done to the files under a folder, as it is done.

Whoever stands between a program and the system calls one method here for each call that was made.
Names and descriptors are followed here; what lies outside of the folder is not noted.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from crash.image import attributes_of, read_image
from crash.micro import number
from crash.operations import (
    BLOCK,
    Acknowledge,
    Create,
    Exchange,
    Link,
    Operation,
    Rename,
    Resize,
    SetAttributes,
    Survives,
    Sync,
    SyncFolder,
    Unlink,
    Write,
)
from crash.recording import Recording


class Notes:
    """What was done to the files under a folder since the notes were begun.

    Args:
        root: the folder; what it holds now is taken to be on the disk.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._before = read_image(root)
        self._operations: list[Operation] = []
        self._names = number(self._before)
        self._inodes = len(self._names)
        self._open: dict[int, int] = {}
        self._open_folders: dict[int, str] = {}

    def recording(self) -> Recording:
        """What was noted so far."""
        return Recording(self._before, tuple(self._operations))

    def acknowledge(self, generation: int, survives: Survives) -> None:
        """The caller was told that a generation is in the file."""
        self._operations.append(Acknowledge(generation, survives))

    def created(self, fd: int, path: Path) -> None:
        """A file was made that was not there, and is open now."""
        name = self._relative(path)
        if name is not None:
            inode = self._open[fd] = self._names[name] = self._inodes
            self._inodes += 1
            self._operations.append(Create(inode, name, attributes_of(fd)))

    def opened(self, fd: int, path: Path) -> None:
        """A file that was there, or a folder, is open now."""
        name = self._relative(path)
        if name is not None and path.is_dir():
            self._open_folders[fd] = name
        elif name in self._names:
            self._open[fd] = self._names[name]

    def closed(self, fd: int) -> None:
        """A descriptor is free again."""
        self._open.pop(fd, None)
        self._open_folders.pop(fd, None)

    def wrote(self, fd: int, offset: int, data: bytes) -> None:
        """Bytes are in a file now, block by block: a crash may come in between."""
        if fd in self._open:
            end = offset + len(data)
            edges = [offset, *range(offset // BLOCK * BLOCK + BLOCK, end, BLOCK), end]
            self._operations += [
                Write(self._open[fd], start, data[start - offset : stop - offset])
                for start, stop in pairwise(edges)
                if start < stop
            ]

    def resized(self, fd: int, size: int) -> None:
        """A file has another size now."""
        if fd in self._open:
            self._operations.append(Resize(self._open[fd], size))

    def changed_attributes(self, fd: int) -> None:
        """A file has another mode, owner or extended attribute now."""
        if fd in self._open:
            self._operations.append(SetAttributes(self._open[fd], attributes_of(fd)))

    def synced(self, fd: int, *, succeeded: bool = True) -> None:
        """A file or a folder was synced, or was not."""
        if fd in self._open:
            self._operations.append(Sync(self._open[fd], succeeded))
        elif fd in self._open_folders:
            self._operations.append(SyncFolder(self._open_folders[fd], succeeded))

    def renamed(self, source: Path, target: Path) -> None:
        """A file has another name now."""
        old, new = self._inside(source), self._inside(target)
        inode = self._names[new] = self._names.pop(old)
        self._operations.append(Rename(inode, old, new))

    def exchanged(self, one: Path, other: Path) -> None:
        """Two names have changed their files."""
        first, second = self._inside(one), self._inside(other)
        self._names[first], self._names[second] = self._names[second], self._names[first]
        self._operations.append(Exchange(first, second))

    def linked(self, source: Path, target: Path) -> None:
        """A file has one more name now."""
        new = self._inside(target)
        inode = self._names[new] = self._names[self._inside(source)]
        self._operations.append(Link(inode, new))

    def unlinked(self, path: Path) -> None:
        """A name is gone."""
        name = self._inside(path)
        del self._names[name]
        self._operations.append(Unlink(name))

    def _relative(self, path: Path) -> str | None:
        return self._inside(path) if path.is_relative_to(self._root) else None

    def _inside(self, path: Path) -> str:
        name = path.relative_to(self._root).as_posix()
        return "" if name == "." else name
