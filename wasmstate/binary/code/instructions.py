"""Instructions and expressions.

Source: WebAssembly Core 3.0, Binary Format, "Instructions" and "Expressions". Which instructions a
constant expression may have is validation, not decoding.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from wasmstate.binary.code.immediates import IMMEDIATES
from wasmstate.binary.code.opcodes import PLAIN, PREFIXED, Opcode
from wasmstate.binary.code.text import format_instr
from wasmstate.binary.content import Content
from wasmstate.binary.proposals import OPCODES
from wasmstate.binary.types import RefType
from wasmstate.binary.values import Primitive, u32
from wasmstate.errors import SectionError

_BY_MNEMONIC: dict[str, list[Opcode]] = defaultdict(list)
for _opcode in (opcode for table in (PLAIN, *PREFIXED.values()) for opcode in table.values()):
    _BY_MNEMONIC[_opcode.mnemonic].append(_opcode)

# What may divide the block that an instruction opened; the block is then one of the other kind.
_DIVIDES = {
    "else": ("if",),
    "catch": ("try", "catch"),
    "catch_all": ("try", "catch"),
}
_OPENS = frozenset({"block", "loop", "if", "try", "try_table"})


@dataclass(frozen=True, slots=True)
class Instr:
    """One instruction: its mnemonic in the text format, its immediates.

    The immediates of ``f32.const``, ``f64.const`` and ``v128.const`` are their bytes, little
    endian, because a Python float does not keep the payload of a NaN.
    """

    mnemonic: str
    immediates: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return format_instr(self.mnemonic, self.immediates)


@dataclass(frozen=True, slots=True)
class Expr:
    """Instructions in file order, blocks closed by their ``end``; without the last ``end``."""

    instructions: tuple[Instr, ...]

    def __str__(self) -> str:
        return "; ".join(map(str, self.instructions)) or "(empty)"

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


class _Instr(Primitive):
    """One instruction, whatever stands around it."""

    def read(self, content: Content, path: str) -> Instr:
        start = content.tell()
        raw = content.read(1)
        if not raw:
            content.malformed(path, start, "unexpected end of section or function")
        prefix, code = None, raw[0]
        if raw[0] in PREFIXED:
            prefix, code = raw[0], u32.read(content, path)
            opcode = PREFIXED[raw[0]].get(code)
            shown = f"{raw[0]:02x} {code:02x}"
        else:
            opcode = PLAIN.get(raw[0])
            shown = f"{raw[0]:02x}"
        if opcode is None and (prefix, code) in OPCODES:
            name, proposal = OPCODES[prefix, code]
            content.unsupported(path, start, f"{name} ({shown})", proposal)
        if opcode is None:
            content.malformed(path, start, f"illegal opcode {shown}")
        return Instr(
            opcode.mnemonic,
            tuple(IMMEDIATES[name].read(content, path) for name in opcode.immediates),
        )

    def encode(self, value: Instr) -> bytes:
        opcode = opcode_of(value)
        parts = [
            IMMEDIATES[name].encode(given)
            for name, given in zip(opcode.immediates, value.immediates, strict=True)
        ]
        return opcode.encode() + b"".join(parts)


def opcode_of(instr: Instr) -> Opcode:
    """The opcode of an instruction; of two with one mnemonic the one that fits the immediates."""
    for opcode in _BY_MNEMONIC.get(instr.mnemonic, ()):
        if len(opcode.immediates) != len(instr.immediates):
            continue
        nullable = {"ref": False, "refnull": True}.get("".join(opcode.immediates))
        first = instr.immediates[0] if instr.immediates else None
        if nullable is None or (isinstance(first, RefType) and first.nullable is nullable):
            return opcode
    raise SectionError(f"cannot encode {instr.mnemonic!r} with {len(instr.immediates)} immediates")


class Nesting:
    """Which blocks are open while instructions are read one after the other."""

    def __init__(self) -> None:
        self.open: list[str] = []

    def follow(self, mnemonic: str) -> str | None:
        """Take note of an instruction; gives why it must not stand here, or ``None``."""
        if mnemonic in _OPENS:
            self.open.append(mnemonic)
        elif mnemonic in _DIVIDES:
            if not self.open or self.open[-1] not in _DIVIDES[mnemonic]:
                return f"misplaced {mnemonic}"
            self.open[-1] = mnemonic
        elif mnemonic == "delegate":
            if not self.open or self.open[-1] != "try":
                return "misplaced delegate"
            self.open.pop()
        elif mnemonic == "end":
            self.open.pop()
        return None


def read_instructions(content: Content, path: str) -> Iterator[tuple[int, Instr]]:
    """The instructions of an expression with their offsets in the file, its last ``end`` left out.

    Raises:
        MalformedError: naming the instruction and the byte.
    """
    nesting = Nesting()
    index = 0
    while True:
        start = content.tell()
        at = f"{path}.instructions[{index}]"
        instr = instruction.read(content, at)
        if instr.mnemonic == "end" and not nesting.open:
            return
        misplaced = nesting.follow(instr.mnemonic)
        if misplaced is not None:
            content.malformed(at, start, misplaced)
        yield content.offset + start, instr
        index += 1


class _Expr(Primitive):
    """An expression: instructions up to the ``end`` that closes none of their blocks."""

    def read(self, content: Content, path: str) -> Expr:
        return Expr(tuple(instr for _, instr in read_instructions(content, path)))

    def encode(self, value: Expr) -> bytes:
        return b"".join(map(instruction.encode, (*value.instructions, Instr("end"))))


instruction = _Instr()
expr = _Expr()
