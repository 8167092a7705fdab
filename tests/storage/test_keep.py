"""Which older records a commit leaves in the file, and where."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import COUNTER, COUNTER_TENSORS, model, state_of, write_counter, write_model
from state.records import record_bytes
from wasmstate import (
    Module,
    SchemaError,
    Session,
    State,
    StateBoundsError,
    TensorSpec,
    attach,
    commit,
    replace_section,
)
from wasmstate.state.older import INIT_SECTION, PREV_SECTION, STATE_SECTION, split
from wasmstate.storage import rewrite


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_counter(tmp_path / "model.wasm")


def content_of(path: Path, name: str = PREV_SECTION) -> bytes:
    """Of the only section of this name; nothing if there is none."""
    return b"".join(section.content for section in Module.open(path).custom_sections(name))


def kept(path: Path) -> list[int]:
    """The generations in ``wasmstate.prev``, in the order of the file."""
    content = content_of(path)
    return [
        State.from_content(content[part.offset : part.end]).generation for part in split(content)
    ]


def names(path: Path) -> list[str]:
    return [s.name for s in Module.open(path).custom_sections() if s.name != "name"]


def learn(path: Path, times: int = 1, *, keep: int | None = None) -> None:
    """Commit so many times that ``total`` is the generation."""
    for _ in range(times):
        state = state_of(path)
        commit(path, state.with_values({"total": state.generation + 1}), keep=keep)


def test_a_file_without_a_commit_has_no_history(path: Path) -> None:
    assert names(path) == [STATE_SECTION]
    assert state_of(path).keep == 1


def test_the_record_that_is_replaced_is_kept_as_it_was(path: Path) -> None:
    old = content_of(path, STATE_SECTION)
    learn(path)
    assert names(path) == [PREV_SECTION, STATE_SECTION]
    assert content_of(path) == old
    learn(path)
    assert kept(path) == [1]


def test_the_size_of_the_section_is_written_in_five_bytes(path: Path) -> None:
    learn(path)
    prev = Module.open(path).custom_sections(PREV_SECTION)[0]
    assert prev.content_offset - prev.offset == 1 + 5 + 1 + len(PREV_SECTION)


def test_the_file_remembers_how_many_it_keeps(path: Path) -> None:
    learn(path, keep=3)
    learn(path, 5)
    assert (kept(path), state_of(path).keep) == ([3, 4, 5], 3)
    learn(path, keep=2)
    assert kept(path) == [5, 6]
    learn(path, keep=0)
    assert names(path) == [STATE_SECTION]
    learn(path)
    assert names(path) == [STATE_SECTION]
    learn(path, keep=1)
    assert kept(path) == [9]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.none() | st.integers(0, 5), max_size=8))
def test_the_history_is_exactly_the_last_ones(path: Path, keeps: list[int | None]) -> None:
    write_counter(path)
    keep, expected = 1, list[bytes]()
    for each in keeps:
        expected.append(content_of(path, STATE_SECTION))
        learn(path, keep=each)
        keep = keep if each is None else each
        expected = expected[-keep:] if keep else []
        assert content_of(path) == b"".join(expected)


def test_a_number_that_cannot_be_is_refused_before_anything_is_done(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(ValueError, match="keep must be a whole number between 0 and 64, not 65"):
        commit(path, state_of(path), keep=65)
    with pytest.raises(ValueError, match="keep must be a whole number between 0 and 64, not -1"):
        Session.open(path, keep=-1)
    with pytest.raises(ValueError, match="keep must be a whole number between 0 and 64, not 99"):
        model(COUNTER, *COUNTER_TENSORS, keep=99)
    with pytest.raises(ValueError, match="keep must be a whole number between 0 and 64, not None"):
        model(COUNTER, *COUNTER_TENSORS, keep=None)
    with pytest.raises(ValueError, match=r"keep must be a whole number between 0 and 64, not 1\.5"):
        commit(path, state_of(path), keep=1.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected_generation must be a whole number, not nan"):
        commit(path, state_of(path), expected_generation=math.nan)  # type: ignore[arg-type]
    assert path.read_bytes() == before


def test_a_session_keeps_as_many_as_it_is_told(path: Path) -> None:
    with Session.open(path, keep=2) as session:
        for _ in range(4):
            session.update(1)
    assert kept(path) == [2, 3]
    with Session.open(path) as session:
        session.update(1)
    assert kept(path) == [3, 4]


def test_bytes_that_are_no_record_count_as_one_and_leave_by_age(path: Path) -> None:
    learn(path, 3, keep=3)
    content = content_of(path)
    start, end = split(content)[1].offset, split(content)[1].end
    damaged = content[start : start + 100] + b"\xff" + content[start + 101 : end]
    replace_section(path, PREV_SECTION, content[:start] + damaged + content[end:])
    learn(path)
    assert content_of(path).startswith(damaged + content[end:])
    learn(path)
    assert content_of(path).startswith(content[end:])
    assert kept(path) == [2, 3, 4]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=40) | st.just(record_bytes()), max_size=4), st.integers(0, 3))
def test_whatever_stands_in_prev_a_commit_is_made(
    path: Path, pieces: list[bytes], keep: int
) -> None:
    write_counter(path)
    replace_section(path, PREV_SECTION, b"".join(pieces))
    old = content_of(path, STATE_SECTION)
    learn(path, keep=keep)
    assert state_of(path).generation == 1
    assert content_of(path).endswith(old if keep else b"")


def test_a_record_of_a_newer_version_is_kept_verbatim(path: Path) -> None:
    newer = record_bytes(header={"minor": 7}, extra_header=b"new!" * 4)
    replace_section(path, PREV_SECTION, newer)
    learn(path, keep=2)
    assert content_of(path).startswith(newer)


def test_the_history_goes_to_its_place_before_the_state(path: Path) -> None:
    learn(path, 2, keep=4)
    (prev,) = Module.open(path).custom_sections(PREV_SECTION)
    oldest, newest = (prev.content[part.offset : part.end] for part in split(prev.content))
    rewrite(
        path,
        lambda module: (
            module.without_custom(PREV_SECTION)
            .with_custom(PREV_SECTION, oldest, index=0)
            .with_custom(PREV_SECTION, newest, index=1)
            .with_custom("note", b"behind")
        ),
    )
    learn(path)
    assert names(path) == [PREV_SECTION, STATE_SECTION, "note"]
    assert kept(path) == [0, 1, 2]


def test_a_history_that_stands_twice_goes_when_none_is_kept(path: Path) -> None:
    rewrite(
        path,
        lambda module: module.with_custom(PREV_SECTION, b"1").with_custom(
            PREV_SECTION, b"2", index=0
        ),
    )
    learn(path, keep=0)
    assert names(path) == [STATE_SECTION]


def test_generation_0_is_kept_for_ever_if_that_was_asked_for(tmp_path: Path) -> None:
    path = write_counter(tmp_path / "m.wasm", values={"total": 7}, keep=2, keep_init=True)
    assert names(path) == [INIT_SECTION, STATE_SECTION]
    init = content_of(path, INIT_SECTION)
    assert init == content_of(path, STATE_SECTION)
    learn(path, 4)
    assert names(path) == [INIT_SECTION, PREV_SECTION, STATE_SECTION]
    assert content_of(path, INIT_SECTION) == init
    assert kept(path) == [2, 3]


def test_a_factory_state_that_is_there_is_not_replaced(path: Path) -> None:
    module = Module.open(path).without_custom(STATE_SECTION).with_custom(INIT_SECTION, b"old")
    with pytest.raises(SchemaError) as caught:
        attach(module, COUNTER_TENSORS, keep_init=True)
    assert str(caught.value) == "the module has a wasmstate.init section already: remove it first"
    assert attach(module, COUNTER_TENSORS).custom_sections(INIT_SECTION)[0].content == b"old"


def test_values_out_of_their_bounds_do_not_replace_a_good_state(tmp_path: Path) -> None:
    total = TensorSpec("total", "i64", (), "sym:total", bounds=(">= 0",))
    path = write_model(tmp_path / "m.wasm", COUNTER, total)
    before = path.read_bytes()
    bad = state_of(path).with_values({"total": -1})
    with pytest.raises(StateBoundsError) as caught:
        commit(path, bad)
    assert str(caught.value) == "total = -1 is not >= 0"
    assert path.read_bytes() == before
    commit(path, bad, check_bounds=False)
    assert state_of(path)["total"] == -1
