"""A program with a heap keeps all of its memory, also what it grew, and all of its globals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from models import from_wat, state_of
from stock import Stock
from support import message
from wasmstate import (
    LimitError,
    Limits,
    Module,
    SchemaError,
    SectionError,
    Session,
    State,
    StateCorruptError,
    TensorSpec,
    TrapError,
    attach,
    bake,
    check,
    commit,
    unbake,
)
from wasmstate.runtime.instance import Instance
from wasmstate.runtime.program import Program
from wasmstate.state.change.bake import bake_state
from wasmstate.state.record import Region, RegionKind

# A list on a heap: each update takes 40,000 bytes more and keeps one value at their start.
HEAP = """
(module $heap
  (memory 1)
  (global $top (mut i32) (i32.const 1024))
  (global $count (export "count") (mut i64) (i64.const 0))
  (global $constant i32 (i32.const 5))
  (table 1 funcref)
  (data (i32.const 16) "hello")
  (func $start (i32.store (i32.const 32) (i32.add (i32.load (i32.const 32)) (i32.const 1))))
  (start $start)
  (func (export "starts") (result i32) (i32.load (i32.const 32)))
  (func (export "pages") (result i32) (memory.size))
  (func (export "predict") (result f64)
    (local $at i32) (local $sum f64)
    (local.set $at (i32.const 1024))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (global.get $top)))
        (local.set $sum (f64.add (local.get $sum) (f64.load (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 40000)))
        (br $next)))
    (local.get $sum))
  (func (export "update") (param $x f64)
    (if (i32.gt_u (i32.add (global.get $top) (i32.const 40000))
                  (i32.mul (memory.size) (i32.const 65536)))
      (then (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))))
    (f64.store (global.get $top) (local.get $x))
    (global.set $top (i32.add (global.get $top) (i32.const 40000)))
    (global.set $count (i64.add (global.get $count) (i64.const 1)))))
"""


@pytest.fixture
def heap(tmp_path: Path) -> Path:
    path = tmp_path / "heap.wasm"
    path.write_bytes(attach(from_wat(HEAP), whole_memory=True).to_bytes())
    return path


def test_memory_that_grew_and_hidden_globals_come_back(heap: Path) -> None:
    for run in range(4):
        with Session.open(heap, persist="on-close") as session:
            assert session.predict() == sum(range(2 * run))
            assert session.call("pages") == [1, 2, 3, 4][run]
            assert session.call("starts") == 1
            session.update(2 * run)
            session.update(2 * run + 1)
    state = state_of(heap)
    assert dict(zip(state, (int(state[name]) for name in state), strict=True)) == {
        "top": 1024 + 8 * 40000,
        "count": 8,
    }
    assert state.regions[0].size == 5 * 65536
    assert len(state.to_content()) < 5000, "zeros are not stored"
    assert check(heap) == []


def test_memory_is_at_each_commit_what_it_was_bit_for_bit(heap: Path) -> None:
    once = heap.with_name("once.wasm")
    once.write_bytes(heap.read_bytes())
    for x in (0.5, 1.5, 2.5):
        with Session.open(heap) as session:
            session.update(x)
    with Session.open(once) as session:
        for x in (0.5, 1.5, 2.5):
            session.update(x)
    assert state_of(heap).digest == state_of(once).digest


def test_a_failed_call_takes_memory_back(heap: Path) -> None:
    with Session.open(heap, limits=Limits(memory=2 * 65536)) as session:
        for x in (1, 2, 3):
            session.update(x)
        for _ in range(2):
            with pytest.raises(TrapError):
                session.update(4)
        assert (session.predict(), session.call("pages"), session.generation) == (6.0, 2, 3)


def test_rollback_takes_grown_memory_back(heap: Path) -> None:
    with Session.open(heap, persist="manual") as session:
        session.update(1)
        session.flush()
        session.update(2)
        session.update(3)
        session.rollback()
        assert (session.predict(), session.call("pages")) == (1.0, 1)


def test_a_memory_that_may_not_grow_so_far_is_a_limit(heap: Path) -> None:
    with Session.open(heap) as session:
        session.update(1)
        session.update(2)
    with pytest.raises(LimitError) as caught:
        Session.open(heap, limits=Limits(memory=65536))
    text = "S takes 131,084 bytes of memory, and the limit is 65,536"
    assert str(caught.value) == text


def test_tensors_name_parts_of_memory() -> None:
    module = attach(from_wat(HEAP), ["greeting:u8[5]@16", "n:i64@global:count"], whole_memory=True)
    state = State.of(module)
    assert bytes(state["greeting"]) == b"hello"
    assert list(state) == ["greeting", "n", "top"]
    assert [state.place(name) for name in state] == [
        "16",
        "global:count",
        "global:wasmstate:global:0",
    ]
    content = state.to_content()
    at = state.content_offset("greeting")
    assert content[at : at + 5] == b"hello"
    changed = state.with_values({"greeting": list(b"HELLO")})
    assert changed.contents()[0] == state.contents()[0].replace(b"hello", b"HELLO")
    nothing = changed.with_contents([bytes(65536), *changed.contents()[1:]])
    assert nothing.content_offset("greeting") == nothing.record.payload_offset
    with pytest.raises(SchemaError, match="do not have the lengths"):
        state.with_contents([bytes(9), *state.contents()[1:]])


def test_stock_runtimes_start_from_a_whole_memory(heap: Path) -> None:
    with Session.open(heap) as session:
        for x in (1, 2, 3):
            session.update(x)
    module = Module.open(heap)
    baked = bake(module)
    assert unbake(baked).to_bytes() == module.to_bytes()
    stock = Stock(baked)
    assert (stock.call("predict"), stock.call("pages"), stock.call("starts")) == (6.0, 2, 1)
    stock.call("update", 4.0)
    assert (stock.call("predict"), stock.value("count")) == (10.0, 4)
    heap.write_bytes(baked.to_bytes())
    with Session.open(heap) as session:
        assert (session.call("starts"), session.call("pages")) == (1, 2)
        session.update(10)
    assert Stock(Module.open(heap)).call("predict") == 16.0
    assert check(heap) == []
    plain = heap.with_name("plain.wasm")
    plain.write_bytes(module.to_bytes())
    commit(plain, state_of(plain), baked=True)
    assert Stock(Module.open(plain)).call("predict") == 6.0


def test_a_session_starts_from_the_module_as_compiled_not_as_baked(heap: Path) -> None:
    first = state_of(heap).to_content()
    with Session.open(heap) as session:
        for x in (1, 2, 3):
            session.update(x)
    baked = bake(Module.open(heap))
    heap.write_bytes(baked.with_custom("wasmstate.state", first).to_bytes())
    with Session.open(heap) as session:
        assert (session.call("pages"), session.predict()) == (1, 0)


def test_what_lies_behind_a_smaller_memory_is_zero() -> None:
    program = Program(from_wat('(module (memory (export "m") 2) (data (i32.const 65540) "x"))'))
    region = Region(RegionKind.WHOLE_MEMORY, 0, 65536, 8, 0)
    (place,) = Instance(program).places([region])
    place.write(b"\x01" * 65536)
    assert place.read() == b"\x01" * 65536 + bytes(65536)


def test_a_module_without_memory_keeps_its_globals() -> None:
    state = State.of(
        attach(from_wat("(module (global (mut f32) (f32.const 2)))"), whole_memory=True)
    )
    assert ([r.kind for r in state.regions], list(state)) == ([RegionKind.GLOBAL], ["global 0"])
    text = message(SchemaError, lambda: attach(from_wat("(module)"), whole_memory=True))
    assert text == "the module has no memory and no global that can change: it has no state"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ('(import "e" "g" (global (mut i32)))', "global 0 is the host's, and can change"),
        (
            "(global (mut funcref) (ref.null func))",
            "global 0 can change and holds funcref",
        ),
        (
            "(global (mut v128) (v128.const i64x2 0 0))",
            "global 0 can change and holds v128",
        ),
        (
            """(import "e" "f" (func)) (table 1 funcref) (func nop)
               (func (drop (table.grow (ref.null func) (i32.const 1))))""",
            "function 2 writes to a table (table.grow)",
        ),
        (
            "(table 1 funcref)(table 1 funcref)(func (table.set 1 (i32.const 0) (ref.null func)))",
            "function 0 writes to a table (table.set)",
        ),
        (
            "(type (struct (field (mut i32))))",
            "objects of type 0 can change, and lie outside of memory",
        ),
        (
            "(type (struct (field i32)))(type (array (mut i8)))",
            "objects of type 1 can change, and lie outside of memory",
        ),
    ],
)
def test_state_that_is_more_than_memory_is_refused(fields: str, reason: str) -> None:
    module = from_wat(f"(module {fields})")
    text = message(SchemaError, lambda: attach(module, whole_memory=True))
    assert text == f"the state of this module is more than memory and globals: {reason}"


def test_a_range_beside_its_whole_memory_is_an_overlap() -> None:
    record = State.of(attach(from_wat(HEAP), whole_memory=True)).record
    regions = (record.regions[0], replace(record.regions[1], kind=RegionKind.MEMORY, address=8))
    with pytest.raises(StateCorruptError, match="overlaps"):
        State.from_content(replace(record, regions=(*regions, record.regions[2])).encode())


def test_a_damaged_whole_memory_is_named() -> None:
    record = State.of(attach(from_wat(HEAP), whole_memory=True)).record
    payload = bytes([9]) + record.payload[1:]
    with pytest.raises(StateCorruptError) as caught:
        State.from_content(replace(record, payload=payload).encode())
    text = str(caught.value)
    assert text.startswith("regions[0] at content offset")
    assert ": whole memory: " in text


def claims(size: int, tmp_path: Path, memory: str = "(memory 1)") -> Path:
    """A file of some thousand bytes whose memory claims a size."""
    code = from_wat(HEAP.replace("(memory 1)", memory))
    hello = TensorSpec("hello", "u8", (5,), "16", bounds=(">= 100",))
    module = attach(code, ["n:i64@global:count", hello], whole_memory=True)
    record = State.of(module).record
    regions = [
        replace(region, address=size) if region.kind is RegionKind.WHOLE_MEMORY else region
        for region in record.regions
    ]
    claiming = replace(record, regions=tuple(regions))
    path = tmp_path / "claims.wasm"
    path.write_bytes(module.with_custom("wasmstate.state", claiming.encode()).to_bytes())
    return path


def test_a_tensor_outside_the_memory_is_read_without_making_the_memory(tmp_path: Path) -> None:
    state = state_of(claims(4 << 30, tmp_path))
    assert state["n"] == 0
    assert "_contents" not in vars(state)


def test_values_are_set_and_held_against_bounds_without_making_the_memory(tmp_path: Path) -> None:
    state = state_of(claims(4 << 30, tmp_path))
    after = state.with_values({"n": 9, "hello": [104, 5, 105, 106, 107]})
    assert after["n"] == 9
    assert after.violations() == ["hello[1] = 5 is not >= 100"]
    assert state.violations() == []
    assert "_contents" not in vars(state) | vars(after)


def test_a_memory_larger_than_its_type_allows_is_not_made_to_bake_it(tmp_path: Path) -> None:
    module = Module.open(claims(4 << 30, tmp_path, "(memory 1 2)"))
    state = State.of(module)
    text = message(SectionError, lambda: bake_state(module, state))
    assert text == "memory 0 would start with 65536 pages, its max is 2"
    assert "_contents" not in vars(state)


def test_a_memory_that_is_only_claimed_is_not_made_to_bake_it(tmp_path: Path) -> None:
    module = Module.open(claims(3 << 30, tmp_path))
    state = State.of(module)
    text = message(SectionError, lambda: bake_state(module, state))
    assert text == "S takes 3,221,225,484 bytes of memory, at most 1,073,741,824 can be baked"
    assert "_contents" not in vars(state)


def test_a_memory_beyond_the_limit_is_refused_before_it_is_made(tmp_path: Path) -> None:
    path = claims(4 << 30, tmp_path)
    text = message(LimitError, lambda: Session.open(path))
    size, limit = "4,294,967,308", "1,073,741,824"
    assert text == f"S takes {size} bytes of memory, and the limit is {limit}"


LARGE_MEMORY = """
(module
  (memory (export "memory") 80)
  (data (i32.const 4194400) "data")
  (func (export "predict") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "update") (param i32 i32) (i32.store8 (local.get 0) (local.get 1))))
"""


def test_a_large_memory_of_zeros_is_restored_page_by_page(tmp_path: Path) -> None:
    path = tmp_path / "large.wasm"
    path.write_bytes(attach(from_wat(LARGE_MEMORY), whole_memory=True).to_bytes())
    last = 80 * 65536 - 1
    with Session.open(path) as session:
        for at, value in ((0, 1), (65536, 2), (last, 3), (4194400, 0)):
            session.update(at, value)
        contents = session.state.contents()
        session.update(65536, 0)
        session.update(4194400, 9)
    memory = bytearray(80 * 65536)
    memory[0], memory[65536], memory[last], memory[4194401:4194404] = 1, 2, 3, b"ata"
    assert contents == [bytes(memory)]
    with Session.open(path, persist="manual") as session:
        found = [session.predict(at) for at in (0, 65536, last, 4194400, 4194401)]
        assert found == [1, 0, 3, 9, ord("a")]
