"""Instructions: the table of opcodes, their immediates, and skipping over them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import read_value
from wasmstate.binary.code.immediates import IMMEDIATES, BlockType, Catch, Labels, MemArg
from wasmstate.binary.code.instructions import Expr, Instr, expr, instruction
from wasmstate.binary.code.opcodes import PLAIN, PREFIXED, Opcode
from wasmstate.binary.code.scan import NEEDS_DATA_COUNT, scan
from wasmstate.binary.content import Content
from wasmstate.binary.sections.code import Func
from wasmstate.binary.types import Exact, RefType
from wasmstate.errors import MalformedError

ALL = [opcode for table in (PLAIN, *PREFIXED.values()) for opcode in table.values()]

# An immediate of each kind, as bytes and as what they stand for.
SAMPLES: dict[str, tuple[str, object]] = {
    **dict.fromkeys(
        (
            *("typeidx", "funcidx", "tableidx", "memidx", "tagidx", "globalidx"),
            *("elemidx", "dataidx", "localidx", "labelidx", "fieldidx", "count"),
        ),
        ("ac 02", 300),
    ),
    "i32": ("80 7f", -128),
    "i64": ("80 80 80 80 80 80 80 80 80 7f", -(2**63)),
    "f32": ("00 00 a0 7f", b"\0\0\xa0\x7f"),
    "f64": ("00 00 00 00 00 00 f4 7f", b"\0\0\0\0\0\0\xf4\x7f"),
    "v128": ("0b" * 16, b"\x0b" * 16),
    "lanes": ("05" * 16, b"\x05" * 16),
    "laneidx": ("ff", 255),
    "fence": ("00", 0),
    "castop": ("03", 3),
    "heaptype": ("62 05", Exact(5)),
    "ref": ("6b", RefType(nullable=False, heap_type="struct")),
    "refnull": ("6b", RefType(nullable=True, heap_type="struct")),
    "blocktype": ("c0 00", BlockType(64)),
    "memarg": ("42 01 80 01", MemArg(align=2, offset=128, memidx=1)),
    "atomicarg": ("42 01 80 01", MemArg(align=2, offset=128, memidx=1)),
    "labels": ("02 00 01 02", Labels((0, 1, 2))),
    "valtypes": ("01 7f", ("i32",)),
    "catches": ("02 00 03 01 02 00", (Catch("catch", 3, 1), Catch("catch_all", None, 0))),
}  # fmt: skip


def test_the_table_has_every_instruction_and_no_hole_is_filled() -> None:
    assert [code for code in range(0xD7) if code not in PLAIN] == [
        0x16, 0x17, 0x1D, 0x1E, 0x27, *range(0xC5, 0xD0),
    ]  # fmt: skip
    assert max(PLAIN) == 0xD6
    assert set(PREFIXED[0xFB]) == {*range(31), *range(0x20, 0x27)}
    assert set(PREFIXED[0xFC]) == {*range(18), *range(19, 23)}
    assert [code for code in range(0x114) if code not in PREFIXED[0xFD]] == [
        0x9A, 0xA2, 0xA5, 0xA6, 0xAF, 0xB0, 0xB2, 0xB3, 0xB4, 0xBB, 0xC2, 0xC5, 0xC6, 0xCF, 0xD0,
        0xD2, 0xD3, 0xD4, 0xE2, 0xEE,
    ]  # fmt: skip
    assert max(PREFIXED[0xFD]) == 0x113
    assert set(PREFIXED[0xFE]) == {*range(4), *range(16, 79)}


@pytest.mark.parametrize(
    ("opcode", "mnemonic"),
    [
        ("00", "unreachable"), ("1a", "drop"), ("45", "i32.eqz"), ("50", "i64.eqz"),
        ("5b", "f32.eq"),
        ("66", "f64.ge"), ("67", "i32.clz"), ("78", "i32.rotr"), ("8a", "i64.rotr"),
        ("98", "f32.copysign"), ("a6", "f64.copysign"), ("a7", "i32.wrap_i64"),
        ("bf", "f64.reinterpret_i64"), ("c4", "i64.extend32_s"), ("d4", "ref.as_non_null"),
        ("fb 0f", "array.len"), ("fb 1e", "i31.get_u"), ("fc 07", "i64.trunc_sat_f64_u"),
        ("fc 16", "i64.mul_wide_u"), ("fd 22", None), ("fd 0e", "i8x16.swizzle"),
        ("fd 53", "v128.any_true"), ("fd 7b", "i8x16.avgr_u"), ("fd ba 01", "i32x4.dot_i16x8_s"),
        ("fd ff 01", "f64x2.convert_low_i32x4_u"),
        ("fd 93 02", "i32x4.relaxed_dot_i8x16_i7x16_add_s"),
    ],
)  # fmt: skip
def test_opcodes_stand_for_the_mnemonics_of_the_specification(
    opcode: str, mnemonic: str | None
) -> None:
    if mnemonic is None:  # the last instruction with a lane: replace_lane of f64x2
        assert read_value(instruction, opcode + "01") == Instr("f64x2.replace_lane", (1,))
    else:
        assert read_value(instruction, opcode) == Instr(mnemonic)


def test_every_kind_of_immediate_has_a_sample() -> None:
    assert set(SAMPLES) == set(IMMEDIATES)


@pytest.mark.parametrize("opcode", ALL, ids=lambda o: f"{o.prefix or 0:02x}-{o.code:02x}")
def test_every_instruction_is_read_and_written_back(opcode: Opcode) -> None:
    raw = opcode.encode() + b"".join(
        bytes.fromhex(SAMPLES[immediate][0]) for immediate in opcode.immediates
    )
    value = Instr(opcode.mnemonic, tuple(SAMPLES[name][1] for name in opcode.immediates))
    assert read_value(instruction, raw.hex()) == value
    assert instruction.encode(value) == raw


def around(opcode: Opcode, raw: bytes) -> bytes:
    """An expression with this instruction in it, blocks opened and closed."""
    match opcode.mnemonic:
        case "else":
            return b"\x04\x40" + raw + b"\x0b\x0b"
        case "catch" | "catch_all":
            return b"\x06\x40" + raw + b"\x0b\x0b"
        case "delegate":
            return b"\x06\x40" + raw + b"\x0b"
        case "block" | "loop" | "if" | "try" | "try_table":
            return raw + b"\x0b\x0b"
        case "end":
            return raw
        case _:
            return raw + b"\x0b"


@pytest.mark.parametrize("opcode", ALL, ids=lambda o: f"{o.prefix or 0:02x}-{o.code:02x}")
def test_an_instruction_that_is_skipped_is_one_that_is_decoded(opcode: Opcode) -> None:
    raw = opcode.encode() + b"".join(
        bytes.fromhex(SAMPLES[immediate][0]) for immediate in opcode.immediates
    )
    data = around(opcode, raw)
    assert expr.encode(read_value(expr, data.hex())) == data
    # An exact heap type, as in the sample, is left to the declarations.
    is_usual = opcode.mnemonic not in NEEDS_DATA_COUNT and "heaptype" not in opcode.immediates
    assert scan(data, 0) is is_usual


TABLE_WRITES = frozenset({"table.set", "table.init", "table.copy", "table.grow", "table.fill"})


@pytest.mark.parametrize("opcode", ALL, ids=lambda o: f"{o.prefix or 0:02x}-{o.code:02x}")
def test_an_instruction_that_is_looked_for_is_found_and_no_other(opcode: Opcode) -> None:
    raw = opcode.encode() + b"".join(
        bytes.fromhex(SAMPLES[immediate][0]) for immediate in opcode.immediates
    )
    func = Func(b"\0" + around(opcode, raw), 0, "f")
    assert func.uses(TABLE_WRITES) == TABLE_WRITES & {opcode.mnemonic}


def is_well_formed(data: bytes) -> bool:
    """Whether the declarations find an expression that ends with the data."""
    content = Content(data)
    try:
        expr.read(content, "")
    except MalformedError:
        return False
    return content.tell() == len(data)


_usual = st.sampled_from(sorted(set(range(256)) - set(range(0xC5, 0xD0)) - set(range(0xD7, 0xFB))))


@given(st.lists(_usual).map(bytes))
def test_what_is_skipped_is_well_formed(data: bytes) -> None:
    if scan(data + b"\x0b", 0):
        assert is_well_formed(data + b"\x0b")


_instructions = st.lists(
    st.sampled_from([o for o in ALL if not {"end", "else", "delegate"} & {o.mnemonic}]), max_size=30
)


@given(_instructions, st.data())
def test_damaged_code_is_not_skipped_unless_it_is_still_well_formed(
    opcodes: list[Opcode], data: st.DataObject
) -> None:
    code = b""
    for opcode in opcodes:
        raw = opcode.encode()
        raw += b"".join(bytes.fromhex(SAMPLES[name][0]) for name in opcode.immediates)
        code += around(opcode, raw)[:-1]
    code += b"\x0b"
    assert is_well_formed(code)
    at = data.draw(st.integers(0, len(code) - 1))
    damaged = code[:at] + bytes([data.draw(st.integers(0, 255))]) + code[at + 1 :]
    if scan(damaged, 0):
        assert is_well_formed(damaged)


@pytest.mark.parametrize(
    "text",
    [
        "05 0b",
        "02 40 05 0b 0b",
        "02 78 0b 0b",
        "0e",
        "0e 01 80",
        "20",
        "02 40 0b",
        "0b 0b",
        "ff 0b",
    ],
)
def test_malformed_code_is_not_skipped(text: str) -> None:
    assert not scan(bytes.fromhex(text), 0)


def test_immediates_are_shown_as_in_the_text_format() -> None:
    assert str(MemArg(2, 0)) == "align=4"
    assert str(MemArg(3, 16, 1)) == "1 offset=16 align=8"
    assert str(Labels((2, 0, 1))) == "2 0 1"
    assert str(BlockType(None)) == ""
    assert str(BlockType("i32")) == "(result i32)"
    assert str(BlockType(7)) == "(type 7)"
    assert str(Catch("catch_ref", 1, 0)) == "(catch_ref 1 0)"
    assert str(Catch("catch_all", None, 2)) == "(catch_all 2)"
    assert str(RefType(nullable=True, heap_type=Exact(3))) == "(ref null (exact 3))"


def test_a_memory_operand_without_an_index_means_memory_0() -> None:
    value = Instr("i32.load", (MemArg(align=2, offset=4),))
    assert read_value(instruction, "28 02 04") == value
    assert instruction.encode(value) == bytes.fromhex("28 02 04")


def test_an_expression_keeps_the_ends_of_its_blocks() -> None:
    assert read_value(expr, "02 40 01 0b 0b") == Expr(
        (Instr("block", (BlockType(None),)), Instr("nop"), Instr("end"))
    )
