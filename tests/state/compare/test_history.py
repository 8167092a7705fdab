"""The generations in a file, each held against the one before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.modules import MEMORY, wat
from state.records import record_bytes
from wasmstate.binary import Module
from wasmstate.errors import StateError
from wasmstate.state.attach.describe import describe, with_state
from wasmstate.state.compare.history import history, state_at
from wasmstate.state.compare.record_fields import RECORD_SECTIONS, section_fields
from wasmstate.state.older import INIT_SECTION, PREV_SECTION, STATE_SECTION
from wasmstate.state.record import successor
from wasmstate.state.state import State

PLAIN = wat(MEMORY)


def chain(length: int, value: Callable[[int], int] = lambda n: n) -> list[State]:
    """States of generations 0, 1, ..., whose ``n`` is what ``value`` makes of the generation."""
    states = [describe(PLAIN, ["n:i32@0"]).with_values({"n": value(0)})]
    for generation in range(1, length):
        after = states[-1].with_values({"n": value(generation)})
        states.append(State(successor(after.record, states[-1].record)))
    return states


ZERO, ONE, TWO, THREE = CHAIN = chain(4)
OTHER = chain(3, lambda n: -n)[1:]  # started from the same state and went apart
FOREIGN = chain(2, lambda n: 100 + n)


def carrying(*prev: State | bytes, state: State = THREE, init: State | None = None) -> Module:
    """A module with this history."""
    module = PLAIN
    if init is not None:
        module = module.with_custom(INIT_SECTION, init.to_content())
    contents = [each if isinstance(each, bytes) else each.to_content() for each in prev]
    return with_state(module.with_custom(PREV_SECTION, b"".join(contents)), state)


def links(module: Module) -> list[tuple[int | None, str]]:
    return [(entry.generation, entry.link) for entry in history(module)]


def test_a_whole_history_is_a_chain_from_generation_0() -> None:
    assert links(carrying(ZERO, ONE, TWO)) == [
        (0, "origin"),
        (1, "child"),
        (2, "child"),
        (3, "child"),
    ]


def test_entries_say_where_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "m.wasm"
    path.write_bytes(carrying(TWO, init=ZERO).to_bytes())
    entries = history(path)
    data = path.read_bytes()
    assert [entry.section for entry in entries] == [INIT_SECTION, PREV_SECTION, STATE_SECTION]
    for entry, state in zip(entries, (ZERO, TWO, THREE), strict=True):
        assert data[entry.offset : entry.offset + entry.size] == state.to_content()
        assert entry.state is not None
        assert entry.state.digest == state.digest
        assert (entry.problem, entry.is_wrong) == (None, False)
    assert history(str(path))[0].link_text == "generation 0"


def test_generations_that_are_not_in_the_file_leave_a_gap() -> None:
    assert links(carrying(ONE)) == [(1, "first"), (3, "gap")]
    assert links(carrying(TWO, init=ZERO)) == [(0, "origin"), (2, "gap"), (3, "child")]


def test_the_factory_state_may_be_in_the_history_too() -> None:
    module = carrying(ZERO, state=ONE, init=ZERO)
    assert links(module) == [(0, "origin"), (0, "same"), (1, "child")]


def test_a_fork_is_said() -> None:
    assert links(carrying(ZERO, OTHER[0], state=TWO)) == [(0, "origin"), (1, "child"), (2, "fork")]
    assert links(carrying(ONE, OTHER[1])) == [(1, "first"), (2, "fork"), (3, "fork")]
    assert [entry.is_wrong for entry in history(carrying(ONE, OTHER[1]))] == [False, True, True]


def test_an_order_that_goes_back_is_a_fork() -> None:
    assert links(carrying(TWO, ONE)) == [(2, "first"), (1, "fork"), (3, "gap")]


def test_what_did_not_start_from_the_same_state_is_foreign_and_breaks_no_chain() -> None:
    assert links(carrying(ONE, FOREIGN[1], TWO)) == [
        (1, "first"),
        (1, "foreign"),
        (2, "child"),
        (3, "child"),
    ]


def test_a_damaged_record_is_an_entry_without_a_state() -> None:
    content = bytearray(ONE.to_content())
    content[-40] ^= 1
    entries = history(carrying(ZERO, bytes(content), TWO))
    assert [entry.link for entry in entries] == ["origin", "damaged", "gap", "child"]
    assert entries[1].state is None
    assert entries[1].generation is None
    assert str(entries[1].problem).startswith("regions[0].padding at content offset ")
    assert entries[1].damage == (
        f"what stands in wasmstate.prev at {entries[1].offset:#x} is damaged ({entries[1].problem})"
    )


def test_a_damaged_state_does_not_hide_the_history() -> None:
    module = carrying(ZERO, ONE).with_custom(STATE_SECTION, b"", force=True)
    assert links(module) == [(0, "origin"), (1, "child"), (None, "damaged")]


def test_a_module_without_a_state_has_no_history() -> None:
    with pytest.raises(StateError) as caught:
        history(PLAIN)
    assert str(caught.value) == ("the module has no wasmstate.state section, so it has no history")


def test_a_generation_is_found_or_told_why_not() -> None:
    entries = history(carrying(b"junk", ONE, TWO))
    assert state_at(entries, 1).digest == ONE.digest
    with pytest.raises(StateError) as caught:
        state_at(entries, 0)
    assert str(caught.value) == (
        f"generation 0 is not in the file; it keeps 1, 2, 3; {entries[0].damage}"
    )
    with pytest.raises(StateError) as caught:
        state_at(entries[:1], 0)
    assert "; it keeps none that can be read; what stands " in str(caught.value)
    with pytest.raises(StateError) as caught:
        state_at(history(carrying(ONE, OTHER[0])), 1)
    assert str(caught.value) == "2 different states in the file are generation 1"


@given(
    st.lists(
        st.binary(max_size=300)
        | st.sampled_from([record_bytes(), ZERO.to_content(), ONE.to_content()[:-9]])
    )
)
def test_any_bytes_are_a_history_and_can_be_shown(pieces: list[bytes]) -> None:
    content = b"".join(pieces)
    module = carrying(content).with_custom(INIT_SECTION, content)
    entries = history(module)
    assert entries[-1].state is not None
    assert [entry.problem is None for entry in entries] == [
        entry.state is not None for entry in entries
    ]
    for name in RECORD_SECTIONS:
        fields, wrong = section_fields(name, content, 7)
        at = 7
        for field in fields:
            assert (field.offset, field.size > 0) == (at, True)
            at += field.size
        assert at == 7 + len(content)
        assert wrong or fields or name == PREV_SECTION


def test_the_fields_of_a_newer_record_have_no_hole() -> None:
    content = record_bytes(header={"minor": 1}, extra_header=b"new!" * 20)
    fields, wrong = section_fields(STATE_SECTION, content, 0)
    assert wrong == []
    assert sum(field.size for field in fields) == len(content)
    values = {field.path: field for field in fields}
    assert values["header.reserved"].value == bytes(40) + b"new!" * 20
    assert values["header.crc32"].offset == 332
    assert values["payload.w"].value == "[1.5, -2.0]"
    assert values["payload.n"].value == "7"


def test_a_schema_that_fills_its_block_has_no_padding_behind_it() -> None:
    paddings = set()
    for length in range(64):
        state = describe(PLAIN, ["w:u8[16]@0"], metadata={"note": "x" * length})
        fields, _ = section_fields(STATE_SECTION, state.to_content(), 0)
        assert all(field.size for field in fields)
        paddings.add(sum(field.size for field in fields if field.path == "padding"))
    assert paddings == set(range(64))


def test_a_long_tensor_is_shown_by_its_first_elements() -> None:
    state = describe(PLAIN, ["w:u8[9]@0"])
    fields, _ = section_fields(STATE_SECTION, state.to_content(), 0)
    (shown,) = [field.value for field in fields if field.path == "payload.w"]
    assert shown == "[0, 0, 0, 0, 0, 0, 0, 0, ..]"


def test_a_tensor_may_be_named_like_a_part_of_the_record() -> None:
    state = describe(PLAIN, ["header:u8@0", "schema:u8@1", "trailer:u8@2"])
    fields, _ = section_fields(STATE_SECTION, state.to_content(), 0)
    paths = [field.path for field in fields]
    assert len(set(paths)) == len(paths) - 1  # padding stands behind schema and payload
    assert {"payload.header", "payload.schema", "payload.trailer"} < set(paths)


def test_bytes_that_no_tensor_covers_are_padding() -> None:
    state = describe(PLAIN, ["a:u8@0", "b:u8@1", "c:u8@2"])
    schema = replace(state.schema, tensors=state.schema.tensors[::2])
    bare = State(replace(state.record, schema=schema.encode()))
    fields, _ = section_fields(STATE_SECTION, bare.to_content(), 0)
    assert [(field.path, field.size) for field in fields if "pa" in field.path][-4:] == [
        ("payload.a", 1),
        ("padding", 1),
        ("payload.c", 1),
        ("padding", 13),
    ]
