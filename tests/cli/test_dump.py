"""``wasmstate dump``: fields and instructions with their offsets."""

from __future__ import annotations

from pathlib import Path

import wasmtime

from cli_runner import Wasmstate


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
