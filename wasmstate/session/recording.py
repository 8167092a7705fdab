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


class Recorder:
    """Writes a call log.

    The file is made at once, because a change that cannot be recorded counts all the same. If
    there was nothing to record it is removed again: else a session that was refused before its
    first call would leave a log in the way of the next try.

    Args:
        path: of the log, a new file.
        base: the state that the session begins with.

    Raises:
        NotCommittedError: if it cannot be written.
    """

    def __init__(self, path: Path, base: State) -> None:
        self._encoder = LogEncoder(base)
        self._file = AppendFile(path, self._encoder.head)
        self._is_empty = True

    def call(
        self, name: str, params: Sequence[Param], args: Sequence[Any], contents: Sequence[bytes]
    ) -> None:
        """A call that has been made, and what S is now. Raises as the constructor."""
        bits = tuple(_bits(param, arg) for param, arg in zip(params, args, strict=True))
        self._append(EntryKind.CALL, name, bits, contents)

    def rows(self, columns: Columns, done: int, contents: Sequence[bytes]) -> None:
        """Record rows that were learned."""
        if done:
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
        entry = Entry(kind, name, bits, contents_digest(contents))
        self._file.append(self._encoder.encode(entry))


def _bits(param: Param, value: Any) -> bytes:
    """What a call was given, which it has accepted."""
    dtype = DTYPES[param.dtype]
    if param.is_array:
        return Tensor(param.name, param.dtype, param.shape, 0, 0).encode(value)
    if param.type[0] == "i":
        return (int(value) % (1 << 8 * dtype.itemsize)).to_bytes(dtype.itemsize, "little")
    # An f32 keeps the bits of a signalling NaN; a float would not.
    return bytes(np.asarray(value, dtype).tobytes())
