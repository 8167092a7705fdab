"""Modules of few bytes that take a compiler much time and memory."""

from __future__ import annotations

from collections.abc import Sequence

from support import PREAMBLE, leb
from wasmstate import Module

EMPTY = b"\x60\0\0"


def vec(entries: Sequence[bytes]) -> bytes:
    """A list in the binary format."""
    return leb(len(entries)) + b"".join(entries)


def wasm(types: Sequence[bytes], functions: Sequence[bytes], bodies: Sequence[bytes]) -> Module:
    """A module of types, functions and their bodies."""
    sized = [leb(len(body)) + body for body in bodies]
    sections = [(1, vec(types)), (3, vec(functions)), (10, vec(sized))]
    parts = [bytes([id]) + leb(len(content)) + content for id, content in sections]
    return Module.from_bytes(PREAMBLE + b"".join(parts))


def many_functions(count: int) -> Module:
    """Empty functions: some 5 KB of memory each."""
    return wasm([EMPTY], [b"\0"] * count, [b"\0\x0b"] * count)


def loops_of_many_values(count: int = 2000) -> Module:
    """Loops with 1,000 parameters and results each: over a minute."""
    values = leb(1000) + b"\x7f" * 1000
    types = [EMPTY, b"\x60\0" + values, b"\x60" + values + values]
    body = b"\0\x10\1" + b"\x03\2\x0b" * count + b"\x0c\0\x0b"
    return wasm(types, [b"\0", b"\1"], [body, b"\0\0\x0b"])


def many_locals(count: int = 20_000) -> Module:
    """Functions of 50,000 locals each, which six bytes declare."""
    return wasm([EMPTY], [b"\0"] * count, [b"\1\xd0\x86\3\x7f\x0b"] * count)
