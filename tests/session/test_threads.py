"""Sessions of several threads do not wait for each other, nor disturb each other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from models import state_of, write_counter, write_model
from wasmstate import DeadlineError, Limits, Session

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
