"""Recording what a session is given, so that it can be replayed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wasmstate.session.array_rows import Columns
from wasmstate.state.compare.call_log import Entry, EntryKind, LogEncoder, contents_digest
from wasmstate.state.signature import Param
from wasmstate.state.state import State
from wasmstate.state.tensor import DTYPES, Tensor
from wasmstate.storage.append import AppendFile
from wasmstate.storage.log_segments import Segments


class Recorder:
    """Writes a call log.

    The file is made at once, because a change that cannot be recorded counts all the same. If
    there was nothing to record it is removed again: else a session that was refused before its
    first call would leave a log in the way of the next try.

    Args:
        path: of the log, a new file.
        base: the state that the session begins with.
        limit: in bytes, of a log in segments; ``None`` for one file without a limit.

    Raises:
        NotCommittedError: if it cannot be written, or the limit has no room for a few segments.
    """

    def __init__(self, path: Path, base: State, limit: int | None = None) -> None:
        self._base = base
        self._updates = 0
        self._encoder = LogEncoder(base)
        self._segments: Segments | None = None
        if limit is not None:
            self._segments = Segments(path, limit, len(self._encoder.head))
            path = self._segments.next()
        self._begin(path)

    def call(
        self, name: str, params: Sequence[Param], args: Sequence[Any], contents: Sequence[bytes]
    ) -> None:
        """A call that has been made, and what S is now. Raises as the constructor."""
        self._updates += name == "update"
        bits = tuple(_bits(param, arg) for param, arg in zip(params, args, strict=True))
        self._append(EntryKind.CALL, name, bits, contents)

    def rows(self, columns: Columns, done: int, contents: Sequence[bytes]) -> None:
        """Record rows that were learned."""
        if done:
            self._updates += done
            bits = tuple(each[:done].tobytes() for each in columns)
            self._append(EntryKind.ROWS, "update_many", bits, contents)

    def state(self, contents: Sequence[bytes]) -> None:
        """Another S."""
        self._append(EntryKind.STATE, "", tuple(contents), contents)

    def before_commit(self, _: int) -> None:
        """Make the log durable as far as it is written; from any thread. Raises as the constructor.

        So no power cut leaves a file with a change that its log lacks.
        """
        self._file.sync()

    def close(self) -> None:
        """Sync and close the log, or remove it if nothing was recorded."""
        if self._is_empty:
            self._file.discard()
        else:
            self._file.close()

    def leave(self) -> None:
        """Close the log as it is: in a child process it is the parent's."""
        self._file.leave()

    def _append(
        self, kind: EntryKind, name: str, bits: tuple[bytes, ...], contents: Sequence[bytes]
    ) -> None:
        self._is_empty = False
        data = self._encoder.encode(Entry(kind, name, bits, contents_digest(contents)))
        self._file.append(data)
        self._size += len(data)
        if self._segments is not None and self._size >= self._segments.size:
            self._next_segment(self._segments, contents)

    def _next_segment(self, segments: Segments, contents: Sequence[bytes]) -> None:
        """Begin a segment with the state of now. Raises as the constructor."""
        self._segments = None  # if it fails the record ends here
        self._file.close()
        self._encoder = LogEncoder(self._base.with_contents(contents, updates=self._updates))
        self._begin(segments.next())
        segments.drop()
        self._segments = segments

    def _begin(self, path: Path) -> None:
        self._file = AppendFile(path, self._encoder.head)
        self._is_empty, self._size = True, len(self._encoder.head)


def _bits(param: Param, value: Any) -> bytes:
    """What a call was given, which it has accepted."""
    dtype = DTYPES[param.dtype]
    if param.is_array:
        return Tensor(param.name, param.dtype, param.shape, 0, 0).encode(value)
    if param.type[0] == "i":
        return (int(value) % (1 << 8 * dtype.itemsize)).to_bytes(dtype.itemsize, "little")
    # An f32 keeps the bits of a signalling NaN; a float would not.
    return bytes(np.asarray(value, dtype).tobytes())
