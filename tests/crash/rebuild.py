"""Making the files that a crash leaves from the parts that have reached the disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crash.image import File, Image
from crash.micro import Data, Inode, Micro, Names, Size, number
from crash.operations import SECTOR, Attributes


def sectors(part: Data) -> int:
    """How many sectors of the disk the bytes touch."""
    return (part.offset + len(part.data) - 1) // SECTOR - part.offset // SECTOR + 1


def tear(part: Data, reached: Sequence[int]) -> list[Data]:
    """What is left of a part if only these of its sectors reached the disk."""
    first = part.offset // SECTOR
    left = []
    for sector in reached:
        start = max(part.offset, (first + sector) * SECTOR)
        end = min(part.offset + len(part.data), (first + sector + 1) * SECTOR)
        data = part.data[start - part.offset : end - part.offset]
        left.append(Data(part.at, part.inode, start, data))
    return left


def build_image(
    before: Image,
    created: Mapping[int, Attributes],
    parts: Iterable[Micro],
    *,
    fill: int = 0,
    data_carries_size: bool = False,
) -> dict[str, File]:
    """The files that are there when just these parts have reached the disk, in order.

    Args:
        before: the files that were there, all of them on the disk.
        created: the attributes that the other files were made with.
        parts: those that were kept.
        fill: what the bytes hold that belong to a file and were never written.
        data_carries_size: whether bytes that were kept are in the file, however long that was.
    """
    inodes = number(before)
    names: dict[str, int | None] = dict(inodes)
    data = {inodes[path]: bytearray(file.data) for path, file in before.items()}
    sizes = {inode: len(each) for inode, each in data.items()}
    attributes = {inodes[path]: file.attributes for path, file in before.items()} | dict(created)
    for part in parts:
        match part:
            case Data(_, inode, offset, new):
                content = data.setdefault(inode, bytearray())
                _extend(content, offset, fill)
                content[offset : offset + len(new)] = new
                if data_carries_size:
                    sizes[inode] = max(sizes.get(inode, 0), offset + len(new))
            case Size(_, inode, size, grown_by_data):
                if not (data_carries_size and grown_by_data):
                    sizes[inode] = size
                    if not grown_by_data:
                        del data.setdefault(inode, bytearray())[size:]
            case Inode(_, inode, new_attributes):
                attributes[inode] = new_attributes
            case Names(_, leads):
                names.update(leads)
    image = {}
    for path, leads_to in sorted(names.items()):
        if leads_to is not None:
            size = sizes.get(leads_to, 0)
            content = data.get(leads_to, bytearray())[:size]
            _extend(content, size, fill)
            image[path] = File(bytes(content), attributes[leads_to])
    return image


def _extend(content: bytearray, size: int, fill: int) -> None:
    content.extend(bytes([fill]) * (size - len(content)))
