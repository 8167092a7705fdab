"""One instruction as the text format writes it.

Source: WebAssembly Core 3.0, Text Format, "Instructions" and "Values".
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from typing import Any

from wasmstate.binary.types import RefType


def format_instr(mnemonic: str, immediates: Iterable[Any]) -> str:
    """One instruction on one line: ``i32.load offset=8 align=4``."""
    parts = [_immediate(mnemonic, each) for each in immediates]
    return " ".join([mnemonic, *filter(None, parts)])


def format_float(bits: bytes) -> str:
    """A float of four or eight bytes; of a NaN also the payload, unless it is the usual one."""
    value: float = struct.unpack("<f" if len(bits) == 4 else "<d", bits)[0]
    if math.isfinite(value):
        return repr(value)
    mantissa = 23 if len(bits) == 4 else 52
    number = int.from_bytes(bits, "little")
    sign = "-" if number >> (8 * len(bits) - 1) else ""
    if math.isinf(value):
        return f"{sign}inf"
    payload = number & ((1 << mantissa) - 1)
    return f"{sign}nan" if payload == 1 << mantissa - 1 else f"{sign}nan:{payload:#x}"


def _immediate(mnemonic: str, value: Any) -> str:
    if mnemonic in ("f32.const", "f64.const"):
        return format_float(value)
    if mnemonic == "v128.const":
        return "i8x16 " + " ".join(f"{byte:#04x}" for byte in value)
    if isinstance(value, bytes):  # lanes of a shuffle
        return " ".join(map(str, value))
    if isinstance(value, tuple):  # types of a select, clauses of a try_table
        if mnemonic == "select":
            return f"(result {' '.join(map(str, value))})"
        return " ".join(map(str, value))
    if isinstance(value, RefType) and mnemonic.startswith("ref."):
        return f"(ref {'null ' if value.nullable else ''}{value.heap_type})"
    return str(value)
