"""What plain loops over bytes need to decode the long lists of large modules.

The declarations cost ten microseconds and more a field; real modules have 89,000 functions, 98,000
data segments, 75,000 exports. A section with such a list has a loop beside its declaration. The
loop knows the usual encodings and raises :class:`UnusualError` for anything else; then the
declaration decodes the list, or words the error. A property test holds the two equal.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import TypeVar, overload

Entry = TypeVar("Entry")


class UnusualError(Exception):
    """Something that the loops leave to the declarations; never seen outside this package."""


def read_unsigned(data: bytes, at: int) -> tuple[int, int]:
    """A u32 at ``at``, and where it ends."""
    value = data[at]
    if value < 0x80:
        return value, at + 1
    value &= 0x7F
    for shift in (7, 14, 21, 28):
        at += 1
        byte = data[at]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> 32:
                break
            return value, at + 1
    raise UnusualError


def read_signed(data: bytes, at: int, bits: int) -> tuple[int, int]:
    """An s32 or s64 at ``at``, and where it ends."""
    value = shift = 0
    while shift < bits:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if byte & 0x40:
                value -= 1 << shift
            if -1 << bits - 1 <= value < 1 << bits - 1:
                return value, at
            break
    raise UnusualError


class OnDemand(Sequence[Entry]):
    """A list whose entries are made when they are asked for.

    Args:
        starts: where each of them starts in the content, and where the last one ends.
        make: makes one from its index, its start and its end.
    """

    def __init__(self, starts: array[int], make: Callable[[int, int, int], Entry]) -> None:
        self.starts = starts
        self._make = make

    def __len__(self) -> int:
        return len(self.starts) - 1

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        index = range(len(self))[index]
        return self._make(index, self.starts[index], self.starts[index + 1])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]
