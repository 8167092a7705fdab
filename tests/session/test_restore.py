"""S is restored last: what data segments, start and _initialize wrote does not survive."""

from __future__ import annotations

from pathlib import Path

import pytest

from models import state_of, write_model
from wasmstate import Session, TrapError

INITIALIZED = """
(module
  (memory (export "memory") 1)
  (global $g (export "g") (mut i64) (i64.const 1))
  (data (i32.const 0) "\\01\\00\\00\\00\\01\\00\\00\\00\\01\\00\\00\\00")
  (func $start
    (i32.store (i32.const 4) (i32.const 2))
    (global.set $g (i64.const 2)))
  (start $start)
  (func (export "_initialize")
    (i32.store (i32.const 8) (i32.const 3))
    (global.set $g (i64.const 3)))
  (func (export "predict") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "update") (param i32)
    (if (i32.lt_s (local.get 0) (i32.const 0)) (then unreachable))
    (i32.store (i32.const 0) (local.get 0))
    (i32.store (i32.const 4) (local.get 0))
    (i32.store (i32.const 8) (local.get 0))
    (global.set $g (i64.extend_i32_s (local.get 0)))))
"""


def values(session: Session) -> list[int]:
    state = session.state
    seen = [session.predict(address) for address in (0, 4, 8)]
    assert seen == state["s"].tolist()
    return [*seen, int(state["g"])]


def test_what_data_start_and_initialize_wrote_is_overwritten_by_s(tmp_path: Path) -> None:
    path = write_model(tmp_path / "model.wasm", INITIALIZED, "s:i32[3]@0", "g:i64@global:g")
    with Session.open(path) as session:
        assert values(session) == [1, 2, 3, 3]
        session.update(77)
    for expected in (77, 78):
        with Session.open(path) as session:
            assert values(session) == [expected] * 4
            assert not session.is_dirty
            session.update(expected + 1)


def test_it_is_so_after_an_undone_call_and_after_a_rollback_as_well(tmp_path: Path) -> None:
    path = write_model(tmp_path / "model.wasm", INITIALIZED, "s:i32[3]@0", "g:i64@global:g")
    with Session.open(path, persist="manual") as session:
        session.update(77)
        session.flush()
        session.update(78)
        with pytest.raises(TrapError):
            session.update(-1)
        assert values(session) == [78] * 4
        session.rollback()
        assert values(session) == [77] * 4


GROWING = """
(module
  (memory (export "memory") 1)
  (func (export "pages") (result i32) memory.size)
  (func (export "update") (param i32)
    (drop (memory.grow (local.get 0)))
    (i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (memory.size)))))
"""


def test_a_memory_that_grows_keeps_s_and_starts_small_again(tmp_path: Path) -> None:
    path = write_model(tmp_path / "model.wasm", GROWING, "s:i32@16")
    with Session.open(path) as session:
        for pages in (0, 100, 1000):
            session.update(pages)
        assert session.call("pages") == 1101
    assert state_of(path)["s"] == 1 + 101 + 1101
    with Session.open(path) as session:
        assert session.call("pages") == 1
        session.update(0)
    assert state_of(path)["s"] == 1 + 101 + 1101 + 1
