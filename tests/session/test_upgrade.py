"""New code for a model in use: what it has learned stays, whichever way it comes over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from models import COUNTER, COUNTER_TENSORS, from_wat, state_of, write_counter, write_pair
from support import message
from wasmstate import (
    CallLog,
    Module,
    SchemaError,
    Session,
    StateConflictError,
    StateError,
    attach,
    check,
    compare_versions,
    history,
    read_log,
    upgrade,
)

DOUBLING = COUNTER.replace("(local.get $by)", "(i64.mul (local.get $by) (i64.const 2))")
OTHER_ARGUMENT = COUNTER.replace("(param $by i64)", "(param $by i64) (param i32)")


def new_version(text: str = DOUBLING, *tensors: str) -> Module:
    return attach(from_wat(text), tensors or COUNTER_TENSORS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A model that was given 5 and 7, with the log of it beside it."""
    path = write_counter(tmp_path / "model.wasm", keep=0)
    with Session.open(path, record=tmp_path / "calls.log") as session:
        session.update(5)
        session.update(7)
    return path


def log_of(path: Path) -> CallLog:
    return read_log(path.with_name("calls.log").read_bytes())


def total(path: Path) -> int:
    return int(state_of(path)["total"])


def test_the_file_gets_the_new_code_and_the_values(path: Path) -> None:
    state = upgrade(path, new_version())
    assert (state.generation, state.update_count, int(state["total"])) == (3, 2, 12)
    assert check(path) == []
    with Session.open(path) as session:
        session.update(1)
        assert session.predict() == 14
    assert [each.is_wrong for each in history(path)] == [False]


def test_the_new_code_learns_again_what_was_recorded(path: Path) -> None:
    state = upgrade(path, new_version(), log=log_of(path))
    assert (state.generation, state.update_count, int(state["total"])) == (3, 2, 24)
    assert check(path) == []


def test_what_was_learned_before_the_log_is_converted(tmp_path: Path, path: Path) -> None:
    with Session.open(path, record=tmp_path / "later.log") as session:
        session.update(1)
    log = read_log((tmp_path / "later.log").read_bytes())
    assert int(upgrade(path, new_version(), log=log)["total"]) == 14
    only_total = new_version(DOUBLING, "sum:i64@sym:total")
    with pytest.raises(SchemaError, match="the log begins behind 2 updates"):
        upgrade(path, only_total, log=log)


def test_a_rollback_in_the_log_goes_back_to_what_the_new_code_was(tmp_path: Path) -> None:
    path = write_counter(tmp_path / "model.wasm")
    with Session.open(path, record=tmp_path / "calls.log") as session:
        session.update(5)
        held = session.state
        session.update(7)
        session.restore(held)
        session.update(1)
    assert total(path) == 6
    assert int(upgrade(path, new_version(), log=log_of(path))["total"]) == 12


def test_a_whole_memory_is_learned_again_and_never_converted(tmp_path: Path) -> None:
    path = tmp_path / "model.wasm"
    attach(from_wat(COUNTER), whole_memory=True).save(path)
    with Session.open(path, record=tmp_path / "calls.log") as session:
        session.update(5)
    new = attach(from_wat(DOUBLING), whole_memory=True)
    with pytest.raises(SchemaError, match="all of memory, as one program laid it out"):
        upgrade(path, new)
    assert compare_versions(path, new).verdict == "lost"
    assert compare_versions(path, path).verdict == "kept"
    upgrade(path, new, log=log_of(path))
    with Session.open(path) as session:
        assert session.predict() == 10


def changed(path: Path) -> None:
    with Session.open(path) as session:
        session.update(1)


@pytest.mark.parametrize(
    ("prepare", "version", "reason"),
    [
        (changed, new_version, "the log does not end with the state of the old model"),
        (
            Path.read_bytes,
            lambda: new_version(OTHER_ARGUMENT),
            r"the new code cannot learn entry 1 of the log, update\(\)",
        ),
    ],
)
def test_a_log_that_is_not_all_of_it_is_refused(
    prepare: Any, version: Any, reason: str, path: Path
) -> None:
    prepare(path)
    before = path.read_bytes()
    with pytest.raises(StateError, match=reason):
        upgrade(path, version(), log=log_of(path))
    assert path.read_bytes() == before


def test_a_tensor_that_would_be_lost_leaves_the_file_as_it_was(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(SchemaError, match="calls: refused"):
        upgrade(path, new_version(DOUBLING, "total:i64@sym:total"))
    assert path.read_bytes() == before
    state = upgrade(path, new_version(DOUBLING, "total:i64@sym:total"), drop=["calls"])
    assert list(state) == ["total"]


def test_a_session_on_the_old_code_commits_no_more(path: Path) -> None:
    with Session.open(path, persist="manual") as session:
        session.update(1)
        upgrade(path, new_version())
        text = message(StateConflictError, session.flush)
        assert text.endswith("not committed, the file carries the state of another module")
    assert total(path) == 12


def test_a_pair_of_files_is_upgraded_and_keeps_no_history(path: Path) -> None:
    code, beside = path.with_name("code.wasm"), path.with_name("model.state")
    write_pair(Module.open(path), code, beside)
    assert int(upgrade(code, new_version(), state=beside)["total"]) == 12
    assert check(code, state=beside) == []
    with Session.open(code, state=beside) as session:
        session.update(1)
        assert session.predict() == 14
    assert [each.generation for each in history(beside)] == [4]
