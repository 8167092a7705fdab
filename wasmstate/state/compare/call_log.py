"""Call logs: what a session was given, bit for bit, and what S was after each call.

A log begins with the state that it all began with, so it and the module are enough to get to every
state in between. Entries are only ever appended. Each has a CRC-32 that goes on from the one
before, so one that is missing, or stands elsewhere, is noticed. What a writer that was killed left
of its last entry is passed over.

Source: docs/format.md, "Call logs".
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from wasmstate.errors import StateCorruptError, StateError
from wasmstate.state.state import State

MAGIC = b"\x89WSL\r\n\x1a\n"
MAJOR, MINOR = 1, 0
DIGEST_SIZE = 32

_HEAD = struct.Struct("<8sHHIQI")  # magic, major, minor, zero, length of the record, CRC-32
_ENTRY = struct.Struct("<QBBH")  # length, kind, length of the name, number of arguments
_LENGTH = struct.Struct("<Q")
_CRC = struct.Struct("<I")


class EntryKind(IntEnum):
    """What an entry tells of."""

    CALL = 0
    ROWS = 1
    STATE = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened to S.

    Attributes:
        kind: a call; ``update_many`` with rows; or S was replaced by another one.
        name: of the function; empty if S was replaced.
        arguments: their bits, little endian: each number or array; of rows, each array; of S, each
            region.
        digest: SHA-256 of S afterwards, of the bytes of all regions, one after the other.
    """

    kind: EntryKind
    name: str
    arguments: tuple[bytes, ...]
    digest: bytes


@dataclass(frozen=True, slots=True)
class CallLog:
    """A log that was read.

    Attributes:
        base: the state that it begins with.
        entries: in the order in which they happened.
        torn: how many bytes at the end are of an entry that was never finished.
    """

    base: State
    entries: tuple[Entry, ...]
    torn: int


def contents_digest(contents: Sequence[bytes]) -> bytes:
    """SHA-256 of the bytes of all regions, one after the other."""
    return hashlib.sha256(b"".join(contents)).digest()


class LogEncoder:
    """The bytes of a log, piece by piece.

    Args:
        base: the state that it begins with.

    Attributes:
        head: what stands before the entries.
    """

    def __init__(self, base: State) -> None:
        record = base.to_content()
        head = _HEAD.pack(MAGIC, MAJOR, MINOR, 0, len(record), 0)[: -_CRC.size]
        self.head = head + _CRC.pack(zlib.crc32(head)) + record
        self._crc = zlib.crc32(self.head)

    def encode(self, entry: Entry) -> bytes:
        """The next entry."""
        name = entry.name.encode()
        parts = [name, entry.digest]
        for each in entry.arguments:
            parts += (_LENGTH.pack(len(each)), each)
        body = b"".join(parts)
        length = _ENTRY.size + len(body) + _CRC.size
        data = _ENTRY.pack(length, entry.kind, len(name), len(entry.arguments)) + body
        self._crc = zlib.crc32(data, self._crc)
        return data + _CRC.pack(self._crc)


def read_log(content: bytes) -> CallLog:
    """Read a log.

    Raises:
        StateCorruptError: naming what is damaged. Only the last entry may end too early, or in
            zeros: after a power cut a file may be longer than the data that arrived.
        StateError: if the state that it begins with cannot be read.
    """
    if len(content) < _HEAD.size or not content.startswith(MAGIC):
        raise StateCorruptError("log.magic", 0, "this is no call log")
    _, major, _, zero, length, crc = _HEAD.unpack_from(content)
    if zlib.crc32(content[: _HEAD.size - _CRC.size]) != crc:
        raise StateCorruptError("log.crc32", _HEAD.size - _CRC.size, "checksum mismatch")
    if major != MAJOR or zero:
        raise StateCorruptError("log.major", 8, f"version {major} is not known")
    at = _HEAD.size + length
    if at > len(content):
        raise StateCorruptError("log.record", _HEAD.size, "unexpected end")
    base = State.from_content(content[_HEAD.size : at])
    running = zlib.crc32(content[:at])
    entries: list[Entry] = []
    while at < len(content):
        path = f"log.entries[{len(entries)}]"
        if at + _ENTRY.size > len(content):
            break
        size = _LENGTH.unpack_from(content, at)[0]
        if size > len(content) - at:
            true_size = _size_before_a_flip(content, at, size, running)
            if true_size is None:
                break
            raise StateCorruptError(f"{path}.length", at, f"{size}, its checksum fits {true_size}")
        end = at + size - _CRC.size
        if size < _ENTRY.size + DIGEST_SIZE + _CRC.size:
            if not any(content[at:]):
                break
            raise StateCorruptError(f"{path}.length", at, "too short for an entry")
        running = zlib.crc32(content[at:end], running)
        if _CRC.unpack_from(content, end)[0] != running:
            if not any(content[end:]):
                break
            raise StateCorruptError(f"{path}.crc32", end, "checksum mismatch")
        entries.append(_entry(content, at, end, path))
        at += size
    return CallLog(base, tuple(entries), len(content) - at)


def join_logs(logs: Sequence[CallLog]) -> CallLog:
    """One log of several that followed one another.

    Where one begins with another S than the one before ended with, an entry loads it: whatever
    changed S in between was not recorded.

    Raises:
        StateError: if one was recorded with other code than the one before.
    """
    (first, *rest), entries, torn = logs, list(logs[0].entries), logs[0].torn
    last = entries[-1].digest if entries else contents_digest(first.base.contents())
    for number, log in enumerate(rest, 2):
        if log.base.record.lineage.module_digest != first.base.record.lineage.module_digest:
            raise StateError(
                f"segment {number} of the log was recorded with other code than the first: take "
                "those away that came before"
            )
        contents = log.base.contents()
        digest = contents_digest(contents)
        if digest != last:
            entries.append(Entry(EntryKind.STATE, "", tuple(contents), digest))
        entries += log.entries
        last = log.entries[-1].digest if log.entries else digest
        torn += log.torn
    return CallLog(first.base, tuple(entries), torn)


def _size_before_a_flip(content: bytes, at: int, size: int, running: int) -> int | None:
    """The size of an entry one of whose size's bits has flipped; none if it never was whole.

    A size that claims more than there is looks like an entry that was never finished. The CRC-32
    goes over the size, so with the right bit flipped back, and only then, it fits.
    """
    for bit in range(_LENGTH.size * 8):
        true_size = size ^ 1 << bit
        if not _ENTRY.size + DIGEST_SIZE + _CRC.size <= true_size <= len(content) - at:
            continue
        end = at + true_size - _CRC.size
        crc = zlib.crc32(_LENGTH.pack(true_size), running)
        crc = zlib.crc32(content[at + _LENGTH.size : end], crc)
        if _CRC.unpack_from(content, end)[0] == crc:
            return true_size
    return None


def _entry(content: bytes, at: int, end: int, path: str) -> Entry:
    _, kind, name_length, count = _ENTRY.unpack_from(content, at)
    if kind not in tuple(EntryKind):
        raise StateCorruptError(f"{path}.kind", at + 8, f"no kind {kind}")
    start = at + _ENTRY.size
    at = start + name_length + DIGEST_SIZE
    try:
        name = content[start : start + name_length].decode()
    except UnicodeDecodeError as error:
        raise StateCorruptError(f"{path}.name", start, "malformed UTF-8 encoding") from error
    arguments = []
    for i in range(count):
        where = f"{path}.arguments[{i}]"
        if at + _LENGTH.size > end or (
            (size := _LENGTH.unpack_from(content, at)[0]) > end - at - _LENGTH.size
        ):
            raise StateCorruptError(where, at, "length out of bounds")
        at += _LENGTH.size
        arguments.append(content[at : at + size])
        at += size
    if at != end:
        raise StateCorruptError(path, at, "an entry that is longer than what is in it")
    digest = content[start + name_length : start + name_length + DIGEST_SIZE]
    return Entry(EntryKind(kind), name, tuple(arguments), digest)
