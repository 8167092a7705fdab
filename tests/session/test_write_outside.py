"""Who writes outside of every tensor."""

from pathlib import Path

import pytest

from cli_runner import run_command as wasmstate
from models import write_model
from support import message
from wasmstate import SchemaError, Session

# w has four elements, and update(k) writes k + 2 of them; out is no tensor; the stack is below 64.
STRAYS = """
(module
  (memory (export "memory") 1)
  (global $__stack_pointer (mut i32) (i32.const 64))
  (global (export "w") i32 (i32.const 64))
  (global (export "out") i32 (i32.const 1024))
  (func $put (param $at i32) (param $value f64) (f64.store (local.get $at) (local.get $value)))
  (func (export "update") (param $k i32)
    (local $i i32)
    (i32.store (i32.const 32) (i32.const 7))
    (loop $again
      (call $put
        (i32.add (i32.const 64) (i32.shl (local.get $i) (i32.const 3)))
        (f64.convert_i32_s (local.get $i)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.add (local.get $k) (i32.const 2)))))
    (memory.fill (i32.const 1028) (i32.const 255) (i32.const 8))
    (i32.store8 (i32.const 65535) (i32.const 1))))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_model(tmp_path / "m.wasm", STRAYS, "w:f64[4]@sym:w")


def test_each_instruction_that_strays_has_its_stack(path: Path) -> None:
    with Session.open(path) as session:
        found = session.write_outside("update", 4)
        assert session.generation == 0
    assert found.count == 4
    assert [(each.place, each.start, each.end, each.count) for each in found.writes] == [
        ("w+32", 96, 112, 2),
        ("out+4", 1028, 1036, 1),
        ("out+64511", 65535, 65536, 1),
    ]
    assert [frame.call for frame in found.writes[0].stack] == ["put(96, 4.0)", "update(4)"]
    assert [each.value for each in found.writes] == [4.0, 255, 1]


def test_a_call_that_stays_inside_writes_nothing_outside(path: Path) -> None:
    inner = write_model(path.with_name("n.wasm"), STRAYS, "w:f64[4]@sym:w", "out:u8[64512]@1024")
    with Session.open(inner) as session:
        assert session.write_outside("update", 2).count == 0


def test_a_whole_memory_has_no_outside(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.wasm", STRAYS, whole_memory=True)
    with Session.open(path) as session:
        said = message(SchemaError, lambda: session.write_outside("update", 2))
    assert said == "S is all of memory: nothing lies outside"


def test_the_command_lists_them(path: Path) -> None:
    result = wasmstate("why", str(path), "update", "4", "--write-outside")
    assert result.exit_code == 0, result.stderr
    first, second, *_ = result.stdout.splitlines()
    assert first == "w+32: addresses 96 to 112"
    assert second.strip().startswith("f64.store align=8 at 0x")
    both = wasmstate("why", str(path), "update", "4", "--write-outside", "--cell", "w")
    assert both.stderr.endswith("--cell and --write-outside: give one of them\n")
