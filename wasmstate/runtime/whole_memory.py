"""A whole linear memory as a part of S."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import wasmtime

from wasmstate.errors import LimitError
from wasmstate.runtime.unchecked_call import LinearMemory


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
        """A copy of all bytes."""
        return ctypes.string_at(self._memory.base, self._memory.size())

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
        ctypes.memmove(self._memory.base, content, len(content))
        left = self._memory.size() - len(content)
        ctypes.memset(self._memory.base + len(content), 0, left)
