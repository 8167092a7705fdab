"""A whole linear memory as a part of S."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator

import wasmtime

from wasmstate.errors import LimitError
from wasmstate.runtime.unchecked_call import LinearMemory
from wasmstate.state.memory_image import sparse_bytes

_DENSE = 4 << 20
"""Bytes up to which a memory is copied as it is, which is then quicker."""

_PART = 64 << 10
_ZEROS = bytes(_PART)


class Whole:
    """All bytes of a memory, as many as there are now.

    Args:
        memory: it.
        grow: makes it larger by so many pages.
        page_size: in bytes.
    """

    def __init__(self, memory: LinearMemory, grow: Callable[[int], object], page_size: int) -> None:
        self._memory = memory
        self._grow = grow
        self._page_size = page_size

    def read(self) -> bytes:
        """A copy of all bytes; pages of zeros take no memory in a large one."""
        size = self._memory.size()
        if size <= _DENSE:
            return ctypes.string_at(self._memory.base, size)
        parts = ((at, self._part(at, length)) for at, length in _parts(0, size))
        return sparse_bytes(size, (each for each in parts if each[1] != _ZEROS[: len(each[1])]))

    def write(self, content: bytes) -> None:
        """Give it these bytes, and zeros behind them; it grows if it is smaller.

        Raises:
            LimitError: if it cannot grow so far.
        """
        missing = len(content) - self._memory.size()
        if missing > 0:
            pages = -(-missing // self._page_size)
            try:
                self._grow(pages)
            except wasmtime.WasmtimeError as error:
                raise LimitError(
                    f"S has a memory of {len(content)} bytes, and it cannot grow so far"
                ) from error
            self._memory.settle()
        # What is right already is not written: pages that nobody has written take no memory.
        for at, length in _parts(0, len(content)):
            part = content[at : at + length]
            if self._part(at, length) != part:
                ctypes.memmove(self._memory.base + at, part, length)
        for at, length in _parts(len(content), self._memory.size()):
            if self._part(at, length) != _ZEROS[:length]:
                ctypes.memset(self._memory.base + at, 0, length)

    def _part(self, at: int, length: int) -> bytes:
        return ctypes.string_at(self._memory.base + at, length)


def _parts(start: int, end: int) -> Iterator[tuple[int, int]]:
    return ((at, min(_PART, end - at)) for at in range(start, end, _PART))
