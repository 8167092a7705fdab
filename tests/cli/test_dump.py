"""``wasmstate dump``: fields and instructions with their offsets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import wasmtime

from cli_runner import FIXTURES, Wasmstate
from support import PREAMBLE, section_bytes
from wasmstate import Module
from wasmstate.binary.sections.base import ListSection


def module(tmp_path: Path, text: str) -> str:
    file = tmp_path / "m.wasm"
    file.write_bytes(wasmtime.wat2wasm(text))
    return str(file)


LOOP = """(module
  (import "env" "tick" (func $tick))
  (memory 1)
  (func $count (export "count") (param i32) (result i32)
    (local i32 i32 f64)
    (loop $again
      (if (local.get 0) (then (call $tick)) (else (nop)))
      (br_if $again (i32.load offset=8 (local.get 1))))
    (drop (f32.const nan:0x200001))
    (drop (f64.const -inf))
    (i32.const -7)))"""


def test_a_function_is_shown_as_indented_instructions(tmp_path: Path, wasmstate: Wasmstate) -> None:
    lines = wasmstate("dump", module(tmp_path, LOOP), "--function", "count").stdout.splitlines()
    assert lines[0] == "func 1 <count> (i32) -> (i32) at 0x39"
    assert [line[39:] for line in lines[1:]] == [
        "local 2 x i32",
        "local 1 x f64",
        "loop",
        "  local.get 0",
        "  if",
        "    call 0",
        "  else",
        "    nop",
        "  end",
        "  local.get 1",
        "  i32.load offset=8 align=4",
        "  br_if 0",
        "end",
        "f32.const nan:0x200001",
        "drop",
        "f64.const -inf",
        "drop",
        "i32.const -7",
        "end",
    ]
    assert lines[4].startswith("  0x000040  20 00  ")


def test_a_function_is_found_by_name_and_by_index(tmp_path: Path, wasmstate: Wasmstate) -> None:
    file = module(tmp_path, LOOP)
    by_index = wasmstate("dump", file, "--function", "1").stdout
    assert by_index == wasmstate("dump", file, "--function", "count").stdout


def test_functions_without_code_here_are_named(tmp_path: Path, wasmstate: Wasmstate) -> None:
    file = module(tmp_path, LOOP)
    assert wasmstate("dump", file, "--function", "0").stderr == (
        f"Error: {file}: function '0' is imported: its code is not in this module\n"
    )
    assert wasmstate("dump", file, "--function", "nope").stderr == (
        f"Error: {file}: no function 'nope'; those with code have the indices 1 to 1\n"
    )


def test_a_section_is_shown_field_by_field(model: Path, wasmstate: Wasmstate) -> None:
    lines = wasmstate("dump", str(model), "--section", "memory").stdout.splitlines()
    assert lines == [
        "sections[3] memory at 0x2d, 4 bytes",
        "  0x00002f  entries.count = 1",
        "  0x000030  entries[0].limits.flag = 1",
        "  0x000031  entries[0].limits.min = 1",
        "  0x000032  entries[0].limits.max = 1",
    ]
    assert wasmstate("dump", str(model), "--section", "3").stdout.splitlines() == lines


def test_all_sections_are_shown(model: Path, wasmstate: Wasmstate) -> None:
    shown = wasmstate("dump", str(model)).stdout
    assert shown.count("\nsections[") == 10
    assert "func 2 <update> (i32 f64) -> () at 0x82f" in shown


def test_a_section_that_is_not_there_is_named_with_those_that_are(
    model: Path, wasmstate: Wasmstate
) -> None:
    result = wasmstate("dump", str(model), "--section", "tag")
    assert result.exit_code == 1
    assert result.stderr.startswith(
        "Error: bandit.wasm: no section 'tag'; there are type, function"
    )


def test_damaged_parts_are_shown_up_to_the_fault(tmp_path: Path, wasmstate: Wasmstate) -> None:
    file = tmp_path / "bad.wasm"
    file.write_bytes(
        bytes.fromhex("00 61 73 6d 01 00 00 00")
        + bytes.fromhex("05 02 01 10")  # a memory with a bad flag
        + bytes.fromhex("0a 09 02 04 00 01 ff 0b 02 00 0b")  # a bad opcode, a good function
        + bytes.fromhex("0b 7f")  # cut short
    )
    result = wasmstate("dump", str(file))
    assert result.stdout.splitlines() == [
        "sections[0] memory at 0x8, 2 bytes",
        "  0x00000a  entries.count = 1",
        "  malformed: sections[0].entries[0].limits.flag at 0xb: malformed limits flags",
        "sections[1] code at 0xc, 9 bytes",
        "func 0 of unknown type at 0x10",
        "  0x000011  01                         nop",
        "  malformed: sections[1].entries[0].expr.instructions[1] at 0x12: illegal opcode ff",
        "func 1 of unknown type at 0x15",
        "  0x000016  0b                         end",
    ]
    assert result.exit_code == 1
    assert "sections[2].size at 0x18: length out of bounds" in result.stderr


def test_a_function_of_a_module_without_code_is_told(tmp_path: Path, wasmstate: Wasmstate) -> None:
    empty = tmp_path / "empty.wasm"
    empty.write_bytes(b"\0asm\1\0\0\0")
    result = wasmstate("dump", str(empty), "--function", "update")
    assert result.stderr == f"Error: {empty}: no function 'update'; none has code\n"


CONSTANTS = """(module
  (import "env" "base" (global $base i32))
  (import "env" "m" (memory i64 1 2 shared))
  (import "env" "t" (table 2 9 funcref))
  (type $pair (struct (field i8) (field (mut f64))))
  (type $row (array (mut i32)))
  (rec (type $a (sub (struct))) (type $b (sub final $a (struct (field (ref null $a))))))
  (table $own 3 funcref (ref.func $f))
  (global (mut i32) (i32.add (global.get $base) (i32.const 66560)))
  (global v128 (v128.const i32x4 1 2 3 4))
  (tag (param i32))
  (func $f (local i64 i64) (block (result i32) (i32.const 1)) drop)
  (elem (table $own) (i32.const 1) func $f)
  (elem func $f)
  (elem declare func $f)
  (elem funcref (ref.func $f) (ref.null func))
  (data (i64.const 8) "abc")
  (data "def"))"""


VECTOR = "v128.const i8x16 " + " ".join(f"0x0{i} 0x00 0x00 0x00" for i in (1, 2, 3, 4))


def test_constant_expressions_are_shown_as_the_text_format_writes_them(
    tmp_path: Path, wasmstate: Wasmstate
) -> None:
    text = wasmstate("dump", module(tmp_path, CONSTANTS)).stdout
    for line in (
        "entries[0].init = global.get 0; i32.const 66560; i32.add",
        "entries[0].init = ref.func 0",
        "entries[0].offset = i64.const 8",
        "entries[3].init[1] = ref.null func",
        "entries[2].type.limits.min = 2",
        f"entries[1].init = {VECTOR}",
    ):
        assert f"{line}\n" in text


_CLASS = re.compile(r"\b[A-Z][A-Za-z]+\([a-z_]*=?")


@pytest.mark.parametrize("file", sorted(FIXTURES.rglob("*.wasm")), ids=lambda file: file.name)
def test_no_fixture_is_shown_by_the_names_of_classes(file: Path, wasmstate: Wasmstate) -> None:
    for command in ("dump", "layout"):
        assert _CLASS.findall(wasmstate(command, str(file)).stdout) == []


def test_no_field_is_shown_by_the_name_of_a_class(tmp_path: Path, wasmstate: Wasmstate) -> None:
    file = module(tmp_path, CONSTANTS)
    assert _CLASS.findall(wasmstate("dump", file).stdout) == []
    entries = [
        str(entry)
        for section in Module.open(file).sections
        if isinstance(section, ListSection)
        for entry in section.entries
    ]
    assert _CLASS.findall("\n".join(entries)) == []
    assert entries == [
        "(struct (field i8) (field (mut f64)))",
        "(array (mut i32))",
        "(rec (sub (struct)) (sub final 2 (struct (field (ref null 2)))))",
        "(i32) -> ()",
        "() -> ()",
        "env.base (global i32)",
        "env.m (memory i64 1 2 shared)",
        "env.t (table 2 9 funcref)",
        "5",
        "3 funcref (ref.func 0)",
        "(type 4)",
        "(mut i32) (global.get 0; i32.const 66560; i32.add)",
        f"v128 ({VECTOR})",
        "(table 1) (i32.const 1), 0",
        "passive, 0",
        "declarative, 0",
        "passive, ref.func 0 ref.null func",
        "(i64.const 8), 3 bytes",
        "passive, 3 bytes",
    ]


def test_the_text_grows_with_the_code_not_with_its_depth(
    tmp_path: Path, wasmstate: Wasmstate
) -> None:
    def lines_of(depth: int) -> list[str]:
        text = f"(module (func {'(block ' * depth}(nop){')' * depth}))"
        return wasmstate("dump", module(tmp_path, text), "--function", "0").stdout.splitlines()

    assert lines_of(1)[2].endswith("      nop")
    deep = lines_of(300)
    assert deep[301].endswith("(300) nop")
    assert max(map(len, deep)) < 140


def test_a_range_shows_only_what_has_bytes_in_it(tmp_path: Path, wasmstate: Wasmstate) -> None:
    file = module(tmp_path, LOOP)
    lines = wasmstate("dump", file, "--range", "0x40:0x42").stdout.splitlines()
    assert lines[0].startswith("sections[5] code at")
    assert lines[1].startswith("func 1 <count>")
    assert [line.split("  ")[-1] for line in lines[-1:]] == ["local.get 0"]
    fields = wasmstate("dump", file, "--range", "11:12").stdout.splitlines()
    assert len(fields) == 2
    refused = wasmstate("dump", file, "--range", "4-8")
    assert refused.exit_code == 2
    assert "'4-8' is no range of offsets: write 0x100:0x180" in refused.stderr


def test_the_modules_in_a_component_are_dumped_where_they_stand(
    tmp_path: Path, wasmstate: Wasmstate
) -> None:
    core = bytes(wasmtime.wat2wasm('(module (func (export "f") nop))'))
    file = tmp_path / "component.wasm"
    file.write_bytes(b"\0asm\x0d\0\1\0" + bytes([1, len(core)]) + core)
    lines = wasmstate("dump", str(file)).stdout.splitlines()
    assert lines[1].startswith("sections[0].sections[0] type at 0x12,")
    (nop,) = [line for line in lines if line.endswith("nop")]
    offset = int(nop.split()[0], 16)
    assert file.read_bytes()[offset] == 1
    alone = wasmstate("dump", str(file), "--module", "0", "--function", "f").stdout
    assert nop in alone.splitlines()
    cut = file.read_bytes()[:8] + bytes([1, len(core) - 1]) + core[:-1]
    file.write_bytes(cut)
    assert "  malformed: sections[0].sections[3].size at" in wasmstate("dump", str(file)).stdout


def test_components_nested_too_deep_are_told(tmp_path: Path, wasmstate: Wasmstate) -> None:
    data = b"\0asm\x0d\0\1\0"
    for _ in range(66):
        data = b"\0asm\x0d\0\1\0\x04" + bytes([len(data) & 0x7F | 0x80, len(data) >> 7]) + data
    file = tmp_path / "deep.wasm"
    file.write_bytes(data)
    assert "nested too deep" in wasmstate("dump", str(file)).stdout


def test_entries_before_a_malformed_one_are_shown(tmp_path: Path, wasmstate: Wasmstate) -> None:
    file = tmp_path / "m.wasm"
    exports = b"\x03\x01a\x00\x00\x01b\x09\x00\x01c\x00\x00"  # no kind is 9
    file.write_bytes(PREAMBLE + section_bytes(7, exports))
    result = wasmstate("dump", str(file))
    assert "entries[0].index = 0" in result.stdout
    assert "entries[1].name = b" in result.stdout
    assert "entries[1].kind" in result.stdout.splitlines()[-1]
    assert "malformed export kind" in result.stdout.splitlines()[-1]
