"""What is recorded comes out the same when it is done again, bit for bit."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import copy_fixture, state_of, write_counter, write_model
from storage.disk import Disk
from wasmstate import (
    ArgumentError,
    Module,
    NotCommittedError,
    Session,
    StateError,
    TrapError,
    models,
)
from wasmstate.session.replay import ReplayStep, replay
from wasmstate.state.compare.call_log import CallLog, Entry, EntryKind, LogEncoder, read_log
from wasmstate.storage.filesystem import using


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_counter(tmp_path / "model.wasm")


def steps(path: Path) -> list[ReplayStep]:
    return list(replay(Module.open(path), read_log(path.with_suffix(".log").read_bytes())))


def check_same(path: Path) -> list[ReplayStep]:
    """Replay the log beside a model, all of which must come out the same."""
    done = steps(path)
    assert [each.problem for each in done if each.problem] == []
    assert all(each.is_same is not False for each in done)
    assert done[-1].is_same
    assert done[-1].after.contents() == state_of(path).contents()
    assert done[-1].after.update_count == state_of(path).update_count
    return done


@pytest.mark.parametrize("persist", ["every-change", "every:3", "on-close"])
def test_calls_are_replayed_from_the_state_that_the_session_began_with(
    tmp_path: Path, persist: str
) -> None:
    path = copy_fixture("bandit", tmp_path)
    with Session.open(path) as session:
        session.update(1, 1.0)
    with Session.open(path, persist=persist, record=path.with_suffix(".log")) as session:
        for reward in (1.0, 0.0, 1.0):
            session.update(session.predict(), reward)
        with pytest.raises(TrapError):
            session.update(9, 1.0)
        session.call("estimate", 2)
    done = check_same(path)
    assert [each.name for each in done if each.name != "predict"] == ["update"] * 3


def test_the_bits_of_a_signalling_nan_and_of_unsigned_integers_are_kept(tmp_path: Path) -> None:
    text = """(module
      (memory (export "memory") 1 1)
      (func (export "update") (param f32 i64 f64)
        (f32.store (i32.const 0) (local.get 0))
        (i64.store (i32.const 8) (local.get 1))
        (f64.store (i32.const 16) (local.get 2))))"""
    path = write_model(tmp_path / "model.wasm", text, "a:u32@0", "b:u64@8", "c:u64@16")
    signalling = np.frombuffer(bytes.fromhex("010080 7f".replace(" ", "")), np.float32)[0]
    with Session.open(path, record=path.with_suffix(".log")) as session:
        session.update(signalling, (1 << 64) - 1, -0.0)
        session.update(np.float32(1.5), -1, float("nan"))
    assert [int(each.after["a"]) for each in check_same(path)] == [0x7F800001, 0x3FC00000]


@pytest.mark.parametrize("many", [True, False])
def test_rows_are_replayed_one_by_one(tmp_path: Path, many: bool) -> None:
    path = tmp_path / "model.wasm"
    path.write_bytes(models.new("linear", features=2, lr=0.01).to_bytes())
    rows = np.random.default_rng(5).normal(size=(50, 3))
    with Session.open(path, persist="on-close", record=path.with_suffix(".log")) as session:
        if many:
            session.update_many(rows[:, :2], rows[:, 2])
        else:
            for *x, y in rows:
                session.update(x, y)
    done = check_same(path)
    assert len(done) == 50
    np.testing.assert_array_equal(done[7].arguments[0], rows[7, :2])
    assert sum(each.is_same is True for each in done) == (1 if many else 50)


def test_rows_before_one_that_fails_are_recorded(tmp_path: Path) -> None:
    path = copy_fixture("bandit", tmp_path)
    with Session.open(path, record=path.with_suffix(".log")) as session:
        with pytest.raises(TrapError):
            session.update_many([0, 1, 9, 2], [1.0, 1.0, 1.0, 1.0])
        with pytest.raises(TrapError):
            session.update_many([9], [1.0])
    assert len(check_same(path)) == 2


def test_a_rollback_is_recorded_too(path: Path) -> None:
    with Session.open(path, persist="manual", record=path.with_suffix(".log")) as session:
        session.update(5)
        session.rollback()
        session.update(2)
        session.flush()
    done = steps(path)
    assert [(each.text, int(each.after["total"])) for each in done] == [
        ("update(5)", 5),
        ("another state was loaded", 0),
        ("update(2)", 2),
    ]


def test_a_session_that_recorded_nothing_leaves_no_log_in_the_way_of_the_next(path: Path) -> None:
    log = path.with_suffix(".log")
    with Session.open(path, record=log) as session:
        assert log.exists()
        with pytest.raises(ArgumentError):
            session.update("five")
    assert not log.exists()
    with Session.open(path, record=log) as session:
        session.update(5)
    assert [each.text for each in check_same(path)] == ["update(5)"]


def test_a_log_whose_first_entry_cannot_be_written_is_kept(path: Path) -> None:
    log = path.with_suffix(".log")
    with using(Disk(fail="write", at=2, error=errno.ENOSPC)):
        session = Session.open(path, persist="manual", record=log)
        with pytest.raises(NotCommittedError, match="the record ends here"):
            session.update(5)
        session.close()
    assert read_log(log.read_bytes()).entries == ()


def test_a_log_whose_head_cannot_be_written_leaves_nothing(path: Path) -> None:
    log = path.with_suffix(".log")
    with (
        using(Disk(fail="write", error=errno.ENOSPC)),
        pytest.raises(NotCommittedError, match="No space left"),
    ):
        Session.open(path, record=log)
    assert not log.exists()


def test_a_difference_is_found_at_the_call_where_it_is(path: Path) -> None:
    log = path.with_suffix(".log")
    with Session.open(path, record=log) as session:
        for by in range(5):
            session.update(by)
    found = read_log(log.read_bytes())
    entries = list(found.entries)
    entries[3] = replace(entries[3], arguments=((99).to_bytes(8, "little"),))
    done = list(replay(Module.open(path), CallLog(found.base, tuple(entries), 0)))
    assert [each.is_same for each in done] == [True, True, True, False, False]


def test_a_call_that_fails_now_ends_the_replay(tmp_path: Path) -> None:
    path = copy_fixture("bandit", tmp_path)
    entry = Entry(EntryKind.CALL, "update", ((9).to_bytes(4, "little"), bytes(8)), bytes(32))
    (step,) = replay(Module.open(path), CallLog(state_of(path), (entry, entry), 0))
    assert step.problem is not None
    assert step.problem.startswith("update() trapped: wasm `unreachable` instruction executed")
    assert step.after.contents() == step.before.contents()


@pytest.mark.parametrize(
    ("kind", "name", "arguments"),
    [
        (EntryKind.CALL, "update", ()),
        (EntryKind.CALL, "update", (b"\1", bytes(8))),
        (EntryKind.ROWS, "update_many", (bytes(4), bytes(16))),
        (EntryKind.ROWS, "update_many", (bytes(3), bytes(8))),
        (EntryKind.STATE, "", (b"abc",)),
    ],
)
def test_a_log_that_tells_what_cannot_be_is_a_state_error(
    tmp_path: Path, kind: EntryKind, name: str, arguments: tuple[bytes, ...]
) -> None:
    path = copy_fixture("bandit", tmp_path)
    log = CallLog(state_of(path), (Entry(kind, name, arguments, bytes(32)),), 0)
    with pytest.raises(StateError, match="the log tells of "):
        list(replay(Module.open(path), log))


def test_a_log_of_another_module_is_refused(path: Path, tmp_path: Path) -> None:
    log = read_log(LogEncoder(state_of(path)).head)
    with pytest.raises(StateError, match="the log was recorded with another module"):
        list(replay(Module.open(copy_fixture("bandit", tmp_path)), log))


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_after_kill_9_the_log_leads_to_what_the_file_holds(path: Path) -> None:
    script = """
import os, sys; from wasmstate import Session
with Session.open(sys.argv[1], persist="every:20", record=sys.argv[2]) as s:
    for i in range(10**9):
        s.update(i)
        if i == 200: os.write(1, b"go\\n")
"""
    log = path.with_suffix(".log")
    words: list[Any] = [sys.executable, "-c", script, path, log]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    held = state_of(path).contents()
    done = steps(path)
    assert len(done) > 200
    assert all(each.is_same for each in done)
    assert held in [each.before.contents() for each in done] + [done[-1].after.contents()]
