"""Which single bit, if it were flipped back, would make a CRC-32 right again.

CRC-32 is linear: what a flipped bit changes in the checksum depends on its distance from the end
alone. The register after ``e`` steps from 1 is the change that the bit ``e`` places before the end
makes, so the place is a discrete logarithm, found with ``sqrt(bits)`` small steps and as many large
ones. No two bits of less than 2**32 - 1 make the same change.

Source: D. Shanks, "Class number, a theory of factorization, and genera", 1971 (small and large
steps); RFC 1952, "CRC-32" (the register, lowest bit first).
"""

from __future__ import annotations

import zlib
from math import isqrt

_POLYNOMIAL = 0xEDB88320


def find_flip(data: bytes, stored: int) -> int | None:
    """The bit of ``data``, counted from the lowest of byte 0, that explains a wrong CRC-32.

    Args:
        data: the bytes, one of which may have a wrong bit.
        stored: the CRC-32 that they ought to have.

    Returns:
        ``None`` if no single bit does, or if the checksum is right.
    """
    bits = 8 * len(data)
    change = zlib.crc32(data) ^ stored
    if not change or not bits:
        return None
    stride = isqrt(bits) + 1
    small: dict[int, int] = {}
    for steps in range(stride):
        small.setdefault(change, steps)
        change = _step_back(change)
    columns = [1 << k for k in range(32)]
    for _ in range(stride):
        columns = [_step(column) for column in columns]
    register = 1
    for large in range(stride + 1):
        if register in small:
            distance = large * stride + small[register]
            if 0 < distance <= bits:
                return bits - distance
        register = _apply(columns, register)
    return None


def flip_bit(data: bytes, bit: int) -> bytes:
    """The data with one bit flipped, counted as by :func:`find_flip`."""
    at = bit // 8
    return data[:at] + bytes([data[at] ^ 1 << bit % 8]) + data[at + 1 :]


def _step(register: int) -> int:
    return register >> 1 ^ (_POLYNOMIAL if register & 1 else 0)


def _step_back(register: int) -> int:
    if register & 0x80000000:
        return (register ^ _POLYNOMIAL) << 1 | 1
    return register << 1


def _apply(columns: list[int], register: int) -> int:
    result = 0
    while register:
        lowest = register & -register
        result ^= columns[lowest.bit_length() - 1]
        register ^= lowest
    return result
