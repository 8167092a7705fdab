"""Bytes that are being decoded, and where in the file they stand."""

from __future__ import annotations

import io
from typing import Any, NamedTuple, NoReturn

from wasmstate.errors import MalformedError, UnsupportedError

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
        raise MalformedError(self._full(path), self.offset + position, reason)

    def unsupported(self, path: str, position: int, what: str, proposal: str) -> NoReturn:
        """Raise for bytes of a proposal that are not decoded; places as in :meth:`malformed`."""
        reason = f"{what} is of the {proposal} proposal, not decoded here"
        raise UnsupportedError(self._full(path), self.offset + position, reason, proposal)

    def _full(self, path: str) -> str:
        inner = path.removeprefix(_ROOT).replace(" -> ", ".")
        return self.path + inner if self.path else inner.removeprefix(".")

    def note(self, path: str, start: int, value: Any) -> None:
        """Remember a primitive that began at ``start`` and ends at the current position."""
        if self.trace is not None:
            inner = path.removeprefix(_ROOT).replace(" -> ", ".").removeprefix(".")
            self.trace.append(Field(inner, self.offset + start, self.tell() - start, value))
