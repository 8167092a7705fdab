"""Going back to an older generation, and never losing the newer one."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import COUNTER, COUNTER_TENSORS, model, state_of, write_counter, write_model
from state.records import record_bytes
from storage.test_keep import content_of, learn
from wasmstate import (
    Module,
    Session,
    State,
    StateBoundsError,
    StateConflictError,
    StateError,
    TensorSpec,
    check,
    commit,
    history,
    replace_section,
    rollback,
)
from wasmstate.state.older import INIT_SECTION, PREV_SECTION, STATE_SECTION, split
from wasmstate.storage import rollback as storage_rollback


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """At generation 4, whose ``total`` is the generation, with three older ones."""
    path = write_counter(tmp_path / "model.wasm")
    learn(path, 4, keep=3)
    return path


def total(path: Path) -> int:
    return int(state_of(path)["total"])


def generations(path: Path) -> list[int | None]:
    return [entry.generation for entry in history(path)]


def refusal(path: Path, *arguments: object, error: type[Exception] = StateError) -> str:
    before = path.read_bytes()
    with pytest.raises(error) as caught:
        rollback(path, *arguments)  # type: ignore[arg-type]
    assert path.read_bytes() == before
    prefix = f"{path}: not rolled back: "
    assert str(caught.value).startswith(prefix)
    return str(caught.value).removeprefix(prefix)


def test_the_generation_before_comes_back_as_a_new_one(path: Path) -> None:
    replaced = state_of(path)
    after = rollback(path)
    assert (after.generation, int(after["total"])) == (5, 3)
    assert after.record.lineage.parent_digest == replaced.digest
    assert after.to_content() == state_of(path).to_content()
    assert generations(path) == [2, 3, 4, 5]
    assert [entry.link for entry in history(path)] == ["first", "child", "child", "child"]
    assert check(path) == []


def test_to_roll_back_twice_is_to_have_the_newer_one_again(path: Path) -> None:
    rollback(path)
    rollback(path)
    assert (state_of(path).generation, total(path)) == (6, 4)


def test_any_generation_that_is_in_the_file_comes_back(path: Path) -> None:
    assert int(rollback(path, 2)["total"]) == 2
    assert refusal(path, 1) == "generation 1 is not in the file; it keeps 2, 3, 4"
    assert refusal(path, 5) == "generation 5 is the one that the file is at"


def test_the_count_of_updates_goes_back_with_the_values(tmp_path: Path) -> None:
    path = write_counter(tmp_path / "m.wasm")
    with Session.open(path) as session:
        session.update(2)
        session.update(3)
    assert rollback(path).update_count == 1


def test_a_session_takes_what_was_rolled_back(path: Path) -> None:
    with Session.open(path, persist="manual") as session:
        session.update(100)
        rollback(path)
        session.rollback()
        assert (session.predict(), session.generation) == (3, 5)


def test_the_factory_state_comes_back_for_ever(tmp_path: Path) -> None:
    path = write_counter(tmp_path / "m.wasm", values={"total": 7}, keep=0, keep_init=True)
    learn(path, 3)
    assert rollback(path, "init").generation == 4
    assert total(path) == 7
    learn(path)
    assert int(rollback(path, 0)["total"]) == 7
    assert refusal(path) == "the file keeps no generation before this one; it keeps 0"


def test_init_is_generation_0_wherever_it_stands(tmp_path: Path) -> None:
    path = write_counter(tmp_path / "m.wasm", values={"total": 7})
    assert refusal(path, "init") == "generation 0 is the one that the file is at"
    learn(path)
    assert int(rollback(path, "init")["total"]) == 7
    learn(path, 2)
    assert refusal(path, "init") == "generation 0 is not in the file; it keeps 3"


def test_a_damaged_generation_is_not_passed_over(path: Path) -> None:
    content = bytearray(content_of(path))
    content[-40] ^= 1
    replace_section(path, PREV_SECTION, bytes(content))
    section = Module.open(path).custom_sections(PREV_SECTION)[0]
    at = section.content_offset + split(section.content)[-1].offset
    damage = f"what stands in wasmstate.prev at {at:#x} is damaged (regions[1].padding at content "
    assert refusal(path).startswith(damage)
    assert refusal(path).endswith("must be zero); it keeps 1, 2")
    assert refusal(path, 3).startswith(f"generation 3 is not in the file; it keeps 1, 2; {damage}")
    assert int(rollback(path, 2)["total"]) == 2


def test_a_fork_has_to_be_named(path: Path, tmp_path: Path) -> None:
    other = write_counter(tmp_path / "other.wasm")
    commit(other, state_of(other).with_values({"total": -1}))
    for value in (-2, -3):
        commit(other, state_of(other).with_values({"total": value}))
    replace_section(path, PREV_SECTION, content_of(other, STATE_SECTION))
    assert refusal(path) == (
        "generation 3 in the file is not the parent of generation 4: name the generation to go "
        "back to"
    )
    assert int(rollback(path, 3)["total"]) == -3


def test_a_gap_does_not_keep_from_going_back(path: Path) -> None:
    content = content_of(path)
    replace_section(path, PREV_SECTION, content[: split(content)[0].end])
    assert int(rollback(path)["total"]) == 1


def test_a_state_that_started_elsewhere_is_refused(path: Path, tmp_path: Path) -> None:
    other = write_counter(tmp_path / "other.wasm", values={"total": 99})
    learn(other)
    replace_section(path, PREV_SECTION, content_of(other, STATE_SECTION))
    assert refusal(path) == ("generation 1 and the state in the file did not start from one state")


def test_a_state_of_other_code_is_refused(path: Path, tmp_path: Path) -> None:
    text = COUNTER.replace("i64.add", "i64.sub")
    other = write_model(tmp_path / "other.wasm", text, *COUNTER_TENSORS)
    replace_section(path, PREV_SECTION, content_of(other, STATE_SECTION))
    assert refusal(path) == "generation 0 belongs to other code than the file has"


def test_a_record_of_a_newer_version_does_not_come_back(path: Path) -> None:
    digest = state_of(path).record.lineage
    newer = record_bytes(
        header={
            "minor": 1,
            "module_digest": digest.module_digest,
            "base_digest": digest.base_digest,
        }
    )
    replace_section(path, PREV_SECTION, newer)
    with pytest.raises(StateError) as caught:
        rollback(path, 5)
    assert str(caught.value) == (
        f"{path}: the new values are of a newer version of the format than this"
    )


def test_an_expected_generation_is_compared(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(StateConflictError) as caught:
        rollback(path, expected_generation=3)
    assert (caught.value.expected, caught.value.found) == (3, 4)
    assert path.read_bytes() == before
    assert rollback(path, expected_generation=4, keep=1, durability="none").keep == 1


def test_what_somebody_commits_meanwhile_is_not_replaced(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = path.read_bytes()
    commit(path, state_of(path).with_values({"total": 50}))
    theirs = path.read_bytes()
    path.write_bytes(copy)
    commit(path, state_of(path).with_values({"total": 5}))  # another generation 5

    def late(*arguments: Any, **options: Any) -> State:
        path.write_bytes(theirs)
        return commit(*arguments, **options)

    monkeypatch.setattr(storage_rollback, "commit", late)
    with pytest.raises(StateConflictError, match="a copy was put in its place"):
        rollback(path)
    assert path.read_bytes() == theirs


def test_values_out_of_their_bounds_come_back_only_if_that_is_wanted(tmp_path: Path) -> None:
    spec = TensorSpec("total", "i64", (), "sym:total", bounds=(">= 0",))
    path = tmp_path / "m.wasm"
    path.write_bytes(model(COUNTER, spec).to_bytes())
    commit(path, state_of(path).with_values({"total": -1}), check_bounds=False)
    commit(path, state_of(path).with_values({"total": 1}))
    with pytest.raises(StateBoundsError, match="total = -1 is not >= 0"):
        rollback(path)
    assert int(rollback(path, check_bounds=False)["total"]) == -1


def test_a_file_without_a_state_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.wasm"
    path.write_bytes(Module.open(write_counter(path)).without_custom(STATE_SECTION).to_bytes())
    with pytest.raises(StateError, match=r"^the module has no wasmstate\.state section"):
        rollback(path)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 3) | st.none(), max_size=8), st.integers(1, 4))
def test_whatever_is_done_generations_grow_and_the_history_is_a_chain(
    path: Path, steps: list[int | None], keep: int
) -> None:
    """``None`` is a commit, a number is how far to go back, as far as there is anything."""
    write_counter(path, keep=keep)
    digests: list[bytes] = [state_of(path).digest]
    for step in steps:
        older = generations(path)[:-1]
        if step is None or not older:
            learn(path)
        else:
            wanted = older[-1 - step % len(older)]
            assert wanted is not None
            assert rollback(path, wanted).digest == digests[wanted]
        digests.append(state_of(path).digest)
        entries = history(path)
        assert entries[-1].generation == len(digests) - 1
        assert len(entries) == min(keep, len(digests) - 1) + 1
        assert [entry.state.digest for entry in entries if entry.state] == digests[-len(entries) :]
        assert all(entry.link in ("origin", "child", "first") for entry in entries)
        assert all(b.generation == a.generation + 1 for a, b in pairwise(map(_state, entries)))


def _state(entry: object) -> State:
    state = getattr(entry, "state", None)
    assert isinstance(state, State)
    return state


def test_junk_in_the_factory_section_is_no_factory_state(path: Path) -> None:
    replace_section(path, INIT_SECTION, b"junk")
    assert refusal(path, "init").startswith(
        "generation 0 is not in the file; it keeps 1, 2, 3; what stands in wasmstate.init at "
    )
    assert rollback(path).generation == 5
