"""Instructions as text: what an assembler makes of it are the same bytes."""

from __future__ import annotations

import pytest
import wasmtime

from support import custom_bytes, module_of, section_bytes, unhex
from wasmstate.binary import Module
from wasmstate.binary.code.immediates import BlockType
from wasmstate.binary.code.instructions import Instr
from wasmstate.binary.code.text import format_float
from wasmstate.binary.disassemble import disassemble
from wasmstate.binary.names import function_names
from wasmstate.binary.sections.code import CodeSection
from wasmstate.binary.types import RefType

FRAME = """(module
  (type $t (func (result i32)))
  (memory 1) (memory 1) (table 1 funcref) (tag $e (param i32)) (global (mut i64) (i64.const 0))
  (elem declare func 0)
  (func (param i32) (result i32)
{}
  )
)"""
BODY = """\
block (result i32)
  local.get 0
  if (result i32)
    i32.const -7
  else
    local.get 0
    i32.load offset=8 align=2
    i32.const 0
    i64.load 1 offset=16 align=8
    i32.wrap_i64
    drop
  end
end
loop (type 0)
  i32.const 5
  br_if 0
  i32.const 0
  br_table 0 1 1
end
i32.const 1
i32.const 2
local.get 0
select (result i32)
drop
f32.const -1.5
drop
f64.const nan:0x4000000000000
drop
v128.const i8x16 0x00 0x01 0x02 0x03 0x04 0x05 0x06 0x07 0x08 0x09 0x0a 0x0b 0x0c 0x0d 0x0e 0xff
v128.const i8x16 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00
i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31
drop
ref.null func
ref.test (ref null func)
drop
ref.func 0
drop
i32.const 1
global.get 0
drop
drop
block (result i32)
  try_table (result i32) (catch 0 0)
    i32.const 5
  end
end"""


def assembled(body: str) -> Module:
    return Module.from_bytes(bytes(wasmtime.wat2wasm(FRAME.format(body))))


def lines(module: Module) -> list[str]:
    section = module.section(CodeSection)
    assert section is not None
    return [text for _, _, text in disassemble(section.entries[0])]


def test_text_is_indented_and_assembles_to_the_bytes_it_came_from() -> None:
    module = assembled(BODY)
    text = lines(module)
    assert text == [*BODY.splitlines(), "end"]
    assert assembled("\n".join(text[:-1])).to_bytes() == module.to_bytes()


def test_every_instruction_has_its_offset_and_its_bytes() -> None:
    module = assembled("i32.const 300\nnop")
    section = module.section(CodeSection)
    assert section is not None
    data = module.to_bytes()
    found = list(disassemble(section.entries[0]))
    assert [raw.hex(" ") for _, raw, _ in found] == ["41 ac 02", "01", "0b"]
    assert all(data[offset : offset + len(raw)] == raw for offset, raw, _ in found)


@pytest.mark.parametrize(
    ("bits", "text"),
    [
        ("00 00 c0 3f", "1.5"),
        ("00 00 00 80", "-0.0"),
        ("00 00 80 7f", "inf"),
        ("00 00 80 ff", "-inf"),
        ("00 00 c0 7f", "nan"),
        ("00 00 c0 ff", "-nan"),
        ("01 00 80 7f", "nan:0x1"),
        ("00 00 00 00 00 00 f8 7f", "nan"),
        ("01 00 00 00 00 00 f8 ff", "-nan:0x8000000000001"),
    ],
)
def test_a_float_keeps_the_payload_of_its_nan(bits: str, text: str) -> None:
    assert format_float(bytes.fromhex(bits)) == text


@pytest.mark.parametrize(
    ("instr", "text"),
    [
        (Instr("nop"), "nop"),
        (Instr("block", (BlockType(None),)), "block"),
        (Instr("ref.cast", (RefType(nullable=False, heap_type=3),)), "ref.cast (ref 3)"),
        (Instr("f32.const", (b"\0\0\x80\x3f",)), "f32.const 1.0"),
    ],
)
def test_an_instruction_stands_on_one_line(instr: Instr, text: str) -> None:
    assert str(instr) == text


IMPORTS = section_bytes(2, unhex("02  01 65 01 66 00 00  01 65 01 67 00 00"))  # "e" "f", "e" "g"
EXPORTS = section_bytes(7, unhex("02  01 78 00 01  01 6d 02 00"))  # "x" function 1, "m" a memory


def test_a_function_is_named_by_its_own_name_else_an_export_else_an_import() -> None:
    names = custom_bytes("name", unhex("01 04  01 02 01 6e"))  # function 2: n
    assert function_names(module_of(IMPORTS, EXPORTS, names)) == {0: "e.f", 1: "x", 2: "n"}


def test_sections_that_cannot_be_decoded_give_no_names() -> None:
    broken = module_of(section_bytes(2, b"\1"), section_bytes(7, b"\1"))
    assert function_names(broken) == {}
    assert function_names(module_of(section_bytes(2, b"\1"), EXPORTS)) == {1: "x"}
