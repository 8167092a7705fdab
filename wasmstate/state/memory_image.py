"""A whole linear memory as it stands in a record: what is not zero of it.

Source: docs/format.md, "Whole memories".
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

BLOCK = 256
"""Memory is looked at in blocks of so many bytes; those of zeros are left out."""

MAX_SIZE = 1 << 32
"""Largest memory that is kept as a whole, in bytes."""

_COUNT = struct.Struct("<Q")
_RUN = struct.Struct("<QQ")


def encode_image(memory: bytes) -> bytes:
    """The runs of blocks that are not all zeros; equal memories give equal bytes."""
    return _pack((start, memory[start:end]) for start, end in _spans_in_use(memory))


def with_part(stored: bytes, size: int, at: int, part: bytes) -> bytes:
    """What is stored of the memory with other bytes from an address on.

    Blocks far away stay runs: few bytes may stand for gigabytes of zeros.

    Raises as :func:`image_runs`.
    """
    low, high = at // BLOCK * BLOCK, min(-(-(at + len(part)) // BLOCK) * BLOCK, size)
    window = bytearray(decode_part(stored, size, low, high))
    window[at - low : at - low + len(part)] = part
    pieces = [(low + start, bytes(window[start:end])) for start, end in _spans_in_use(window)]
    for address, length, start in image_runs(stored, size):
        content, end = stored[start : start + length], address + length
        if address < low:
            pieces.append((address, content[: low - address]))
        if end > high:
            first = max(address, high)
            pieces.append((first, content[first - address :]))
    return _pack(sorted(pieces))


def _pack(pieces: Iterable[tuple[int, bytes]]) -> bytes:
    """The runs that ascending pieces of whole blocks make; those that touch become one."""
    runs: list[tuple[int, list[bytes]]] = []
    end = -1
    for address, content in pieces:
        if address == end:
            runs[-1][1].append(content)
        else:
            runs.append((address, [content]))
        end = address + len(content)
    table = [_RUN.pack(address, sum(map(len, contents))) for address, contents in runs]
    contents = [content for _, contents in runs for content in contents]
    return b"".join([_COUNT.pack(len(runs)), *table, *contents])


def image_runs(stored: bytes, size: int) -> list[tuple[int, int, int]]:
    """The runs of a stored memory: address, length, and where in ``stored`` their bytes begin.

    Args:
        stored: what :func:`encode_image` gave, or any bytes.
        size: of the memory.

    Raises:
        ValueError: saying why the bytes cannot be right.
    """
    if size > MAX_SIZE:
        raise ValueError(f"a memory of {size} bytes, at most {MAX_SIZE} can be")
    if len(stored) < _COUNT.size:
        raise ValueError("cut short in the number of runs")
    (count,) = _COUNT.unpack_from(stored)
    at = _COUNT.size + count * _RUN.size
    if at > len(stored):
        raise ValueError(f"{count} runs do not fit into {len(stored)} bytes")
    runs, free = [], 0
    for i in range(count):
        address, length = _RUN.unpack_from(stored, _COUNT.size + i * _RUN.size)
        end = address + length
        if address < free or address % BLOCK or not length or end > size:
            raise ValueError(f"run {i} is out of place")
        if end % BLOCK and end != size:
            raise ValueError(f"run {i} does not end with a block")
        runs.append((address, length, at))
        at += length
        free = end + BLOCK  # two runs with nothing between them would be one
    if at != len(stored):
        raise ValueError(f"its runs have {at} bytes, {len(stored)} are there")
    for i, (_, length, start) in enumerate(runs):
        if not _blocks_in_use(stored[start : start + length]).all():
            raise ValueError(f"run {i} has a block of zeros")
    return runs


def address_of_stored(stored: bytes, size: int, at: int) -> int | None:
    """The address of the byte of memory that is stored at ``at``; ``None`` for none of memory.

    Raises as :func:`image_runs`.
    """
    for address, length, start in image_runs(stored, size):
        if start <= at < start + length:
            return address + at - start
    return None


def _spans_in_use(memory: bytes | bytearray) -> list[tuple[int, int]]:
    """Start and end of each row of blocks that are not all zeros."""
    edges = np.diff(_blocks_in_use(memory).astype(np.int8), prepend=0, append=0)
    starts = (np.flatnonzero(edges == 1) * BLOCK).tolist()
    ends = np.minimum(np.flatnonzero(edges == -1) * BLOCK, len(memory)).tolist()
    return list(zip(starts, ends, strict=True))


def _blocks_in_use(memory: bytes | bytearray) -> NDArray[np.bool_]:
    """Which blocks are not all zeros; the last one may be shorter."""
    whole = len(memory) // BLOCK
    words = np.frombuffer(memory, np.uint64, whole * BLOCK // 8).reshape(whole, BLOCK // 8)
    last = memory[whole * BLOCK :]
    shorter = np.array([any(last)] if last else [], np.bool_)
    used: NDArray[np.bool_] = np.concatenate((words.any(axis=1), shorter))
    return used


def decode_image(stored: bytes, size: int) -> bytes:
    """The memory. Raises as :func:`image_runs`."""
    return decode_part(stored, size, 0, size)


def decode_part(stored: bytes, size: int, low: int, high: int) -> bytes:
    """The memory from one address up to another. Raises as :func:`image_runs`."""
    runs = image_runs(stored, size)  # which refuses a size that nothing is made for
    pieces = []
    for address, length, start in runs:
        first, last = max(address, low), min(address + length, high)
        if first < last:
            piece = stored[start + first - address : start + last - address]
            pieces.append((first - low, piece))
    return sparse_bytes(high - low, pieces)


def sparse_bytes(size: int, pieces: Iterable[tuple[int, bytes]]) -> bytes:
    """Zeros with pieces at some offsets; zeros of which nothing is written take no memory.

    Gigabytes of zeros that were joined or copied would be memory in use. ``bytes(size)`` has its
    zeros from ``calloc``, and the system gives such pages none until they are written. Nobody else
    has the object yet, so it may be written (Python/C API, "Bytes Objects":
    ``PyBytes_FromStringAndSize``).
    """
    found = bytes(size)
    start = ctypes.cast(ctypes.c_char_p(found), ctypes.c_void_p).value or 0
    for offset, piece in pieces:
        if not 0 <= offset <= size - len(piece):
            raise ValueError(f"{len(piece)} bytes at {offset} of {size}")
        if size == 1:  # the interpreter shares those
            found = piece or found
        else:
            ctypes.memmove(start + offset, piece, len(piece))
    return found
