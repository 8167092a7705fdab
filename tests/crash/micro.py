"""The parts of operations that reach the disk independently: what a crash may keep or lose.

A part is a block of data, a size, the attributes of a file, or a change of names. A sync makes
parts last: in POSIX only those it names, in a file system with a journal all names and attributes
that came before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from posixpath import dirname

from crash.image import Image
from crash.operations import (
    Attributes,
    Create,
    Exchange,
    Link,
    Operation,
    Rename,
    Resize,
    SetAttributes,
    Sync,
    SyncFolder,
    Unlink,
    Write,
)

NOT_YET = 1 << 61
"""No sync has come."""

NEVER = 1 << 62
"""A sync has failed: the kernel may have dropped what it should have written."""


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes within one block."""

    at: int
    inode: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Size:
    """A file's size. One that grew because bytes were written reaches a journal with the bytes."""

    at: int
    inode: int
    size: int
    grown_by_data: bool


@dataclass(frozen=True, slots=True)
class Inode:
    """A file's attributes."""

    at: int
    inode: int
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Names:
    """What names lead to from now on, all of them or none.

    Attributes:
        at: the operation.
        leads: the inode for each name, ``None`` if it leads nowhere.
        replaces: whether a file was in the way.
    """

    at: int
    leads: tuple[tuple[str, int | None], ...]
    replaces: bool = False


Micro = Data | Size | Inode | Names


def number(before: Image) -> dict[str, int]:
    """The inodes of the files that are there before a recording."""
    return {path: inode for inode, path in enumerate(sorted(before))}


def micro_operations(before: Image, operations: Sequence[Operation]) -> list[Micro]:
    """The parts of operations, in order; ``at`` is the index of the operation."""
    inodes = number(before)
    names: dict[str, int | None] = dict(inodes)
    sizes = {inodes[path]: len(file.data) for path, file in before.items()}
    parts: list[Micro] = []
    for at, operation in enumerate(operations):
        match operation:
            case Create(inode, path):
                sizes[inode] = 0
                parts.append(Names(at, ((path, inode),)))
                names[path] = inode
            case Write(inode, offset, data):
                size, end = sizes[inode], offset + len(data)
                if offset > size:  # a hole is zeros that were written
                    parts.append(Data(at, inode, size, bytes(offset - size)))
                parts.append(Data(at, inode, offset, data))
                if end > size:
                    parts.append(Size(at, inode, end, grown_by_data=True))
                    sizes[inode] = end
            case Resize(inode, size):
                if size > sizes[inode]:
                    parts.append(Data(at, inode, sizes[inode], bytes(size - sizes[inode])))
                parts.append(Size(at, inode, size, grown_by_data=False))
                sizes[inode] = size
            case SetAttributes(inode, attributes):
                parts.append(Inode(at, inode, attributes))
            case Rename(inode, source, target):
                replaces = names.get(target) is not None
                parts.append(Names(at, ((source, None), (target, inode)), replaces))
                names[source], names[target] = None, inode
            case Exchange(one, other):  # ext4 does not write the data before it
                names[one], names[other] = names[other], names[one]
                parts.append(Names(at, ((one, names[one]), (other, names[other]))))
            case Link(inode, path):
                parts.append(Names(at, ((path, inode),)))
                names[path] = inode
            case Unlink(path):
                parts.append(Names(at, ((path, None),)))
                names[path] = None
            case _:
                pass
    return parts


def lasting_from(parts: Iterable[Micro], operations: Sequence[Operation]) -> list[int]:
    """For each part how many operations were done when it had been synced, as POSIX has it."""
    return [_lasts(part, operations) for part in parts]


def _lasts(part: Micro, operations: Sequence[Operation]) -> int:
    if isinstance(part, Names):
        folders = {dirname(path) for path, _ in part.leads}
        for done, operation in enumerate(operations[part.at + 1 :], part.at + 2):
            if isinstance(operation, SyncFolder) and operation.folder in folders:
                if not operation.succeeded:
                    return NEVER
                folders.discard(operation.folder)
                if not folders:
                    return done
        return NOT_YET
    for done, operation in enumerate(operations[part.at + 1 :], part.at + 2):
        if isinstance(operation, Sync) and operation.inode == part.inode:
            return done if operation.succeeded else NEVER
    return NOT_YET


def journaled_from(parts: Iterable[Micro], operations: Sequence[Operation]) -> list[int]:
    """The same, if every sync that succeeds writes a journal: names, attributes, sizes in order."""
    syncs = [
        done
        for done, operation in enumerate(operations, 1)
        if isinstance(operation, Sync | SyncFolder) and operation.succeeded
    ]
    posix = lasting_from(parts := list(parts), operations)
    return [
        done if is_data(part) else next((each for each in syncs if each > part.at), NOT_YET)
        for part, done in zip(parts, posix, strict=True)
    ]


def is_data(part: Micro) -> bool:
    """Whether a journal does not hold it: bytes, and the size that comes with them."""
    return isinstance(part, Data) or (isinstance(part, Size) and part.grown_by_data)
