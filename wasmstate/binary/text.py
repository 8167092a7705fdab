"""Instructions as the text format writes them.

Source: WebAssembly Core 3.0, Text Format, "Instructions" and "Values".
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Any

from wasmstate.binary.code.instructions import Instr
from wasmstate.binary.sections.code import Func
from wasmstate.binary.types import RefType

_DEEPER = frozenset({"block", "loop", "if", "try", "try_table"})
_LESS_DEEP = frozenset({"end", "delegate"})
_DIVIDING = frozenset({"else", "catch", "catch_all"})


def format_instr(instr: Instr) -> str:
    """One instruction on one line: ``i32.load offset=8 align=4``."""
    parts = [_immediate(instr.mnemonic, each) for each in instr.immediates]
    return " ".join([instr.mnemonic, *filter(None, parts)])


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


def disassemble(func: Func) -> Iterator[tuple[int, bytes, str]]:
    """The instructions of a function: offset in the module, bytes, indented text.

    Raises:
        MalformedError: naming the instruction and the byte; those before it have been given.
    """
    depth = 0
    for offset, raw, instr in func.instructions():
        indent = depth - (instr.mnemonic in _LESS_DEEP | _DIVIDING)
        yield offset, raw, "  " * indent + format_instr(instr)
        depth += (instr.mnemonic in _DEEPER) - (instr.mnemonic in _LESS_DEEP)
    yield func.offset + len(func.content) - 1, func.content[-1:], "end"
