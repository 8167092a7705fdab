"""What the bytes at the cursor mean, read as each of the types that modules and tensors have."""

from __future__ import annotations

import struct
from dataclasses import dataclass

LONGEST = 16
"""Bytes that are looked at."""

COLUMNS = ("8 bit", "16 bit", "32 bit", "64 bit")

_ROWS = (("signed", "bhiq"), ("unsigned", "BHIQ"), ("float", " efd"))
_TEXT = 8


@dataclass(frozen=True, slots=True)
class Values:
    """The meanings.

    Attributes:
        rows: a name each, and a text for each of :data:`COLUMNS`; empty where there is none.
        leb128: unsigned and signed, and how many bytes each takes.
        text: the bytes as UTF-8, up to the first invalid one.
    """

    rows: tuple[tuple[str, tuple[str, ...]], ...]
    leb128: str
    text: str


def values_at(data: bytes) -> Values:
    """The meanings of the bytes that begin with ``data``; little endian, as everywhere in wasm."""
    rows = tuple((name, tuple(_text(code, data) for code in codes)) for name, codes in _ROWS)
    return Values(rows, _leb128_text(data), _utf8(data))


def _text(code: str, data: bytes) -> str:
    size = struct.calcsize(code) if code != " " else 0
    if not size or len(data) < size:
        return ""
    (value,) = struct.unpack(f"<{code}", data[:size])
    if isinstance(value, int):
        return str(value)
    return f"{value:.{ {2: 5, 4: 9, 8: 17}[size] }g}"


def _leb128_text(data: bytes) -> str:
    size = next((i + 1 for i, byte in enumerate(data[:10]) if byte < 0x80), 0)
    if not size:
        return ""
    value = sum((byte & 0x7F) << 7 * i for i, byte in enumerate(data[:size]))
    signed = value - (1 << 7 * size) if data[size - 1] & 0x40 else value
    both = f"{value}" if signed == value else f"{value} unsigned, {signed} signed"
    return f"{both} ({size} byte{'s' * (size != 1)})"


def _utf8(data: bytes) -> str:
    text = data[:_TEXT].decode(errors="ignore" if len(data) > _TEXT else "replace")
    return "".join(c if c.isprintable() and c != "\ufffd" else "\u00b7" for c in text)
