"""Bytes that are being decoded, and where in the file they stand."""

from __future__ import annotations

import io
from typing import Any, NamedTuple, NoReturn

from wasmstate.errors import MalformedError

_ROOT = "(parsing)"  # construct begins each path with it


class Field(NamedTuple):
    """One primitive of the format, where it stands in the file.

    Attributes:
        path: within its section, ``entries[2].limits.min``.
        offset: of its first byte, from the start of the file.
        size: in bytes; of a padded integer, more than its value needs.
        value: as decoded.
    """

    path: str
    offset: int
    size: int
    value: Any


class Content(io.BytesIO):
    """Bytes to be decoded, knowing where in the file and in the module they stand.

    Args:
        content: the bytes.
        offset: of the first of them, from the start of the file.
        path: of the whole, such as ``sections[3]``.
        trace: where to put a :class:`Field` for every primitive that is read.
    """

    def __init__(
        self, content: bytes, offset: int = 0, path: str = "", trace: list[Field] | None = None
    ) -> None:
        super().__init__(content)
        self.length = len(content)
        self.offset = offset
        self.path = path
        self.trace = trace

    def malformed(self, path: str, position: int, reason: str) -> NoReturn:
        """Raise for the byte at ``position`` of this content, at construct's ``path``."""
        inner = path.removeprefix(_ROOT).replace(" -> ", ".")
        if not self.path:
            inner = inner.removeprefix(".")
        raise MalformedError(self.path + inner, self.offset + position, reason)

    def note(self, path: str, start: int, value: Any) -> None:
        """Remember a primitive that began at ``start`` and ends at the current position."""
        if self.trace is not None:
            inner = path.removeprefix(_ROOT).replace(" -> ", ".").removeprefix(".")
            self.trace.append(Field(inner, self.offset + start, self.tell() - start, value))
