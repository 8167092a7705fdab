"""Constant expressions: offsets of segments, initial values of globals and tables.

Source: WebAssembly Core 3.0, Binary Format, "Expressions", and Validation, "Constant Expressions".
Only constant instructions are decoded here; any other is reported as illegal.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wasmstate.binary.types import heaptype
from wasmstate.binary.values import Content, Primitive, Raw, f32, f64, s32, s64, u32
from wasmstate.errors import SectionError

_END = 0x0B

# mnemonic by opcode, with the constructs of its immediates
_PLAIN: dict[int, tuple[str, tuple[Primitive, ...]]] = {
    0x23: ("global.get", (u32,)),
    0x41: ("i32.const", (s32,)),
    0x42: ("i64.const", (s64,)),
    0x43: ("f32.const", (f32,)),
    0x44: ("f64.const", (f64,)),
    0x6A: ("i32.add", ()),
    0x6B: ("i32.sub", ()),
    0x6C: ("i32.mul", ()),
    0x7C: ("i64.add", ()),
    0x7D: ("i64.sub", ()),
    0x7E: ("i64.mul", ()),
    0xD0: ("ref.null", (heaptype,)),
    0xD2: ("ref.func", (u32,)),
}
_PREFIXED: dict[tuple[int, int], tuple[str, tuple[Primitive, ...]]] = {
    (0xFB, 0): ("struct.new", (u32,)),
    (0xFB, 1): ("struct.new_default", (u32,)),
    (0xFB, 6): ("array.new", (u32,)),
    (0xFB, 7): ("array.new_default", (u32,)),
    (0xFB, 8): ("array.new_fixed", (u32, u32)),
    (0xFB, 26): ("any.convert_extern", ()),
    (0xFB, 27): ("extern.convert_any", ()),
    (0xFB, 28): ("ref.i31", ()),
    (0xFD, 12): ("v128.const", (Raw(16),)),
}
_OPCODES: dict[str, tuple[bytes, tuple[Primitive, ...]]] = {
    mnemonic: (bytes([opcode]), immediates) for opcode, (mnemonic, immediates) in _PLAIN.items()
} | {
    mnemonic: (bytes([prefix]) + u32.encode(opcode), immediates)
    for (prefix, opcode), (mnemonic, immediates) in _PREFIXED.items()
}


@dataclass(frozen=True, slots=True)
class Instr:
    """One instruction: its mnemonic in the text format, its immediates.

    The immediates of ``f32.const``, ``f64.const`` and ``v128.const`` are their bytes, little
    endian, because a Python float does not keep the payload of a NaN.
    """

    mnemonic: str
    immediates: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Expr:
    """A constant expression, without the ``end`` that closes it."""

    instructions: tuple[Instr, ...]

    def evaluate(self, globals: Sequence[int | bytes | None] = ()) -> int | bytes | None:
        """The value, if these bytes alone say it.

        Args:
            globals: the values of the globals that come before, ``None`` where unknown.

        Returns:
            An integer for ``i32`` and ``i64`` (as signed), the bytes of a float or a vector, or
            ``None`` if the value depends on the host or is a reference.
        """
        stack: list[int | bytes | None] = []
        for instr in self.instructions:
            kind, _, operation = instr.mnemonic.partition(".")
            if operation == "const":
                stack.append(instr.immediates[0])
            elif instr.mnemonic == "global.get":
                index = instr.immediates[0]
                stack.append(globals[index] if index < len(globals) else None)
            elif operation in ("add", "sub", "mul") and len(stack) >= 2:
                right, left = stack.pop(), stack.pop()
                if not isinstance(left, int) or not isinstance(right, int):
                    return None
                value = {"add": left + right, "sub": left - right, "mul": left * right}[operation]
                bits = int(kind[1:])
                stack.append((value + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1))
            else:
                return None
        return stack[0] if len(stack) == 1 else None


class _Expr(Primitive):
    def read(self, content: Content, path: str) -> Expr:
        instructions: list[Instr] = []
        while True:
            start = content.tell()
            raw = content.read(1)
            if not raw:
                content.malformed(path, start, "unexpected end")
            opcode = raw[0]
            if opcode == _END:
                return Expr(tuple(instructions))
            at = f"{path}.instructions[{len(instructions)}]"
            if opcode in (0xFB, 0xFD):
                sub = u32.read(content, at)
                mnemonic, immediates = _PREFIXED.get((opcode, sub), ("", ()))
                shown = f"{opcode:02x} {sub:02x}"
            else:
                mnemonic, immediates = _PLAIN.get(opcode, ("", ()))
                shown = f"{opcode:02x}"
            if not mnemonic:
                content.malformed(at, start, f"illegal opcode {shown} in a constant expression")
            instructions.append(Instr(mnemonic, tuple(i.read(content, at) for i in immediates)))

    def encode(self, value: Expr) -> bytes:
        out = bytearray()
        for instr in value.instructions:
            if instr.mnemonic not in _OPCODES:
                raise SectionError(f"cannot encode {instr.mnemonic!r} in a constant expression")
            opcode, immediates = _OPCODES[instr.mnemonic]
            out += opcode
            for immediate, given in zip(immediates, instr.immediates, strict=True):
                out += immediate.encode(given)
        return bytes(out) + bytes([_END])


expr = _Expr()


def float_of(bits: bytes) -> float:
    """The value of the four or eight bytes of a float."""
    value: float = struct.unpack("<f" if len(bits) == 4 else "<d", bits)[0]
    return value
