"""Damage that is planted is named: what, where, how sure, and which repair fits."""

from __future__ import annotations

import struct
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from state.damaged import (
    MODELS,
    after_update,
    fixture_model,
    flipped,
    real_model,
    state_at,
    with_generation,
    zeroed,
)
from state.modules import MEMORY, wat
from state.records import record_bytes
from support import custom_bytes, module_bytes
from wasmstate.binary import Module
from wasmstate.state.attach.describe import with_state
from wasmstate.state.damage.check import Finding, check_module
from wasmstate.state.layout import MAGIC, MAX_COUNT
from wasmstate.state.older import INIT_SECTION, PREV_SECTION, STATE_SECTION
from wasmstate.state.record import successor
from wasmstate.state.state import State

BANDIT = fixture_model("bandit")
RECORD = record_bytes()
DATA = BANDIT.to_bytes()
STATE = State.of(BANDIT)
SECTION = BANDIT.sections[-1]
CONTENT = SECTION.content_offset
WHERE = f"sections[{SECTION.index}].wasmstate.state"
COPY = "restore the file from a copy"
PROVED = "it can be mended, and the state digest (SHA-256) proves the result"


def findings(data: bytes | Module) -> list[Finding]:
    data = data.to_bytes() if isinstance(data, Module) else data
    return check_module(Module.from_bytes(data, strict=False))


def first(data: bytes | Module) -> Finding:
    return findings(data)[0]


def values_at(name: str) -> int:
    return CONTENT + STATE.content_offset(name)


# The file.


def test_a_file_of_zeros_was_never_synced() -> None:
    (found,) = findings(bytes(3000))
    assert str(found) == (
        "error (likely): magic at 0x0: all 3000 bytes are zero: the file was never synced before "
        f"a power cut; {COPY}"
    )


def test_an_empty_file_is_named() -> None:
    (found,) = findings(b"")
    assert (found.offset, found.certainty) == (0, "likely")
    assert found.reason == (
        "unexpected end (the file is empty): created or cut, and its bytes were never synced "
        "before a power cut"
    )


def test_zeros_at_the_start_still_leave_the_state() -> None:
    found = first(zeroed(DATA, 0, 2048))
    assert found.reason == (
        "the first 2048 bytes are zero: a block that was never synced before a power cut"
    )
    assert found.advice == (
        f"the state at {CONTENT:#x} can be salvaged; its code comes from a donor"
    )
    assert first(bytes(512) + b"x" * 100).advice == COPY


def test_erased_flash_at_the_start_still_leaves_the_state() -> None:
    found = first(b"\xff" * 512 + DATA[512:])
    assert found.reason == (
        "the first 512 bytes are 0xFF, as erased flash memory reads: a block was erased, and not "
        "written again"
    )
    assert found.advice == (
        f"the state at {CONTENT:#x} can be salvaged; its code comes from a donor"
    )
    assert found.remedies == ("salvage()", "donor")


def test_whatever_stands_at_the_start_the_state_behind_it_is_told() -> None:
    found = first(b"\x55\xaa" * 256 + DATA[512:])
    assert (found.reason, found.certainty) == ("magic header not detected", "certain")
    assert found.advice.startswith(f"the state at {CONTENT:#x} can be salvaged")


def test_a_file_of_erased_flash_is_told() -> None:
    (found,) = findings(b"\xff" * 4096)
    assert str(found) == (
        "error (likely): magic at 0x0: all 4096 bytes are 0xFF, as erased flash memory reads: "
        f"nothing was ever written there; {COPY}"
    )


@pytest.mark.parametrize(("fill", "what"), [(0, "zero: they were never synced"), (255, "0xFF, as")])
def test_a_file_that_was_not_written_to_its_end_is_told_as_that(fill: int, what: str) -> None:
    found = first(DATA[: SECTION.offset] + bytes([fill]) * 3000)
    assert (found.offset, found.certainty) == (SECTION.offset, "likely")
    assert found.reason.startswith(f"the last 3000 bytes are {what}")
    assert found.advice == f"the {SECTION.index} sections before it are readable"


@pytest.mark.parametrize("model", MODELS)
def test_a_cut_file_says_which_tensors_are_whole(model: str) -> None:
    module = MODELS[model]()
    found = first(module.to_bytes()[:-40])
    assert found.certainty == "likely"
    assert found.reason.endswith("are left): the file is cut")
    names = "successes, failures, rng, count" if model == "bandit" else "w, acc, n"
    assert found.advice == (
        f"the {len(module.sections) - 1} sections before it are readable; of the state {names} "
        "can be salvaged"
    )


def test_a_file_cut_in_all_its_values_says_that_nothing_is_whole() -> None:
    assert first(DATA[:-100]).advice.endswith("of the state nothing is whole")


def test_a_file_cut_before_the_state_does_not_speak_of_it() -> None:
    assert first(DATA[:900]).advice == "the 6 sections before it are readable"


@pytest.mark.parametrize(
    ("tail", "named"),
    [
        (b"xyz\0\0", "5 bytes behind the last section"),
        (bytes(100), "100 zeros behind the last section"),
        (DATA, f"{len(DATA)} bytes, another module, behind the last section"),
    ],
)
def test_what_was_appended_is_named_and_can_be_dropped(tail: bytes, named: str) -> None:
    found = first(DATA + tail)
    assert (found.offset, found.reason, found.repair) == (len(DATA), named, "drop-tail")


PLAIN = wat('(func (export "run") (result i32) (i32.const 42))').to_bytes()


def behind(tail: str | bytes, before: bytes = PLAIN) -> Finding:
    return first(before + (bytes.fromhex(tail) if isinstance(tail, str) else tail))


def test_another_module_behind_one_without_a_state_was_added() -> None:
    found = behind(PLAIN)
    assert (found.offset, found.certainty) == (len(PLAIN), "likely")
    assert found.reason == (
        f"{len(PLAIN)} bytes were added behind the last section: another module"
    )


def test_bytes_that_no_section_begins_with_were_added() -> None:
    found = behind("0d 0a")
    assert found.reason == (
        "length out of bounds (the section claims 10 bytes, 0 are left): no section of id 13 can "
        "come behind the last one, so 2 bytes were added"
    )
    assert behind("2a 2a").reason == (
        "malformed section id (42): no section of id 42 can come behind the last one, so 2 bytes "
        "were added"
    )
    assert behind("2a ff").reason.endswith("so 2 bytes were added")


def test_an_unknown_id_before_a_size_that_fits_may_be_a_damaged_id() -> None:
    assert behind("2a 02 00 00").reason == "malformed section id (42)"


@pytest.mark.parametrize(
    ("tail", "cause"),
    [
        ("0b 10 01", "the file is cut"),  # data may come behind code
        ("00 10 04 6e 61 6d 65 00", "the file is cut"),  # a custom section called name
        ("00 61", "either the file is cut, or bytes were added to it"),
        ("00 10 04 00 01 02 03", "either the file is cut, or bytes were added to it"),
        ("00 10 02 ff ff", "either the file is cut, or bytes were added to it"),
    ],
)
def test_a_file_is_cut_where_a_section_begins_that_can_come_there(tail: str, cause: str) -> None:
    found = behind(tail)
    assert found.reason.endswith(f"are left): {cause}")
    assert found.certainty == ("likely" if cause == "the file is cut" else "possible")


def test_a_section_in_the_wrong_place_of_a_module_that_lacks_one_may_be_either() -> None:
    at = Module.from_bytes(PLAIN).sections[-1].offset
    found = behind("01 30 01", PLAIN[:at])
    assert found.reason.endswith("are left): either the file is cut, or bytes were added to it")


def test_bytes_behind_no_section_at_all_are_not_said_to_be_added() -> None:
    assert behind("2a 7f", PLAIN[:8]).reason == "malformed section id (42)"


def test_a_component_with_sections_that_does_not_end_is_cut() -> None:
    component = bytes.fromhex("0061736d 0d000100 00 02 01 61")
    assert behind("01 30 01", component).reason.endswith("the file is cut")


def test_a_component_that_does_not_end_is_cut() -> None:
    assert behind("01 30 01", bytes.fromhex("0061736d 0d000100")).reason.endswith("the file is cut")


def test_a_name_longer_than_its_section_is_a_wrong_length_inside_a_whole_frame() -> None:
    assert str(behind("00 03 09 61 62")) == (
        f"error: sections[4].name at {len(PLAIN) + 2:#x}: length out of bounds: the frame of the "
        "section is whole, its name is longer than the section; the 4 other sections are readable; "
        "nothing runs the file or commits to it"
    )


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ("0105 01 60 00 01 7f 0302 01 05 0707 01 03 72756e 00 00 0a06 01 04 00 41 2a 0b",
         "sections[1].entries[0] at 0x12: type 5"),
        ("0104 01 60 00 00 0207 01 01 61 01 62 00 05 0707 01 03 72756e 00 00",
         "sections[1].entries[0] at 0x11: type 5"),
        ("0105 01 5f 01 7f 00 0302 01 00 0707 01 03 72756e 00 00 0a06 01 04 00 41 2a 0b",
         "sections[1].entries[0] at 0x12: type 0"),
    ],
)  # fmt: skip
def test_a_type_index_that_leads_nowhere_is_wrong_at_the_function(fields: str, place: str) -> None:
    found = first(bytes.fromhex("0061736d 01000000" + fields))
    assert str(found) == (f"error: {place} is not a function type; no engine loads such a module")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("at", [1, 2, 4])
def test_a_wrong_size_of_the_state_section_is_told_by_the_record(model: str, at: int) -> None:
    module = MODELS[model]()
    found = first(flipped(module.to_bytes(), module.sections[-1].offset + at, 2))
    assert (found.offset, found.repair) == (module.sections[-1].offset + 1, "resize-section")
    assert found.reason.startswith("the size of the section is damaged: it says ")
    assert found.reason.endswith(f"the record in it needs {module.sections[-1].size + 16}")


@pytest.mark.parametrize("at", [0, 4, 8, 9, SECTION.offset])
def test_the_bit_in_a_frame_that_explains_all_is_found(at: int) -> None:
    found = next(each for each in findings(flipped(DATA, at, 2)) if each.repair)
    assert (found.offset, found.repair, found.certainty) == (at, "mend-frames", "likely")
    assert found.reason.endswith(f"bit 2 of byte {at:#x}")


def test_code_that_is_damaged_in_no_frame_is_not_explained_by_one() -> None:
    found = findings(flipped(DATA, 0x0D, 7))
    assert found
    assert all(each.repair is None for each in found)


def test_the_magic_tells_what_a_transfer_did() -> None:
    for data, reason, repair in (
        (DATA.decode("latin-1").encode(), "re-encoded from Latin-1 to UTF-8, as text", "undo-utf8"),
        (
            DATA.replace(b"\n", b"\r\n"),
            "line ends were converted, as by text mode",
            "undo-text-mode",
        ),
    ):
        found = next(each for each in findings(data) if each.repair)
        assert (found.repair, found.certainty) == (repair, "certain")
        assert found.reason.endswith(reason)
        assert found.advice == f"undone, the file has {len(DATA)} bytes and is whole again"
    for data, reason in (
        (DATA.replace(b"\r\n", b"\n"), "line ends were shortened, as by a transfer in text mode"),
        (
            DATA.decode("utf-8", "replace").encode(),
            "decoded as UTF-8, with replacement characters",
        ),
        (
            bytes(byte & 0x7F for byte in DATA),
            "the eighth bit of each byte is gone, as by a transfer of 7 bits",
        ),
    ):
        assert any(each.reason.endswith(reason) for each in findings(data)), reason


def test_a_transfer_that_cannot_be_undone_is_not_said_to_be() -> None:
    twice = (DATA.decode("latin-1") + "€").encode()
    assert not any(each.repair for each in findings(twice))
    other = flipped(DATA, 1500).replace(b"\n", b"\r\n")
    assert not any(each.repair for each in findings(other))


# The record.


@pytest.mark.parametrize(
    ("at", "part"),
    [(24, "header"), (252, "header"), (256 + 16, "regions"), (400, "schema")],
)
@pytest.mark.parametrize("model", MODELS)
def test_the_flipped_bit_of_a_part_is_found(model: str, at: int, part: str) -> None:
    module = MODELS[model]()
    at += state_at(module)
    (found,) = findings(flipped(module.to_bytes(), at, 5))
    where = f"sections[{module.sections[-1].index}].wasmstate.state"
    assert str(found) == (
        f"error (likely): {where}.{part} at {at:#x}: the CRC-32 is wrong, and one flipped bit "
        f"explains it: bit 5 of byte {at:#x}; {PROVED} [repair: mend-record]"
    )


def test_a_flipped_bit_in_the_values_is_named_with_its_cell() -> None:
    (found,) = findings(flipped(DATA, values_at("rng") + 9, 4))
    assert str(found) == (
        f"error (likely): {WHERE}.regions[0] at {values_at('rng') + 9:#x}: the CRC-32 is wrong, "
        f"and one flipped bit explains it: bit 4 of byte {values_at('rng') + 9:#x}, in rng[1]; "
        f"{PROVED} [repair: mend-record]"
    )
    model = real_model("vt100wasm")
    at = state_at(model) + State.of(model).content_offset("w") + 4 * (3 * 8 + 5)
    assert ", in w[3,5]" in first(flipped(model.to_bytes(), at)).reason


def test_a_flipped_bit_in_the_trailer_or_the_padding_is_mended() -> None:
    for at in (len(DATA) - 10, CONTENT + STATE.record.payload_offset - 1):
        (found,) = findings(flipped(DATA, at))
        assert (found.certainty, found.repair, found.advice) == ("certain", "mend-record", PROVED)


def test_zeros_in_the_values_name_the_tensors_and_what_is_left() -> None:
    model = real_model("vt100wasm")
    state, data = State.of(model), model.to_bytes()
    at = state_at(model) + state.content_offset("w") + 512
    (found,) = findings(zeroed(data, at, 1024))
    assert (found.offset, found.certainty, found.repair) == (at, "likely", None)
    assert found.reason == (
        "the CRC-32 of w is wrong: 1026 bytes from w[16,0] on are zero, as a block is that was "
        "never synced before a power cut"
    )
    assert found.advice == "the 2 of 3 tensors that are proven can be salvaged: acc, n"


def test_values_that_are_gone_are_restored_from_the_generation_before() -> None:
    later = after_update(BANDIT, {"count": 3})
    data = later.to_bytes()
    at = state_at(later) + State.of(later).content_offset("successes")
    (found,) = findings(data[:at] + b"\xaa" * 60 + data[at + 60 :])
    assert found.reason == "the CRC-32 of successes, failures, rng, count is wrong"
    assert (found.advice, found.repair) == (
        "restore the file from a copy, or attach a new state",
        "restore-prev",
    )


def test_a_tensor_that_did_not_change_is_mended_from_the_generation_before() -> None:
    later = after_update(BANDIT, {"count": 3})
    data = later.to_bytes()
    at = state_at(later) + State.of(later).content_offset("rng")
    (found,) = findings(data[:at] + b"\xaa" * 16 + data[at + 16 :])
    assert found.reason == (
        "damaged (successes, failures, rng, count): rng as in wasmstate.prev (generation 0), "
        "it is right again"
    )
    assert (found.advice, found.repair) == (PROVED, "mend-record")


def test_a_header_that_is_gone_is_made_again_from_the_rest() -> None:
    later = after_update(BANDIT, {"count": 3})
    (found,) = findings(zeroed(later.to_bytes(), state_at(later), 256))
    assert found.path.endswith("wasmstate.state.header")
    assert found.reason == "damaged: made again from the rest, it is right again"
    assert found.repair == "mend-record"


def test_a_record_that_claims_more_than_is_there_says_how_much_is_missing() -> None:
    cut = BANDIT.with_custom(STATE_SECTION, SECTION.content[:-70], force=True)
    found = findings(cut)
    assert found[0].reason.endswith(
        f": the record is cut, 70 of its {SECTION.size} bytes are missing"
    )
    assert found[1].reason == ("30 bytes of successes, failures, rng, count are missing")


def test_a_section_of_zeros_is_named_and_older_records_are_offered() -> None:
    (found,) = findings(BANDIT.with_custom(STATE_SECTION, bytes(500), force=True))
    assert (found.reason, found.certainty, found.repair) == (
        "zeros: never synced before a crash",
        "likely",
        None,
    )
    for init, repair in ((False, "restore-prev"), (True, "restore-init")):
        module = after_update(BANDIT, {"count": 3}, init=init)
        if init:
            module = module.without_custom(PREV_SECTION)
        assert first(module.with_custom(STATE_SECTION, bytes(500), force=True)).repair == repair


@pytest.mark.parametrize(
    ("content", "repair"),
    [
        (SECTION.content.decode("latin-1").encode(), "undo-utf8"),
        (SECTION.content.replace(b"\n", b"\r\n"), "undo-text-mode"),
        (SECTION.content.replace(b"\r\n", b"\n"), None),
    ],
)
def test_a_content_that_a_tool_took_for_text_is_named(content: bytes, repair: str | None) -> None:
    assert first(BANDIT.with_custom(STATE_SECTION, content, force=True)).repair == repair


def test_bytes_behind_the_record_can_be_dropped() -> None:
    found = first(BANDIT.with_custom(STATE_SECTION, SECTION.content + bytes(16), force=True))
    assert found.reason == "16 bytes behind the record, all of them zero"
    assert found.repair == "drop-after-record"
    found = first(BANDIT.with_custom(STATE_SECTION, SECTION.content + b"left", force=True))
    assert found.reason == "4 bytes behind the record"
    both = flipped(SECTION.content, 24) + b"left"
    repairs = [
        each.repair for each in findings(BANDIT.with_custom(STATE_SECTION, both, force=True))
    ]
    assert repairs == ["drop-after-record", "mend-record"]


def test_records_that_a_linker_joined_are_told_apart_by_generation() -> None:
    other = with_generation(STATE.with_values({"count": 1}), 4).to_content()
    found = first(BANDIT.with_custom(STATE_SECTION, SECTION.content + other, force=True))
    assert found.offset == CONTENT + SECTION.size
    assert found.reason == (
        f"{len(other)} bytes behind the record: another record, as a linker leaves when it joins "
        "sections of one name (generations 0 and 4)"
    )
    assert found.repair == "keep-newest"


# The states of a module.


def test_two_sections_are_told_apart_by_generation() -> None:
    newer = with_generation(STATE, 3).to_content()
    both = BANDIT.with_custom(STATE_SECTION, newer, index=len(BANDIT.sections))
    (found,) = findings(both)
    assert found.reason == "2 sections are named wasmstate.state (generations 0, 3)"
    assert found.repair == "keep-newest"


def test_two_states_of_one_generation_are_a_fork_that_nobody_decides() -> None:
    other = STATE.with_values({"count": 9}).to_content()
    (found,) = findings(BANDIT.with_custom(STATE_SECTION, other, index=len(BANDIT.sections)))
    assert found.reason.endswith("(generations 0, 0): a fork, two states of one generation")
    assert found.repair is None


def test_a_state_of_another_program_is_told_by_its_exports() -> None:
    foreign = fixture_model("welford").sections[-1].content
    (found,) = findings(BANDIT.with_custom(STATE_SECTION, foreign, force=True))
    assert found.reason == (
        "the code is not the one that the state was attached to: nothing is exported as mean, m2, "
        "so it is the state of another program"
    )
    assert found.certainty == "likely"


def test_a_state_put_over_the_right_one_is_told_by_the_history() -> None:
    later = after_update(BANDIT, {"count": 3})
    foreign = fixture_model("welford").sections[-1].content
    (found,) = findings(later.with_custom(STATE_SECTION, foreign, force=True))
    assert found.reason.endswith(
        "but it is that of wasmstate.prev (generation 0): a state of another program was put here"
    )
    assert found.repair == "restore-prev"
    other = fixture_model("linear").sections[-1].content
    first_state = later.custom_sections(PREV_SECTION)[0].content
    both = later.with_custom(PREV_SECTION, other + first_state)
    (found,) = [
        f for f in findings(both.with_custom(STATE_SECTION, foreign, force=True)) if f.repair
    ]
    assert "wasmstate.prev (generation 0)" in found.reason


def test_values_that_broke_their_bounds_can_be_taken_from_the_generation_before() -> None:
    later = after_update(BANDIT, {"successes": [1, np.nan, 1, 1]})
    found = first(later)
    assert found.reason == "successes[1] = nan is not finite"
    assert found.repair == "restore-values"
    worse = after_update(BANDIT, {"count": 3})
    prev = STATE.with_values({"successes": [np.inf] * 4}).to_content()
    nan = State.of(worse).with_values({"successes": [1, np.nan, 1, 1]}).to_content()
    both = worse.with_custom(PREV_SECTION, prev).with_custom(STATE_SECTION, nan)
    assert first(both).repair is None
    unlike = fixture_model("welford").sections[-1].content
    assert first(both.with_custom(PREV_SECTION, unlike)).repair is None
    unread = replace(STATE.record, schema=b'{"tensors":1}').encode()
    assert first(both.with_custom(PREV_SECTION, unread)).repair is None


def test_a_state_that_a_tool_removed_is_told_by_what_it_left() -> None:
    later = after_update(BANDIT, {"count": 3})
    (found,) = findings(later.without_custom(STATE_SECTION))
    assert str(found) == (
        "error (likely): wasmstate.state: the state is lost, wasmstate.prev (generation 0) is "
        "still there: a tool removed the section; restore it from there, or from a copy "
        "[repair: restore-prev]"
    )


def test_a_module_that_could_learn_may_have_lost_its_state() -> None:
    bare = wat(MEMORY, '(func (export "update"))', '(func (export "predict"))')
    (found,) = findings(bare)
    assert (found.severity, found.certainty) == ("warning", "possible")
    assert "maybe a tool that removes custom sections, as strip does, took it" in found.reason


def test_a_state_section_whose_name_is_damaged_is_found_by_its_magic() -> None:
    (found,) = findings(flipped(DATA, SECTION.offset + 8, 2))
    assert found.reason == (
        "a state stands in a section named 'wesmstate.state': its name is damaged"
    )
    assert found.repair == "rename-section"


def test_a_record_whose_section_is_lost_is_found_by_its_magic() -> None:
    cut = DATA[: SECTION.offset] + b"\xff" + DATA[SECTION.offset + 1 : -1]
    found = findings(cut)[-1]
    assert (found.path, found.offset) == ("wasmstate.state record", CONTENT)


def test_older_records_that_are_damaged_are_a_warning() -> None:
    later = after_update(BANDIT, {"count": 3})
    at = later.custom_sections(PREV_SECTION)[0].content_offset
    (found,) = findings(flipped(later.to_bytes(), at + 300))
    assert found.severity == "warning"
    assert found.reason == (f"wasmstate.prev: 0 whole records have 0 of {SECTION.size} bytes")


def test_a_state_without_code_that_can_be_read_is_still_looked_at() -> None:
    broken = module_bytes(custom_bytes(STATE_SECTION, SECTION.content), b"\7\1\5")
    reasons = [each.reason for each in findings(broken)]
    assert "the code is not the one that the state was attached to" in reasons


def test_a_sound_module_with_a_history_has_no_findings() -> None:
    for name in MODELS:
        assert findings(MODELS[name]()) == []
    assert findings(after_update(BANDIT, {"count": 3}, init=True)) == []
    assert findings(with_state(BANDIT, with_generation(STATE, 3))) == []


# The history, and the ends of counters.


def history_of(*records: bytes, state: State, init: bytes | None = None) -> Module:
    """The bandit with these older records."""
    module = BANDIT.with_custom(STATE_SECTION, state.to_content())
    index = module.custom_sections(STATE_SECTION)[0].index
    module = module.with_custom(PREV_SECTION, b"".join(records), index=index)
    return module if init is None else module.with_custom(INIT_SECTION, init, index=index)


def generations(count: int, value: int = 0) -> list[State]:
    """States that follow from each other, beginning with that of the bandit."""
    states = [STATE]
    for generation in range(1, count):
        after = states[-1].with_values({"count": value + generation})
        states.append(State(successor(after.record, states[-1].record)))
    return states


def contents(states: Sequence[State]) -> list[bytes]:
    return [state.to_content() for state in states]


MINE, OTHERS = generations(8), generations(8, value=100)


def test_generations_that_are_missing_between_older_records_are_a_warning() -> None:
    module = history_of(*contents([MINE[1], MINE[2], MINE[5]]), state=MINE[6])
    (found,) = findings(module)
    offset = module.custom_sections(PREV_SECTION)[0].content_offset + 2 * len(MINE[1].to_content())
    assert str(found) == (
        f"warning: wasmstate.prev at {offset:#x}: generation 5 in wasmstate.prev follows 2, those "
        "between are missing: records were taken out, or two histories are mixed; what stands "
        "before it is not proven to be of this history; the state is not concerned"
    )


@pytest.mark.parametrize("last", [MINE[3], OTHERS[3]])
def test_two_histories_that_are_mixed_are_a_warning(last: State) -> None:
    found = findings(history_of(*contents([MINE[1], OTHERS[2]]), state=last))
    assert [each.severity for each in found] == ["warning"] * (2 if last is MINE[3] else 1)
    assert found[0].reason == (
        "generation 2 in wasmstate.prev does not come from the 1 before it: two histories are mixed"
    )


def test_a_record_of_another_file_in_the_history_is_a_warning() -> None:
    other = State(replace(STATE.record, lineage=replace(STATE.record.lineage, update_count=9)))
    other = other.with_values({"count": 77})
    (found,) = findings(history_of(*contents([MINE[1], other]), state=MINE[2]))
    assert found.reason == (
        "generation 0 in wasmstate.prev did not start from the state that this one started from: "
        "it is of another file"
    )


def test_what_a_file_does_not_keep_is_no_gap() -> None:
    later = history_of(*contents(MINE[4:6]), state=MINE[6], init=MINE[0].to_content())
    assert findings(later) == []
    assert findings(history_of(MINE[4].to_content(), state=MINE[7])) == []
    damaged = history_of(b"x", MINE[5].to_content(), state=MINE[6])
    assert [each.path for each in findings(damaged)] == [damaged.sections[-2].path]


@pytest.mark.parametrize(
    ("field", "offset", "text"),
    [
        ("generation", 24, "generation: nothing can be committed after it"),
        ("update_count", 72, "update count: no update can be committed after it"),
    ],
)
def test_the_last_possible_generation_and_update_are_a_warning(
    field: str, offset: int, text: str
) -> None:
    last: Any = {field: MAX_COUNT}
    lineage = replace(MINE[1].record.lineage, **last)
    state = State(replace(MINE[1].record, lineage=lineage))
    (found,) = findings(BANDIT.with_custom(STATE_SECTION, state.to_content()))
    assert str(found) == (
        f"warning: {WHERE}.header.{field} at {CONTENT + offset:#x}: 18446744073709551615 is the "
        f"last possible {text}; attach a new state with these values"
    )


# Bytes that are made to cost much.


def work(data: bytes) -> int:
    """Number of calls that checking takes: what does not depend on the machine."""
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        findings(data)
    finally:
        sys.setprofile(None)
    return calls


HEAD = struct.pack("<8sHH8xI8xI28x", MAGIC, 1, 1, 65_536, 65_536)


@pytest.mark.parametrize("pattern", [MAGIC, HEAD, RECORD[:256], RECORD[-32:], RECORD, b"\0asm"])
@pytest.mark.parametrize("name", [STATE_SECTION, PREV_SECTION, "other", None])
def test_checking_takes_work_in_proportion_to_the_file(pattern: bytes, name: str | None) -> None:
    def made(size: int) -> bytes:
        content = (pattern * (size // len(pattern) + 1))[:size]
        if name is None:
            return DATA[:-300] + content
        return module_bytes(custom_bytes(name, content, width=5))

    findings(made(1000))  # what is loaded once
    once, fourfold = work(made(8_000)), work(made(32_000))
    assert fourfold < 4.5 * once + 1000
    assert fourfold - once < 6 * 24_000
