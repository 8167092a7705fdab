"""Tables that are compressed: with gzip, or with zstd where pyarrow is installed."""

from __future__ import annotations

import io
import shutil
import zlib
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from wasmstate.errors import ArgumentError
from wasmstate.session.tables.arrow import pyarrow
from wasmstate.session.tables.columnar import PART

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_SUFFIXES = (".gz", ".zst")


def name_inside(name: str) -> str:
    """The name of a file without what says that it is compressed."""
    return next((name[: -len(end)] for end in _SUFFIXES if name.lower().endswith(end)), name)


def decompressed(file: io.BufferedReader, name: str) -> io.BufferedReader:
    """What a file holds; the file itself if it is not compressed.

    Raises:
        ArgumentError: it takes pyarrow; also raised when it is read, if it is damaged.
    """
    start = file.peek(4)
    if start.startswith(_GZIP):
        import gzip  # noqa: PLC0415 (few tables are compressed)

        return io.BufferedReader(_Checked(gzip.GzipFile(fileobj=file), name, "gzip"), PART)
    if start.startswith(_ZSTD):
        source = pyarrow(name).CompressedInputStream(file, "zstd")
        return io.BufferedReader(_Checked(source, name, "zstd"), PART)
    return file


def on_disk(file: BinaryIO, files: ExitStack) -> BinaryIO:
    """A temporary file with the rest of another one, for what is not read from start to end.

    It is closed with ``files``.
    """
    copy = files.enter_context(TemporaryFile())  # noqa: SIM115
    shutil.copyfileobj(file, copy, PART)
    copy.seek(0)
    return copy


class _Checked(io.RawIOBase):
    """A stream whose errors say which file is damaged."""

    def __init__(self, source: Any, name: str, kind: str) -> None:
        super().__init__()
        self._source = source
        self._name = name
        self._kind = kind

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            content = self._source.read(len(buffer))
        except (OSError, EOFError, zlib.error) as error:
            raise ArgumentError(
                f"{self._name}: it is compressed with {self._kind}, and damaged: {error}"
            ) from error
        buffer[: len(content)] = content
        return len(content)
