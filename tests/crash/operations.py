"""What a program does to files: operations on inodes, and on the names that lead to them.

An inode is a number of ours, never given twice: the system's are used again after an unlink. A
path is relative to the folder that is watched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

BLOCK = 4096
"""The unit that a file system writes back: the size of a page, and of a block by default."""

SECTOR = 512
"""The unit that a disk writes whole."""

Survives = Literal["power", "process"]
"""What a generation that was acknowledged survives: a power cut, or only the writer's death."""


class Attributes(NamedTuple):
    """What a file has besides its bytes."""

    mode: int
    uid: int
    gid: int
    xattrs: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Create:
    """A new, empty file."""

    inode: int
    path: str
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes that were written, or copied by the kernel; within one block."""

    inode: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Resize:
    """The size was set; what is new reads as zeros."""

    inode: int
    size: int


@dataclass(frozen=True, slots=True)
class SetAttributes:
    """Mode, owner or extended attributes were set."""

    inode: int
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Rename:
    """A name was given to another one's file, at once; what that name led to is gone."""

    inode: int
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """Two names have changed their files, at once."""

    one: str
    other: str


@dataclass(frozen=True, slots=True)
class Link:
    """A file got one more name."""

    inode: int
    path: str


@dataclass(frozen=True, slots=True)
class Unlink:
    """A name was removed."""

    path: str


@dataclass(frozen=True, slots=True)
class Sync:
    """A file was synced. What a failed sync has not written, no later one will write."""

    inode: int
    succeeded: bool = True


@dataclass(frozen=True, slots=True)
class SyncFolder:
    """The names in a folder were synced."""

    folder: str
    succeeded: bool = True


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """The caller was told that a generation is in the file."""

    generation: int
    survives: Survives


Operation = (
    Create
    | Write
    | Resize
    | SetAttributes
    | Rename
    | Exchange
    | Link
    | Unlink
    | Sync
    | SyncFolder
    | Acknowledge
)


def describe(operation: Operation) -> str:
    """One line for a reader; bytes are not shown."""
    match operation:
        case Create(inode, path):
            return f"create {path} as #{inode}"
        case Write(inode, offset, data):
            return f"write #{inode}, bytes {offset} to {offset + len(data)}"
        case Resize(inode, size):
            return f"resize #{inode} to {size}"
        case SetAttributes(inode, attributes):
            return f"set mode {attributes.mode:o}, owner {attributes.uid} of #{inode}"
        case Rename(inode, source, target):
            return f"rename {source} (#{inode}) to {target}"
        case Exchange(one, other):
            return f"exchange {one} and {other}"
        case Link(inode, path):
            return f"link #{inode} as {path}"
        case Unlink(path):
            return f"unlink {path}"
        case Sync(inode, succeeded):
            return f"sync #{inode}{'' if succeeded else ', which failed'}"
        case SyncFolder(folder, succeeded):
            return f"sync folder {folder}{'' if succeeded else ', which failed'}"
        case Acknowledge(generation, survives):
            return f"acknowledge generation {generation}, which survives the end of {survives}"
