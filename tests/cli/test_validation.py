"""What no engine loads is told apart from what cannot be decoded, and not written unasked."""

from __future__ import annotations

from pathlib import Path

import pytest
import wasmtime

from cli_runner import run_command
from support import PREAMBLE, section_bytes
from wasmstate import Module

# (module (func (result i32)) (memory 1)): the function leaves nothing on the stack.
NOT_VALID = (
    PREAMBLE
    + section_bytes(1, bytes.fromhex("01 60 00 01 7F"))
    + section_bytes(3, bytes.fromhex("01 00"))
    + section_bytes(5, bytes.fromhex("01 00 01"))
    + section_bytes(10, bytes.fromhex("01 02 00 0B"))
)
REASON = "type mismatch: expected i32 but nothing on stack"


@pytest.fixture
def invalid(tmp_path: Path) -> Path:
    path = tmp_path / "invalid.wasm"
    path.write_bytes(NOT_VALID)
    return path


def test_check_says_where_a_well_formed_module_is_not_valid(invalid: Path) -> None:
    Module.open(invalid).verify()
    result = run_command("check", str(invalid))
    assert result.exit_code == 1
    assert f"{invalid}: error: module at 0x1d: not valid: {REASON}; no engine" in result.stdout
    assert f"{invalid}: ok" not in result.stdout


def test_check_says_that_a_component_is_not_validated(tmp_path: Path) -> None:
    path = tmp_path / "component.wasm"
    path.write_bytes(bytes(wasmtime.wat2wasm("(component)")))
    result = run_command("check", str(path))
    assert result.exit_code == 0
    assert result.stdout.endswith(f"{path}: ok, not validated: a component\n")


@pytest.mark.parametrize(
    "proposal",
    [
        "(func (param i32) (return_call 0 (local.get 0)))",
        "(type (struct (field i32)))",
        "(tag) (func (throw 0))",
        "(memory i64 1)",
        '(memory 1) (memory (export "m") 1)',
    ],
)
def test_modules_of_webassembly_3_are_valid(tmp_path: Path, proposal: str) -> None:
    path = tmp_path / "module.wasm"
    path.write_bytes(bytes(wasmtime.wat2wasm(f"(module {proposal})")))
    assert run_command("check", str(path)).exit_code == 0


def test_a_module_with_a_feature_that_wasmtime_lacks_is_not_called_invalid(tmp_path: Path) -> None:
    path = tmp_path / "legacy.wasm"
    body = bytes.fromhex("00 06 40 19 0B 0B")  # try catch_all end: the exceptions of many binaries
    path.write_bytes(
        PREAMBLE
        + section_bytes(1, bytes.fromhex("01 60 00 00"))
        + section_bytes(3, bytes.fromhex("01 00"))
        + section_bytes(10, bytes([1, len(body)]) + body)
    )
    result = run_command("check", str(path))
    assert result.exit_code == 0
    reason = "legacy_exceptions feature required for try instruction"
    assert f"{path}: warning: module at 0x17: not validated from here on: {reason}" in result.stdout
    assert result.stdout.endswith(f"{path}: ok\n")


def test_attach_writes_nothing_that_no_engine_loads_unless_it_is_told_to(invalid: Path) -> None:
    words = ["attach", str(invalid), "--tensor", "n:i32@16"]
    result = run_command(*words)
    assert result.exit_code == 1
    assert f"not valid at 0x1d: {REASON}; no engine loads such a module" in result.stderr
    assert invalid.read_bytes() == NOT_VALID
    assert run_command(*words, "--no-validate").exit_code == 0
    baked = run_command("bake", str(invalid))
    assert (baked.exit_code, REASON in baked.stderr) == (1, True)
    assert run_command("bake", str(invalid), "--no-validate").exit_code == 0


ABORTS = """
(module
  (import "env" "abort" (func $abort (param i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (func $begin (i32.store (i32.const 16) (i32.const 7)))
  (func (export "update") (call $abort (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
  {start})
"""


def test_attach_says_at_once_what_grants_an_import(tmp_path: Path) -> None:
    path = tmp_path / "script.wasm"
    path.write_bytes(bytes(wasmtime.wat2wasm(ABORTS.format(start=""))))
    result = run_command("attach", str(path), "--tensor", "n:i32@16")
    assert result.exit_code == 0
    assert result.stderr == (
        "call it with --allow env.abort, as in 'wasmstate run', for what it imports\n"
    )


def test_attach_to_a_module_that_cannot_start_says_what_helps(tmp_path: Path) -> None:
    path = tmp_path / "script.wasm"
    path.write_bytes(bytes(wasmtime.wat2wasm(ABORTS.format(start="(start $begin)"))))
    result = run_command("attach", str(path), "--tensor", "n:i32@16")
    assert result.exit_code == 1
    assert "env.abort (i32 i32 i32 i32) -> ()" in result.stderr
    assert "give the values of all tensors, and it need not run" in result.stderr
    assert r"\n" not in result.stderr
