"""why names the instruction that wrote a cell, what called it, and with what."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from models import FIXTURES, write_model
from wasmstate import (
    ArgumentError,
    CallError,
    Module,
    SchemaError,
    Session,
    Signature,
    TensorSpec,
    Why,
    bake,
)
from wasmstate.binary.sections.code import CodeSection

HEAD = """(module (memory (export "memory") 1)
  (global (export "w") i32 (i32.const 64)) (global (export "n") i32 (i32.const 128))"""
TENSORS = ("w:f64[4]@sym:w", "n:i32[4]@sym:n")


def asked(path: Path, cell: str, *args: Any, name: str = "update", **options: Any) -> Why:
    with Session.open(path, **options) as session:
        before = session.state.contents()
        found = session.why(cell, name, *args)
        assert session.state.contents() == before
        assert session.generation == 0
    return found


def offset_of(path: Path, text: str, which: int = 0) -> int:
    """Where an instruction stands in a file."""
    section = Module.open(path).section(CodeSection)
    assert section is not None
    found = [at for func in section.entries for at, _, i in func.instructions() if str(i) == text]
    return found[which]


def planted(tmp_path: Path, body: str, *tensors: str, head: str = HEAD) -> Path:
    return write_model(tmp_path / "m.wasm", f"{head} {body})", *(tensors or TENSORS))


def test_1_a_store_in_the_function_itself(tmp_path: Path) -> None:
    path = planted(
        tmp_path,
        """(func (export "update") (param f64)
          (f64.store offset=64 (i32.const 16) (f64.mul (local.get 0) (f64.const 2))))""",
    )
    found = asked(path, "w[2]", 1.5)
    (write,) = found.writes
    assert str(write) == (
        f"w[2]: 0.0 -> 3.0 by f64.store offset=64 align=8 at {write.offset:#x} in update, "
        "address 80, operand 3.0"
    )
    assert write.offset == offset_of(path, write.instruction)
    assert [frame.call for frame in write.stack] == ["update(1.5)"]
    assert (found.call, found.count, found.value, found.problem) == ("update(1.5)", 1, None, None)


def test_2_a_store_in_a_helper_shows_the_calls_that_led_there(tmp_path: Path) -> None:
    path = planted(
        tmp_path,
        """(func $set (param $at i32) (param $value f64)
          (f64.store (local.get $at) (local.get $value)))
        (func $step (param $i i64) (param $x f32)
          (call $set (i32.const 72) (f64.promote_f32 (local.get $x))))
        (func (export "update") (param i64 f32)
          (call $set (i32.const 64) (f64.const 9))
          (call $step (local.get 0) (local.get 1)))""",
    )
    (write,) = asked(path, "w[1]", -7, 0.5).writes
    assert [frame.call for frame in write.stack] == [
        "set(72, 0.5)",
        "step(-7, 0.5)",
        "update(-7, 0.5)",
    ]
    places = [frame.offset for frame in write.stack]
    assert places == [
        offset_of(path, "f64.store align=8"),
        offset_of(path, "call 0", 0),
        offset_of(path, "call 1"),
    ]


def test_3_a_fill_that_runs_over_its_end(tmp_path: Path) -> None:
    path = planted(
        tmp_path,
        """(func (export "update") (param $count i32)
          (memory.fill (i32.const 64) (i32.const 255) (local.get $count)))""",
    )
    assert asked(path, "n[0]", 64).count == 0
    (write,) = asked(path, "n[0]", 66).writes
    assert (write.cell, write.before, write.after) == ("n[0]", 0, 65535)
    assert (write.address, write.size, write.value) == (64, 66, 255)
    assert asked(path, "n[0]", 0).count == 0


def test_4_a_copy_that_overlaps(tmp_path: Path) -> None:
    path = planted(
        tmp_path,
        """(data (i32.const 256) "\\00\\00\\00\\00\\00\\00\\f0\\3f")
        (func (export "update")
          (memory.copy (i32.const 88) (i32.const 256) (i32.const 8)))""",
    )
    (write,) = asked(path, "w").writes
    assert (write.cell, write.after, write.address, write.value) == ("w[3]", 1.0, 88, 256)


def test_5_a_segment_that_is_copied_in(tmp_path: Path) -> None:
    path = planted(
        tmp_path,
        """(data $d "abcdefgh")
        (func (export "update") (memory.init $d (i32.const 130) (i32.const 2) (i32.const 4)))""",
    )
    (write,) = asked(path, "n[0]").writes
    assert (write.instruction, write.address, write.size) == ("memory.init 0 0", 130, 4)
    assert write.after == int.from_bytes(b"\0\0cd", "little")


def test_6_a_store_of_one_byte_in_the_middle(tmp_path: Path) -> None:
    path = planted(
        tmp_path,
        """(func (export "update") (i32.store8 (i32.const 135) (i32.const 0x1ff)))""",
    )
    (write,) = asked(path, "n[1]").writes
    assert (write.size, write.value, write.after) == (1, 0x1FF, -(1 << 24))
    assert asked(path, "n[0]").count == asked(path, "n[2]").count == 0


def test_7_a_vector_over_two_cells_and_a_lane(tmp_path: Path) -> None:
    path = planted(
        tmp_path,
        """(func (export "update")
          (v128.store (i32.const 72) (v128.const f64x2 1.5 2.5))
          (v128.store64_lane 1 (i32.const 80) (v128.const f64x2 3.5 4.5)))""",
    )
    found = asked(path, "w[2]").writes
    assert [(each.before, each.after) for each in found] == [(0.0, 2.5), (2.5, 4.5)]
    assert [each.address for each in found] == [72, 80]
    assert [each.cell for each in asked(path, "w").writes] == ["w[1]", "w[2]"]


def test_8_atomic_instructions(tmp_path: Path) -> None:
    path = planted(
        tmp_path,
        """(func (export "update") (param i32) (result i32)
          (drop (i32.atomic.rmw.cmpxchg (i32.const 128) (i32.const 0) (i32.const 6)))
          (i32.atomic.rmw.add (i32.const 128) (local.get 0)))""",
    )
    found = asked(path, "n[0]", 4)
    assert [(each.value, each.after) for each in found.writes] == [(6, 6), (4, 10)]
    assert found.value == 6


def test_9_a_global(tmp_path: Path) -> None:
    text = """(global $count (export "count") (mut i64) (i64.const 5))
        (global $other (export "other") (mut f32) (f32.const 0))
        (func $bump (global.set $count (i64.add (global.get $count) (i64.const 1))))
        (func (export "update") (call $bump) (global.set $other (f32.const 2)) (call $bump))"""
    path = planted(tmp_path, text, "count:i64@global:count", "other:f32@global:other")
    found = asked(path, "count").writes
    assert [(each.before, each.after, each.address) for each in found] == [
        (5, 6, None),
        (6, 7, None),
    ]
    assert [each.stack[1].offset for each in found] == [
        offset_of(path, "call 0", 0),
        offset_of(path, "call 0", 1),
    ]
    assert str(asked(path, "other").writes[0]).endswith("in update, operand 2.0")


def test_10_a_pointer_to_a_function_and_recursion(tmp_path: Path) -> None:
    path = planted(
        tmp_path,
        """(type $t (func (param i32))) (table 1 funcref) (elem (i32.const 0) $down)
        (func $down (param i32)
          (if (local.get 0)
            (then (call_indirect (type $t)
              (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))
            (else (i32.store (i32.const 140) (i32.const 1)))))
        (func (export "update") (param i32) (call $down (local.get 0)))""",
    )
    (write,) = asked(path, "n[3]", 3).writes
    assert [frame.call for frame in write.stack] == [
        *(f"down({i})" for i in range(4)),
        "update(3)",
    ]
    (deep,) = asked(path, "n[3]", 500).writes
    assert [frame.call for frame in deep.stack] == [f"down({i})" for i in range(32)]


def test_11_a_tail_call_takes_the_frame_of_its_caller(tmp_path: Path) -> None:
    path = planted(
        tmp_path,
        """(func $last (param i32) (i32.store (i32.const 128) (local.get 0)))
        (func $middle (param i32) (return_call $last (i32.add (local.get 0) (i32.const 1))))
        (func (export "update") (call $middle (i32.const 1)))""",
    )
    (write,) = asked(path, "n[0]").writes
    assert [frame.call for frame in write.stack] == ["last(2)", "update()"]


def test_12_an_exception_leaves_no_frame_behind(tmp_path: Path) -> None:
    path = planted(
        tmp_path,
        """(tag $e)
        (func $throws (param i32) (throw $e))
        (func $quiet (i32.store (i32.const 128) (i32.const 3)))
        (func (export "update")
          (block $caught (try_table (catch $e $caught) (call $throws (i32.const 1))))
          (call $quiet))""",
    )
    (write,) = asked(path, "n[0]").writes
    assert [frame.call for frame in write.stack] == ["quiet()", "update()"]


def test_13_another_memory(tmp_path: Path) -> None:
    head = """(module (memory $a (export "a") 1) (memory $b (export "b") 1)"""
    body = """(func (export "update")
        (f32.store $a (i32.const 8) (f32.const 1)) (f32.store $b (i32.const 8) (f32.const 2)))"""
    path = planted(tmp_path, body, "x:f32@mem:a:8", "y:f32@mem:b:8", head=head)
    assert [write.after for write in asked(path, "x").writes] == [1.0]
    assert [write.after for write in asked(path, "y").writes] == [2.0]


def test_14_addresses_of_64_bits(tmp_path: Path) -> None:
    head = """(module (memory (export "memory") i64 1)"""
    body = """(func (export "update") (param i64)
        (i64.store offset=8 (local.get 0) (i64.const -1))
        (memory.fill (local.get 0) (i32.const 0) (i64.const 16)))"""
    path = planted(tmp_path, body, "x:i64@64", head=head)
    assert [write.after for write in asked(path, "x", 56).writes] == [-1, 0]


def test_writes_before_a_trap_are_told_and_so_is_the_trap(tmp_path: Path) -> None:
    path = planted(
        tmp_path,
        """(func (export "update")
          (i32.store (i32.const 128) (i32.const 1))
          (i32.store (i32.const 65536) (i32.const 2)))""",
    )
    found = asked(path, "n[0]")
    assert found.count == 1
    assert found.problem is not None
    assert found.problem.startswith("update() trapped")


def test_of_many_writes_the_first_thousand_are_shown(tmp_path: Path) -> None:
    path = planted(
        tmp_path,
        """(func (export "update") (param $i i32)
          (loop $next
            (i32.store (i32.const 128) (local.get $i))
            (br_if $next (local.tee $i (i32.sub (local.get $i) (i32.const 1))))))""",
    )
    found = asked(path, "n[0]", 1500)
    assert (found.count, len(found.writes)) == (1500, 1000)
    assert [each.after for each in found.writes[:2]] == [1500, 1499]


def test_what_the_start_function_wrote_is_none_of_the_call(tmp_path: Path) -> None:
    path = planted(
        tmp_path,
        """(func $inner (i32.store (i32.const 128) (i32.const 7)))
        (func $start (call $inner)) (start $start)
        (func (export "update") (call $inner))""",
    )
    (write,) = asked(path, "n[0]").writes
    assert [frame.call for frame in write.stack] == ["inner()", "update()"]


def test_arrays_defaults_labels_and_baked_files(tmp_path: Path) -> None:
    text = f"""{HEAD} (global (export "x") i32 (i32.const 512))
        (func (export "update") (param $x i32) (param $n i32) (param $y f64)
          (f64.store (i32.const 64) (f64.mul (local.get $y) (f64.load (local.get $x))))))"""
    signature = Signature.parse("(x: f64[2]@sym:x, n: i32 = 2, y: f64) -> ()")
    path = write_model(tmp_path / "m.wasm", text, *TENSORS, entry_points={"update": signature})
    bake(path).save(path, overwrite=True)
    (write,) = asked(path, "w[0]", [1.5, 2], 4).writes
    assert (write.after, write.stack[0].call) == (6.0, "update(512, 2, 4.0)")


@pytest.mark.parametrize("name", ["bandit", "linear", "liveness", "welford"])
def test_a_copy_that_is_watched_gives_what_the_module_gives(name: str, tmp_path: Path) -> None:
    path = Path(shutil.copy(FIXTURES / f"{name}.wasm", tmp_path))
    args = {"bandit": (2, 1.0), "linear": (1, 2, 3, 4, 5), "liveness": (1, 2, 3, 4)}.get(name, (3,))
    with Session.open(path, persist="manual") as session:
        for _ in range(3):
            found = {each: session.why(each, "update", *args) for each in session.state}
            before = session.state
            session.update(*args)
            for each, value in session.state.items():
                writes = found[each].writes
                if value.tobytes() != before[each].tobytes():
                    assert writes
                cells = {write.cell: write.after for write in writes}
                for cell, after in cells.items():
                    index = cell.partition("[")[2].rstrip("]")
                    at = tuple(map(int, index.split(","))) if index else ()
                    assert value[at] == after


@pytest.mark.parametrize(
    ("cell", "name", "args", "error", "said"),
    [
        ("v[0]", "update", (1.0,), SchemaError, "no tensor 'v'; there are w, n"),
        ("w[4]", "update", (1.0,), SchemaError, "w has the shape [4], no element [4]"),
        ("w[0,1]", "update", (1.0,), SchemaError, "w has the shape [4], no element [0, 1]"),
        ("w[", "update", (1.0,), SchemaError, "no tensor 'w['; there are w, n"),
        ("w", "learn", (1.0,), CallError, "the module exports no function 'learn'"),
        ("w", "update", (), ArgumentError, "takes 1 argument, 0 given"),
    ],
)
def test_what_cannot_be_asked_is_said(
    cell: str, name: str, args: tuple[float, ...], error: type[Exception], said: str, tmp_path: Path
) -> None:
    path = planted(tmp_path, '(func (export "update") (param f64))')
    with Session.open(path) as session, pytest.raises(error) as caught:
        session.why(cell, name, *args)
    assert said in str(caught.value)


def test_a_call_that_leaves_s_outside_its_bounds_says_so(tmp_path: Path) -> None:
    text = f"""{HEAD} (func (export "update") (param f64)
      (f64.store (i32.const 64) (local.get 0))))"""
    spec = TensorSpec("w", "f64", (4,), "sym:w", bounds=("finite",))
    path = write_model(tmp_path / "m.wasm", text, spec)
    found = asked(path, "w", float("inf"))
    assert found.problem == "it leaves S outside its bounds: w[0] = inf is not finite"
    assert found.writes[0].after == float("inf")
