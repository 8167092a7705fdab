"""What a commit keeps, what it moves on, and when it is refused."""

from __future__ import annotations

import os
import zlib
from dataclasses import replace as with_fields
from itertools import pairwise
from pathlib import Path

import pytest

from models import COUNTER, COUNTER_TENSORS, copy_fixture, state_of, write_counter, write_model
from wasmstate import (
    MalformedError,
    Module,
    NotCommittedError,
    SectionError,
    State,
    StateConflictError,
    StateCorruptError,
    StateError,
    check,
    commit,
    replace_section,
)
from wasmstate.storage import rewrite


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_counter(tmp_path / "model.wasm", values={"total": 1})


def test_a_commit_gives_the_state_that_is_in_the_file(path: Path) -> None:
    committed = commit(path, state_of(path).with_values({"total": 2}))
    assert committed.generation == 1
    assert committed.to_content() == state_of(path).to_content()
    assert committed["total"] == 2


def test_a_state_of_equal_size_changes_no_byte_outside_the_records_once_the_history_is_full(
    path: Path,
) -> None:
    commit(path, state_of(path).with_values({"total": 2}))
    before = Module.open(path)
    commit(path, state_of(path).with_values({"total": 3}))
    after = Module.open(path)
    prev, state = before.sections[-2:]
    assert (prev.name, state.name) == ("wasmstate.prev", "wasmstate.state")
    old, new = before.to_bytes(), after.to_bytes()
    assert len(old) == len(new) == state.end
    assert old[: prev.content_offset] == new[: prev.content_offset]
    assert old[prev.end : state.content_offset] == new[prev.end : state.content_offset]
    assert after.sections[-2].content == state.content


def test_without_a_history_no_byte_outside_the_state_section_changes(path: Path) -> None:
    before = Module.open(path)
    commit(path, state_of(path).with_values({"total": 2}), keep=0)
    section = before.sections[-1]
    old, new = before.to_bytes(), path.read_bytes()
    assert len(old) == len(new) == section.end
    assert old[: section.content_offset] == new[: section.content_offset]
    assert old[section.content_offset :] != new[section.content_offset :]


def test_sections_behind_the_state_stay_where_they_are(path: Path) -> None:
    replace_section(path, "note", b"\x01\x02\x03")
    commit(path, state_of(path).with_values({"total": 2}))
    names = [section.name for section in Module.open(path).custom_sections()]
    assert names[-2:] == ["wasmstate.state", "note"]
    assert Module.open(path).custom_sections("note")[0].content == b"\x01\x02\x03"


def test_generations_form_a_chain(path: Path) -> None:
    states = [state_of(path)]
    for total in range(2, 6):
        states.append(commit(path, states[-1].with_values({"total": total})))
    lineages = [state.record.lineage for state in states]
    assert [lineage.generation for lineage in lineages] == [0, 1, 2, 3, 4]
    assert lineages[0].parent_digest == lineages[0].base_digest == bytes(32)
    for parent, child in pairwise(states):
        assert child.record.lineage.parent_digest == parent.digest
        assert child.record.lineage.base_digest == states[0].digest


def test_a_conflict_names_both_generations(path: Path) -> None:
    mine = state_of(path)
    commit(path, commit(path, mine))
    before = path.read_bytes()
    with pytest.raises(StateConflictError) as caught:
        commit(path, mine)
    assert (caught.value.expected, caught.value.found) == (0, 2)
    assert str(caught.value) == (
        f"{path}: not committed, the file is at generation 2, the state was made from "
        "generation 0; somebody else has committed: read the file again"
    )
    assert path.read_bytes() == before


def test_an_older_state_can_be_put_back_by_naming_the_generation_it_replaces(path: Path) -> None:
    first = state_of(path)
    commit(path, first.with_values({"total": 2}))
    back = commit(path, first, expected_generation=1)
    assert (back.generation, int(back["total"])) == (2, 1)


def test_the_state_of_another_module_is_refused(path: Path, tmp_path: Path) -> None:
    other = write_model(
        tmp_path / "other.wasm", COUNTER.replace("i64.add", "i64.sub"), *COUNTER_TENSORS
    )
    with pytest.raises(StateConflictError) as caught:
        commit(path, state_of(other))
    assert str(caught.value) == (
        f"{path}: not committed, the file carries the state of another module"
    )
    assert (caught.value.expected, caught.value.found) == (0, 0)


def test_a_record_of_a_newer_version_is_not_written(path: Path) -> None:
    content = bytearray(state_of(path).to_content())
    content[10] = 1  # version 1.1
    replace_section(path, "wasmstate.state", _with_crc32(content), force=True)
    assert state_of(path).record.read_only
    with pytest.raises(StateError) as caught:
        commit(path, state_of(path))
    assert str(caught.value) == (
        f"{path}: the state section asks not to be written by this version"
    )


def _with_crc32(content: bytearray) -> bytes:
    """The record with the checksums of its header and its trailer made right."""
    content[252:256] = zlib.crc32(content[:252]).to_bytes(4, "little")
    content[-8:-4] = content[252:256]
    content[-4:] = zlib.crc32(content[-32:-4]).to_bytes(4, "little")
    return bytes(content)


def test_a_file_without_a_state_is_refused(path: Path) -> None:
    state = state_of(path)
    rewrite(path, lambda module: module.without_custom("wasmstate.state"))
    with pytest.raises(StateError) as caught:
        commit(path, state)
    assert str(caught.value) == ("the module has no wasmstate.state section")


def test_a_damaged_state_is_not_overwritten(path: Path) -> None:
    state = state_of(path)
    content = bytearray(state.to_content())
    content[-40] ^= 1
    replace_section(path, "wasmstate.state", bytes(content), force=True)
    before = path.read_bytes()
    with pytest.raises(StateCorruptError):
        commit(path, state)
    assert path.read_bytes() == before


def test_a_malformed_file_is_refused(path: Path) -> None:
    state = state_of(path)
    path.write_bytes(path.read_bytes()[:-5])
    before = path.read_bytes()
    with pytest.raises(MalformedError) as caught:
        commit(path, state)
    assert caught.value.reason.startswith("length out of bounds (the section claims ")
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["model.wasm"]


def test_a_durability_that_is_mistyped_is_not_taken_for_less(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(ValueError, match="durability") as caught:
        commit(path, state_of(path), durability="ful")  # type: ignore[arg-type]
    assert str(caught.value) == "durability must be one of full, ordered, none, not 'ful'"
    assert path.read_bytes() == before


def test_a_missing_file_is_refused(path: Path) -> None:
    missing = path.with_name("missing.wasm")
    with pytest.raises(NotCommittedError) as caught:
        commit(missing, state_of(path))
    assert str(caught.value) == f"{missing}: not committed: No such file or directory"


def test_a_folder_is_refused(path: Path) -> None:
    with pytest.raises(NotCommittedError) as caught:
        commit(path.parent, state_of(path))
    assert str(caught.value) == f"{path.parent}: not committed: Is a directory"


def test_an_edit_that_fails_leaves_nothing_behind(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(SectionError) as caught:
        rewrite(path, lambda module: module.without_custom("no such section"))
    assert str(caught.value) == "no custom section is named 'no such section'"
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["model.wasm"]


def test_a_damaged_file_can_be_rewritten_if_that_is_asked_for(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(b"not wasm" + whole[8:])
    with pytest.raises(MalformedError):
        rewrite(path, lambda _: Module.from_bytes(whole))
    rewrite(path, lambda _: Module.from_bytes(whole), strict=False)
    assert path.read_bytes() == whole


def test_any_custom_section_can_be_replaced_or_added(path: Path) -> None:
    replace_section(path, "note", b"one")
    replace_section(path, "note", b"other")
    assert [s.content for s in Module.open(path).custom_sections("note")] == [b"other"]
    assert check(path) == []


def test_a_state_section_holds_a_state_of_its_module(path: Path, tmp_path: Path) -> None:
    first = state_of(path)
    commit(path, first.with_values({"total": 2}))
    before = path.read_bytes()
    other = state_of(copy_fixture("bandit", tmp_path))
    for content, reason in (
        (b"junk", "header at content offset 0x4: cut short"),
        (other.to_content(), "the state belongs to another module"),
    ):
        with pytest.raises(SectionError) as caught:
            replace_section(path, "wasmstate.state", content)
        assert str(caught.value).startswith(f"this is no state for wasmstate.state: {reason}")
        assert caught.value.remedies == ("State.with_values()", "rollback()", "force")
        assert path.read_bytes() == before
    replace_section(path, "wasmstate.state", first.to_content())
    assert state_of(path)["total"] == 1
    replace_section(path, "wasmstate.state", b"junk", force=True)
    assert Module.open(path).custom_sections("wasmstate.state")[0].content == b"junk"


def test_a_section_whose_name_stands_twice_is_not_replaced(path: Path) -> None:
    rewrite(path, lambda m: m.with_custom("note", b"1").with_custom("note", b"2", index=0))
    with pytest.raises(SectionError) as caught:
        replace_section(path, "note", b"3")
    assert str(caught.value) == (
        "2 custom sections are named 'note' (sections 0, 9): give the index of one"
    )


def test_a_state_of_another_size_is_written_as_well(path: Path) -> None:
    state = state_of(path)
    schema = with_fields(state.schema, metadata={"note": "x" * 1000})
    record = with_fields(state.record, schema=schema.encode())
    commit(path, State(record))
    assert state_of(path).metadata == {"note": "x" * 1000}
    assert check(path) == []
