"""A record in segments: bounded, each begins with S, together they replay as one log."""

from __future__ import annotations

from pathlib import Path

import pytest

from models import COUNTER, COUNTER_TENSORS, state_of, write_counter, write_model
from support import message
from wasmstate import Module, NotCommittedError, Session, StateError, open_log, replay
from wasmstate.storage.log_segments import segments_of

LIMIT = 24_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_counter(tmp_path / "model.wasm")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "calls.log"


def learn(path: Path, log: Path, updates: int, *, limit: int = LIMIT) -> None:
    with Session.open(path, persist="on-close", record=log, record_limit=limit) as session:
        for i in range(updates):
            session.update(i)


def sizes(log: Path) -> list[int]:
    return [each.stat().st_size for each in segments_of(log)]


def test_what_is_left_replays_bit_for_bit_to_the_state_in_the_file(path: Path, log: Path) -> None:
    learn(path, log, 500)
    names = [each.name for each in segments_of(log)]
    assert names == sorted(names)
    assert names[0] != "calls.log.000001"
    assert sum(sizes(log)) <= LIMIT
    joined = open_log(log)
    assert 0 < joined.base.update_count == 500 - len(joined.entries)
    steps = list(replay(Module.open(path), joined))
    assert all(step.is_same for step in steps)
    assert steps[-1].after.contents() == state_of(path).contents()
    assert steps[-1].after.update_count == 500


def test_the_next_session_goes_on_with_the_numbers(path: Path, log: Path) -> None:
    learn(path, log, 10)
    learn(path, log, 10)
    assert [each.name for each in segments_of(log)] == ["calls.log.000001", "calls.log.000002"]
    assert len(open_log(log).entries) == 20


def test_what_nobody_recorded_is_an_entry_that_loads_a_state(path: Path, log: Path) -> None:
    learn(path, log, 2)
    with Session.open(path) as session:
        session.update(100)
    learn(path, log, 2)
    steps = list(replay(Module.open(path), open_log(log)))
    assert [step.text for step in steps] == [
        "update(0)",
        "update(1)",
        "another state was loaded",
        "update(0)",
        "update(1)",
    ]
    assert all(step.is_same for step in steps)


def test_a_segment_that_a_killed_session_left_is_followed_by_the_next(
    path: Path, log: Path
) -> None:
    learn(path, log, 3)
    (first,) = segments_of(log)
    first.write_bytes(first.read_bytes()[:-5])
    learn(path, log, 1)
    joined = open_log(log)
    assert joined.torn > 0
    assert [entry.name for entry in joined.entries] == ["update", "update", "", "update"]


def test_other_code_in_between_is_refused(path: Path, log: Path) -> None:
    learn(path, log, 1)
    write_model(path, COUNTER.replace("i64.add", "i64.sub"), *COUNTER_TENSORS)
    learn(path, log, 1)
    text = message(StateError, lambda: open_log(log))
    assert text.startswith("segment 2 of the log was recorded with other code than the first")


def test_a_limit_without_room_for_states_is_refused(path: Path, log: Path) -> None:
    with pytest.raises(NotCommittedError, match="has no room for segments that begin with S"):
        learn(path, log, 1, limit=5000)
    assert segments_of(log) == []


def test_a_session_without_calls_leaves_no_segment(path: Path, log: Path) -> None:
    learn(path, log, 0)
    assert segments_of(log) == []
