"""why says the line of the source, where a module has DWARF."""

import struct
from pathlib import Path

import pytest

from models import from_wat
from wasmstate import Module, Session, attach
from wasmstate.binary.sections.code import CodeSection

MODULE = """(module (memory (export "memory") 1)
  (func $put (param $at i32) (i32.store (local.get $at) (i32.const 7)))
  (func (export "update") (call $put (i32.const 64))))"""


def with_lines(module: Module, rows: list[tuple[int, int]]) -> Module:
    """The module with DWARF 4 that has these lines of put.c, each with its address."""
    abbrev = bytes([1, 0x11, 0, 0x10, 0x17, 0, 0, 0])  # a unit with the place of its line table
    unit = struct.pack("<HIBBI", 4, 0, 4, 1, 0)
    program, last = b"", 1
    for address, line in rows:
        program += b"\0\x05\x02" + struct.pack("<I", address)  # DW_LNE_set_address
        program += bytes([3, (line - last) % 128, 1])  # DW_LNS_advance_line, DW_LNS_copy
        last = line
    program += b"\x02\x20\0\x01\x01"  # 32 bytes on, DW_LNE_end_sequence
    lengths = bytes([0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1])
    header = bytes([1, 1, 1, 251, 14, 13]) + lengths + b"\0put.c\0\0\0\0\0"
    table = struct.pack("<HI", 4, len(header)) + header + program
    sections = {
        ".debug_abbrev": abbrev,
        ".debug_info": struct.pack("<I", len(unit)) + unit,
        ".debug_line": struct.pack("<I", len(table)) + table,
    }
    for name, content in sections.items():
        module = module.with_custom(name, content)
    return module


def opened(tmp_path: Path, module: Module) -> Session:
    path = tmp_path / "m.wasm"
    attach(module, ["n:i32@64"]).save(path)
    return Session.open(path, persist="manual")


def test_each_frame_has_its_line(tmp_path: Path) -> None:
    pytest.importorskip("elftools")
    module = from_wat(MODULE)
    code = module.section(CodeSection)
    assert code is not None
    put, update = (func.offset - code.content_offset for func in code.entries)
    module = with_lines(module, [(put, 3), (update, 9)])
    with opened(tmp_path, module) as session:
        (write,) = session.why("n", "update").writes
    assert [frame.line for frame in write.stack] == ["put.c:3", "put.c:9"]


def test_without_readable_line_tables_there_is_none(tmp_path: Path) -> None:
    broken = from_wat(MODULE).with_custom(".debug_line", b"\x07\0\0\0garbage")
    with opened(tmp_path, broken) as session:
        (write,) = session.why("n", "update").writes
    assert [frame.line for frame in write.stack] == [None, None]
