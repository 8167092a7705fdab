"""Expressions: decoded, built, and constant ones evaluated."""

from __future__ import annotations

import pytest

from support import message, read_value
from wasmstate.binary.code.instructions import Expr, Instr, expr
from wasmstate.errors import MalformedError, SectionError


def const(value: int, kind: str = "i32") -> Instr:
    return Instr(f"{kind}.const", (value,))


def op(mnemonic: str) -> Instr:
    return Instr(mnemonic)


@pytest.mark.parametrize(
    ("text", "instructions"),
    [
        ("0b", []),
        ("41 2a 0b", [const(42)]),
        ("41 80 80 80 80 78 0b", [const(-(2**31))]),
        ("42 7f 0b", [const(-1, "i64")]),
        ("43 00 00 c0 7f 0b", [Instr("f32.const", (b"\0\0\xc0\x7f",))]),
        ("44 00 00 00 00 00 00 f8 7f 0b", [Instr("f64.const", (bytes(6) + b"\xf8\x7f",))]),
        ("fd 0c" + "07" * 16 + "0b", [Instr("v128.const", (b"\7" * 16,))]),
        ("23 81 01 0b", [Instr("global.get", (129,))]),
        ("41 01 41 02 6a 41 03 6b 41 04 6c 0b", [
            const(1), const(2), op("i32.add"), const(3), op("i32.sub"), const(4), op("i32.mul"),
        ]),
        ("42 01 42 02 7c 42 03 7d 42 04 7e 0b", [
            const(1, "i64"), const(2, "i64"), op("i64.add"), const(3, "i64"), op("i64.sub"),
            const(4, "i64"), op("i64.mul"),
        ]),
        ("d0 70 0b", [Instr("ref.null", ("func",))]),
        ("d0 05 0b", [Instr("ref.null", (5,))]),
        ("d2 03 0b", [Instr("ref.func", (3,))]),
        ("41 01 fb 1c 0b", [const(1), op("ref.i31")]),
        ("fb 00 02 0b", [Instr("struct.new", (2,))]),
        ("fb 01 02 0b", [Instr("struct.new_default", (2,))]),
        ("fb 06 02 0b", [Instr("array.new", (2,))]),
        ("fb 07 02 0b", [Instr("array.new_default", (2,))]),
        ("fb 08 02 03 0b", [Instr("array.new_fixed", (2, 3))]),
        ("fb 1a fb 1b 0b", [op("any.convert_extern"), op("extern.convert_any")]),
    ],
)  # fmt: skip
def test_constant_instructions(text: str, instructions: list[Instr]) -> None:
    value = Expr(tuple(instructions))
    assert read_value(expr, text) == value
    assert expr.encode(value) == bytes.fromhex(text)


def test_the_second_opcode_of_a_prefixed_instruction_may_be_padded() -> None:
    assert read_value(expr, "41 01 fb 9c 80 00 0b").instructions[1] == op("ref.i31")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "value.instructions[0] at 0x1f0: unexpected end of section or function"),
        ("41 01", "value.instructions[1] at 0x1f2: unexpected end of section or function"),
        ("41", "value.instructions[0] at 0x1f1: unexpected end"),
        ("41 01 42", "value.instructions[1] at 0x1f3: unexpected end"),
        ("43 00 00", "value.instructions[0] at 0x1f3: unexpected end"),
        ("fb", "value.instructions[0] at 0x1f1: unexpected end"),
        ("41 01 c5 0b", "value.instructions[1] at 0x1f2: illegal opcode c5"),
        ("fc 17 0b", "value.instructions[0] at 0x1f0: illegal opcode fc 17"),
        ("fd 9a 01 0b", "value.instructions[0] at 0x1f0: illegal opcode fd 9a"),
        ("05 0b", "value.instructions[0] at 0x1f0: misplaced else"),
        ("02 40 05 0b 0b", "value.instructions[1] at 0x1f2: misplaced else"),
        ("04 40 05 05 0b 0b", "value.instructions[2] at 0x1f3: misplaced else"),
        ("02 40 07 00 0b 0b", "value.instructions[1] at 0x1f2: misplaced catch"),
        ("06 40 19 19 0b 0b", "value.instructions[2] at 0x1f3: misplaced catch_all"),
        ("02 40 18 00 0b", "value.instructions[1] at 0x1f2: misplaced delegate"),
        ("02 40 0b", "value.instructions[2] at 0x1f3: unexpected end of section or function"),
        ("28 80 01 00 0b", "value.instructions[0] at 0x1f1: malformed memop flags"),
        ("02 78 0b 0b", "value.instructions[0] at 0x1f1: malformed value type"),
        ("02 ff 7f 0b 0b", "value.instructions[0] at 0x1f1: malformed block type"),
        ("0e 05 00 0b", "value.instructions[0] at 0x1f1: length out of bounds"),
        ("1f 40 01 04 0b", "value.instructions[0] at 0x1f3: malformed catch clause"),
        ("fe 03 02 0b", "value.instructions[0] at 0x1f2: zero byte expected"),
        ("fb 18 04 00 70 70 0b", "value.instructions[0] at 0x1f2: malformed br_on_cast flags"),
        ("d0 7f 0b", "value.instructions[0] at 0x1f1: malformed heap type"),
    ],
)  # fmt: skip
def test_a_malformed_expression_names_the_instruction(text: str, expected: str) -> None:
    assert message(MalformedError, lambda: read_value(expr, text)) == expected


@pytest.mark.parametrize(
    ("instr", "expected"),
    [
        (op("i32.frobnicate"), "cannot encode 'i32.frobnicate' with 0 immediates"),
        (op("i32.const"), "cannot encode 'i32.const' with 0 immediates"),
        (Instr("ref.test", ("func",)), "cannot encode 'ref.test' with 1 immediates"),
    ],
)
def test_what_is_no_instruction_is_not_written(instr: Instr, expected: str) -> None:
    assert message(SectionError, lambda: expr.encode(Expr((instr,)))) == expected


@pytest.mark.parametrize(
    ("instructions", "value"),
    [
        ([const(42)], 42),
        ([const(40), const(2), op("i32.add")], 42),
        ([const(40), const(2), op("i32.sub")], 38),
        ([const(-4), const(3), op("i32.mul")], -12),
        ([const(2**31 - 1), const(1), op("i32.add")], -(2**31)),
        ([const(2**31 - 1, "i64"), const(1, "i64"), op("i64.add")], 2**31),
        ([const(-(2**63), "i64"), const(1, "i64"), op("i64.sub")], 2**63 - 1),
        ([Instr("global.get", (1,)), const(1), op("i32.add")], 1001),
        ([Instr("f32.const", (b"\0\0\x80\x3f",))], b"\0\0\x80\x3f"),
        ([Instr("v128.const", (bytes(16),))], bytes(16)),
    ],
)
def test_what_the_bytes_alone_say_is_evaluated(
    instructions: list[Instr], value: int | bytes
) -> None:
    assert Expr(tuple(instructions)).evaluate([None, 1000]) == value


@pytest.mark.parametrize(
    "instructions",
    [
        [],
        [const(1), const(2)],
        [op("i32.add")],
        [const(1), op("i32.add")],
        [Instr("global.get", (0,))],  # imported
        [Instr("global.get", (7,))],  # there is none
        [Instr("global.get", (0,)), const(1), op("i32.add")],
        [const(1), Instr("global.get", (0,)), op("i32.add")],
        [Instr("ref.func", (0,))],
        [Instr("ref.null", ("func",))],
        [const(1), op("ref.i31")],
    ],
)
def test_what_depends_on_the_host_or_is_a_reference_has_no_value(
    instructions: list[Instr],
) -> None:
    assert Expr(tuple(instructions)).evaluate([None]) is None
