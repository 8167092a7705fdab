"""Two files held against each other, byte by byte and section by section."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from state.compare.test_history import ONE, THREE, TWO, ZERO, carrying
from state.modules import MEMORY, wat
from wasmstate.binary import Module
from wasmstate.errors import StateError
from wasmstate.state.attach.describe import describe, with_state
from wasmstate.state.compare.byte_diff import (
    MOST_RANGES,
    ByteRange,
    SectionDiff,
    byte_ranges,
    record_parts,
    section_diffs,
)
from wasmstate.state.compare.compare_files import diff
from wasmstate.state.older import PREV_SECTION
from wasmstate.state.state import State

PLAIN = wat(MEMORY)


def test_a_file_is_compared_with_the_newest_of_its_history() -> None:
    found = diff(carrying(ZERO, TWO, b"junk", state=THREE))
    assert (found.before.generation, found.after.generation) == (2, 3)
    assert [each.name for each in found.tensors] == ["n"]
    assert found.sections == ()
    assert found.relation.proven


@pytest.mark.parametrize("prev", [[], [b"junk"]])
def test_a_file_without_a_readable_history_has_nothing_to_compare_with(prev: list[bytes]) -> None:
    with pytest.raises(StateError) as caught:
        diff(carrying(*prev))
    assert str(caught.value) == "the file keeps no older generation to compare with"


def test_two_files_are_compared_and_their_histories_prove_the_relation(tmp_path: Path) -> None:
    before, after = tmp_path / "1.wasm", tmp_path / "2.wasm"
    before.write_bytes(carrying(ZERO, state=ONE).to_bytes())
    after.write_bytes(carrying(ONE, TWO).to_bytes())
    found = diff(before, str(after), limit=0)
    assert str(found.relation) == "the second is 2 generations after the first; the same code"
    assert [(each.count, each.changes) for each in found.tensors] == [(1, ())]
    assert not found.is_empty
    assert diff(after, after).is_empty
    assert diff(Module.open(after), after).ranges == ()


def test_every_byte_that_differs_is_in_a_range(tmp_path: Path) -> None:
    before, after = carrying(ZERO, state=ONE), carrying(ONE, state=TWO)
    found = diff(before, after)
    assert found.ranges is not None
    old, new = before.to_bytes(), after.to_bytes()
    start = after.custom_sections("wasmstate.state")[0].content_offset
    differ = {i for i in range(start, len(new)) if old[i] != new[i]}
    told = {i for r in found.ranges for i in range(r.offset, r.offset + r.size)}
    assert differ <= told
    for each in found.ranges:
        assert {each.offset, each.offset + each.size - 1} <= differ
    assert {(each.part, each.tensor) for each in found.ranges} == {
        ("header", None),
        ("regions", None),
        ("payload", "n"),
        ("trailer", None),
    }


def test_changes_that_are_near_each_other_are_one_range() -> None:
    before = describe(PLAIN, ["w:u8[64]@0"])
    values = np.zeros(64, "u1")
    values[[0, 16, 33, 40]] = 1
    after = before.with_values({"w": values})
    at = after.content_offset("w")
    ranges = byte_ranges(before, after, 1000)
    assert ranges is not None
    assert [each for each in ranges if each.tensor] == [
        ByteRange(1000 + at, 17, "payload", "w"),
        ByteRange(1000 + at + 33, 8, "payload", "w"),
    ]


def test_changes_all_over_a_large_tensor_are_a_readable_number_of_ranges() -> None:
    before = describe(PLAIN, ["w:u8[40000]@0"])
    values = np.zeros(40_000, "u1")
    values[np.cumsum(17 + np.arange(250))] = 1
    after = before.with_values({"w": values})
    ranges = [r for r in byte_ranges(before, after, 0) or () if r.tensor]
    assert len(ranges) == MOST_RANGES
    assert sum(r.size for r in ranges) < 40_000
    last = int(np.flatnonzero(values)[-1]) + after.content_offset("w")
    assert ranges[-1].offset + ranges[-1].size == last + 1


def test_records_of_another_layout_have_no_common_bytes() -> None:
    other = with_state(PLAIN, describe(PLAIN, ["n:i64@0"]))
    assert diff(carrying(), other).ranges is None


def test_the_parts_of_a_record_have_no_hole() -> None:
    state = describe(PLAIN, ["a:u8@0", "b:f64[3]@100"])
    at = 0
    for part in record_parts(state):
        assert part.start == at
        at = part.end
    assert at == len(state.to_content())


def test_other_sections_that_differ_are_named() -> None:
    before = PLAIN.with_custom("note", b"1").with_custom("gone", b"22", index=0)
    before = before.with_custom("same", b"3").with_custom("note", b"4", index=0)
    after = (
        PLAIN.with_custom("same", b"3")
        .with_custom("note", b"55")
        .with_custom("note", b"1", index=0)
    )
    after = after.with_custom("new", b"")
    places = {section.index: section for section in after.sections}
    note = next(s for s in after.custom_sections("note") if s.content == b"1")
    assert section_diffs(before, after) == [
        SectionDiff("note", "changed", note.offset, 1),
        SectionDiff("note", "changed", after.custom_sections("note")[1].offset, 2),
        SectionDiff("new", "added", places[len(places) - 1].offset, 0),
        SectionDiff("gone", "removed", before.custom_sections("gone")[0].offset, 2),
    ]


def test_state_and_history_are_no_other_sections() -> None:
    before, after = carrying(ZERO, state=ONE), carrying(ONE, state=TWO)
    assert section_diffs(before, after) == []
    assert section_diffs(before, after.without_custom(PREV_SECTION)) == []


def test_a_state_that_was_read_is_written_as_it_was_read() -> None:
    content = ONE.to_content()
    assert State.from_content(content).to_content() == content
