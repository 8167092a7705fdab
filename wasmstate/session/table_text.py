"""The lines of a table, from its bytes.

A piece of bytes is decoded only up to its line end, so that an invalid byte has the number of its
line, and all lines before it are given first. Files that are no text are named for what they are.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable, Iterator
from itertools import islice

from wasmstate.errors import ArgumentError

DEFAULT_ENCODING = "utf-8"
PIECE = 1 << 16
_LONGEST_LINE = 16 << 20
_SAMPLE = 512
_HEAD = 8  # lines before the first block, for the names of the columns are read line by line

_COMPRESSED = "it is compressed with {}: decompress it first"
_CONVERT = "it is {}: convert it to CSV first"
_RENAME = "it is {}: its name must end in {}"
_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", _COMPRESSED.format("gzip")),
    (b"BZh", _COMPRESSED.format("bzip2")),
    (b"\xfd7zXZ\x00", _COMPRESSED.format("xz")),
    (b"\x28\xb5\x2f\xfd", _COMPRESSED.format("zstd")),
    (b"PK\x03\x04", "it is a zip archive, as .xlsx, .ods and .npz files are: take the table out"),
    (b"PAR1", _RENAME.format("a Parquet file", ".parquet")),
    (b"ARROW1", _RENAME.format("an Arrow file", ".arrow")),
    (b"\x89HDF", _CONVERT.format("an HDF5 file")),
    (b"SQLite format 3\x00", _CONVERT.format("an SQLite database")),
    (b"\xd0\xcf\x11\xe0", _CONVERT.format("an old Excel file")),
    (b"\x93NUMPY", _RENAME.format("an npy file", ".npy")),
    (b"\x00asm", "it is a WebAssembly module, not a table"),
)
_MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"))
_BIG_MARKS = ((codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_BE, "utf-16"))


def check_encoding(encoding: str) -> None:
    """Check the name of a text encoding. Raises ArgumentError."""
    try:
        is_text = isinstance(codecs.getincrementaldecoder(encoding)().decode(b""), str)
    except (LookupError, ValueError, AttributeError, TypeError):
        is_text = False
    if not is_text or encoding.lower().replace("_", "").replace("-", "") == "rot13":
        raise ArgumentError(f"there is no text encoding {encoding!r}: try utf-8, latin-1, utf-16")


def kind_of(start: bytes) -> str:
    """What a file that begins so is, and what helps; empty if it may be text."""
    return next((reason for magic, reason in _KINDS if start.startswith(magic)), "")


class TextLines:
    """The lines of text, decoded as they are taken.

    Args:
        pieces: of the file, none beyond a line feed.
        name: of the file, for errors.
        encoding: of the text, UTF-8 if not given.

    Attributes:
        count: of the lines given, and of those that :meth:`skip` was told of.

    Raises:
        ArgumentError: there is no such encoding.
    """

    def __init__(self, pieces: Iterable[bytes], name: str, encoding: str | None = None) -> None:
        check_encoding(encoding or DEFAULT_ENCODING)
        self._pieces = pieces
        self._name = name
        self._encoding = encoding
        self.is_utf8 = codecs.lookup(encoding or DEFAULT_ENCODING).name == "utf-8"
        self.count = 0

    def skip(self, lines: int) -> None:
        """Count whole lines that somebody else has read, before the next piece is taken."""
        self.count += lines

    def __iter__(self) -> Iterator[str]:
        """Each line with its line feed.

        Raises:
            ArgumentError: naming the line that cannot be decoded, or what the file is.
        """
        name, encoding = self._name, self._encoding
        decoder = codecs.getincrementaldecoder("utf-8-sig" if self.is_utf8 else encoding or "")()
        lines = io.IncrementalNewlineDecoder(decoder, translate=True)
        held, size = [""], 0
        for piece, is_last in _with_last(self._pieces):
            if self.count == 0 and size == 0:
                _check_kind(piece, name, encoding)
            try:
                text = lines.decode(piece, final=is_last)
            except UnicodeError as error:
                place = f"{name}, line {self.count + 1}"
                raise _undecodable(error, place, name, encoding) from error
            *whole, rest = text.split("\n")
            for each in whole:
                line = "".join((*held, each, "\n"))
                held, size = [], 0
                self.count += 1
                yield line
            held.append(rest)
            size += len(rest)
            if size > _LONGEST_LINE:
                raise ArgumentError(
                    f"{name}, line {self.count + 1}: it has more than {_LONGEST_LINE:,} "
                    "characters: this is not a table"
                )
        if size:
            yield "".join(held)


class Blocks:
    """The blocks of a file that is read now line by line, now block by block.

    A block ends with a line, unless the line is longer than a block, or the file ends.

    Args:
        pieces: of the file, of any size.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._blocks = _whole_lines(pieces)
        self._open = io.BytesIO()

    @property
    def is_open(self) -> bool:
        """Whether a block is read line by line, and has more of them."""
        return self._open.tell() < len(self._open.getbuffer())

    def take(self) -> bytes | None:
        """The next block; ``None`` behind the last one."""
        return next(self._blocks, None)

    def open(self, block: bytes) -> None:
        """Have a block read line by line."""
        self._open = io.BytesIO(block)

    def lines(self) -> Iterator[bytes]:
        """The lines, in pieces if they are long, of the open block and those behind it."""
        while True:
            piece = self._open.readline(PIECE)
            if piece:
                yield piece
                continue
            block = self.take()
            if block is None:
                return
            self.open(block)


def _whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, cut behind line feeds, and once behind the first lines."""
    rest, is_first = b"", True
    for piece in pieces:
        end = piece.rfind(b"\n") + 1
        if not end and len(rest) < PIECE:
            rest += piece
            continue
        block, rest = rest + piece[:end], piece[end:]
        if not end:
            block, rest = block + rest, b""
        if is_first:
            head = b"".join(islice(io.BytesIO(block), _HEAD))
            is_first = False
            yield head
            block = block[len(head) :]
        if block:
            yield block
    if rest:
        yield rest


def _with_last(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each piece, then an empty one that is the last, so that no line waits for the next."""
    for piece in pieces:
        yield piece, False
    yield b"", True


def _check_kind(start: bytes, name: str, encoding: str | None) -> None:
    if encoding is not None:
        return
    reason = kind_of(start)
    if reason:
        raise ArgumentError(f"{name}: {reason}")
    sample = start[:_SAMPLE]
    found = next((word for mark, word in (*_MARKS, *_BIG_MARKS) if sample.startswith(mark)), "")
    if not found and b"\x00" in sample:
        even, odd = (any(sample[i::2]) for i in (0, 1))  # ASCII in UTF-16 has every other byte zero
        if even == odd:
            raise ArgumentError(f"{name}: it has zero bytes: this is no table")
        found = "utf-16-le" if even else "utf-16-be"
    if found:
        raise ArgumentError(
            f"{name}: the text is not UTF-8 but seems to be {found}: name its encoding"
        ).helped_by("encoding")


def _undecodable(error: UnicodeError, place: str, name: str, encoding: str | None) -> ArgumentError:
    if isinstance(error, UnicodeDecodeError) and error.start < len(error.object):
        reason = f"byte {error.object[error.start]:#04x} is not valid {error.encoding}"
    else:
        reason = str(error)
    if name.endswith(".br"):
        return ArgumentError(f"{name}: {_COMPRESSED.format('brotli')}")
    if encoding is None:
        reason += "; name the encoding if it is another one, such as latin-1 or cp1252"
    return ArgumentError(f"{place}: {reason}").helped_by("encoding")
