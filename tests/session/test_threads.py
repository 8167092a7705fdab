"""Sessions of several threads do not wait for each other, nor disturb each other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from models import state_of, write_counter, write_model
from wasmstate import DeadlineError, Limits, Session

ADDS_SLOWLY = """
(module
  (memory (export "memory") 1 1)
  (func (export "update") (param $by i64) (local $i i32)
    (loop
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if 0 (i32.lt_u (local.get $i) (i32.const 50000000))))
    (i64.store (i32.const 8) (i64.add (i64.load (i32.const 8)) (local.get $by)))))
"""
ENDLESS = '(module (memory (export "memory") 1) (func (export "update") (loop br 0)))'


def add_up(path: Path, count: int = 200) -> int:
    with Session.open(path, durability="none") as session:
        for i in range(count):
            session.update(i)
        total: int = session.predict()
        return total


def test_each_thread_has_a_session_of_its_own(tmp_path: Path) -> None:
    paths = [write_counter(tmp_path / f"{i}.wasm", values={"total": i}) for i in range(2)]
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(add_up, paths)) == [19900, 19901]
    assert [int(state_of(path)["total"]) for path in paths] == [19900, 19901]


def test_one_that_does_not_end_does_not_hold_up_the_other(tmp_path: Path) -> None:
    endless = write_model(tmp_path / "endless.wasm", ENDLESS, "s:i32@0")
    path = write_counter(tmp_path / "model.wasm")
    session = Session.open(endless, limits=Limits(seconds=2.0))
    with ThreadPoolExecutor(1) as threads:
        stuck = threads.submit(session.update)
        assert add_up(path, 20) == 190
        assert not stuck.done()
        with pytest.raises(DeadlineError):
            stuck.result(timeout=60)


@pytest.mark.parametrize("persist", ["every-change", "every:2", "on-close"])
def test_calls_of_one_session_follow_one_another(persist: str, tmp_path: Path) -> None:
    path = write_model(tmp_path / "model.wasm", ADDS_SLOWLY, "total:i64@8")
    at_once = Barrier(4)

    def add(by: int) -> None:
        at_once.wait()
        session.update(by)

    with Session.open(path, persist=persist) as session, ThreadPoolExecutor(4) as threads:
        list(threads.map(add, [1, 20, 300, 4000]))
        assert not threads.submit(session.flush).result()
        assert not session.is_dirty
    state = state_of(path)
    assert (int(state["total"]), state.update_count) == (4321, 4)
