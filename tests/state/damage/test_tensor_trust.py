"""What of a damaged state is shown, and how far it is to be trusted."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.damaged import MODELS, after_update
from wasmstate import Module, StateCorruptError, attach
from wasmstate.state.damage.tensor_trust import Remnant, remains
from wasmstate.state.layout import (
    HEADER_SIZE,
    REGION_SIZE,
    TRAILER_SIZE,
    field_offsets,
    header,
)
from wasmstate.state.older import STATE_SECTION
from wasmstate.state.state import State

BANDIT = MODELS["bandit"]()
CONTENT = bytes(BANDIT.custom_sections(STATE_SECTION)[0].content)
STATE = State.of(BANDIT)
RNG = STATE.content_offset("rng")


def module_of(content: bytes) -> Module:
    return BANDIT.without_custom(STATE_SECTION).with_custom(STATE_SECTION, content, force=True)


def damaged(*changes: tuple[int, int]) -> Module:
    """The bandit with some bytes of the content of its state section changed."""
    content = bytearray(CONTENT)
    for at, bits in changes:
        content[at] ^= bits
    return module_of(bytes(content))


def told(found: tuple[Remnant, ...]) -> dict[str, tuple[str, str]]:
    return {each.tensor.name: (each.trust, each.reason) for each in found}


def test_a_flipped_bit_leaves_the_other_tensors_proven() -> None:
    found = remains(damaged((RNG + 3, 0x10)))
    assert told(found) == {
        "successes": ("proven", "proven by the state digest"),
        "failures": ("proven", "proven by the state digest"),
        "rng": ("damaged", "one bit is flipped"),
        "count": ("proven", "proven by the state digest"),
    }
    rng = found[2]
    assert (rng.start, rng.wrong) == (RNG, (3,))
    assert rng.values.tolist() == [STATE["rng"].item(0) ^ 0x10 << 24, STATE["rng"].item(1)]


def test_where_more_is_wrong_nothing_of_the_region_is_proven_and_all_of_it_is_shown() -> None:
    found = remains(damaged((RNG, 0xFF), (RNG + 9, 0x55)))
    assert {each.trust for each in found} == {"unproven"}
    assert {each.reason for each in found} == {"the CRC-32 of regions[0] is wrong"}
    assert found[0].values.tolist() == STATE["successes"].tolist()


def test_values_are_proven_though_a_bit_of_the_header_is_flipped() -> None:
    found = remains(damaged((100, 0x08)))
    assert {each.trust for each in found} == {"proven"}
    assert found[0].reason == "proven by its CRC-32"


def test_values_are_not_proven_if_what_they_mean_is_not() -> None:
    address = HEADER_SIZE + 8  # of the region: its checksum does not depend on it
    found = remains(damaged((address, 0x55), (address + 1, 0x55)))
    assert told(found)["rng"] == ("unproven", "its bytes are proven, but not what they mean")


def test_nothing_is_proven_where_header_and_table_are_of_different_records() -> None:
    forged = bytearray(CONTENT)
    forged[64:72] = (16).to_bytes(8, "little")  # of the payload, whose table says 96 bytes
    forged[252:256] = zlib.crc32(forged[:252]).to_bytes(4, "little")
    assert {each.trust for each in remains(module_of(bytes(forged)))} == {"unproven"}


def test_without_a_schema_nothing_can_be_shown() -> None:
    schema = HEADER_SIZE + REGION_SIZE
    assert remains(damaged((schema, 0xFF), (schema + 1, 0xFF))) == ()
    assert remains(module_of(b"")) == ()
    assert remains(module_of(bytes(2000))) == ()


def test_without_a_state_section_or_with_two_of_them_nothing_can_be_shown() -> None:
    assert remains(BANDIT.without_custom(STATE_SECTION)) == ()
    section = BANDIT.custom_sections(STATE_SECTION)[0]
    again = BANDIT.to_bytes()[section.offset : section.end]
    assert remains(Module.from_bytes(BANDIT.to_bytes() + again)) == ()


def test_of_a_cut_record_the_tensors_that_are_whole_are_shown() -> None:
    found = remains(module_of(CONTENT[: RNG + 3]))
    assert [each.tensor.name for each in found] == ["successes", "failures"]


def test_tensors_in_a_whole_memory_are_left_out_and_globals_are_not() -> None:
    module = attach(BANDIT.without_custom(STATE_SECTION), ["n:i64@sym:count"], whole_memory=True)
    data = bytearray(module.to_bytes())
    data[-60] ^= 1
    found = remains(Module.from_bytes(bytes(data)))
    assert [each.tensor.name for each in found] == ["__stack_pointer"]


def test_the_generation_before_tells_what_zeros_were() -> None:
    module = after_update(BANDIT, {"failures": [1, 5, 1, 1]})
    section = module.custom_sections(STATE_SECTION)[0]
    data = bytearray(module.to_bytes())
    at = section.content_offset + RNG
    data[at : at + 16] = bytes(16)
    found = remains(Module.from_bytes(bytes(data)))
    assert [each.trust for each in found] == ["proven", "proven", "damaged", "proven"]
    reason = "not what was written (24 zeros as in wasmstate.prev (generation 0))"
    assert found[2].reason == reason
    assert found[2].wrong == tuple(range(16))
    assert found[1].values.tolist() == [1, 5, 1, 1]


@pytest.mark.parametrize("name", list(MODELS))
def test_of_a_sound_record_everything_is_proven(name: str) -> None:
    module = MODELS[name]()
    state = State.of(module)
    found = remains(module)
    assert [each.tensor for each in found] == list(state.tensors)
    for each in found:
        assert each.trust == "proven"
        assert each.values.tobytes() == state[each.tensor.name].tobytes()
        assert each.start == state.content_offset(each.tensor.name)


@given(st.lists(st.tuples(st.integers(0, len(CONTENT) - 1), st.integers(1, 255)), max_size=3))
def test_no_damage_whatever_makes_it_call_wrong_bytes_proven(
    changes: list[tuple[int, int]],
) -> None:
    for each in remains(damaged(*changes)):
        if each.trust == "proven":
            assert each.values.tobytes() == STATE[each.tensor.name].tobytes()


@pytest.mark.parametrize("field", ["incompatible_flags", "major", "reserved"])
def test_nothing_is_proven_by_a_header_that_no_reader_takes(field: str) -> None:
    """Its checksum is right, so there is no damage to be mended by other generations."""
    later = after_update(BANDIT, {"count": 3}, init=True)
    content = bytearray(later.custom_sections(STATE_SECTION)[0].content)
    content[field_offsets(header)[field]] ^= 1
    checksum = zlib.crc32(content[: HEADER_SIZE - 4]).to_bytes(4, "little")
    content[HEADER_SIZE - 4 : HEADER_SIZE] = content[-8:-4] = checksum
    content[-4:] = zlib.crc32(content[-TRAILER_SIZE:-4]).to_bytes(4, "little")
    forged = later.with_custom(STATE_SECTION, bytes(content), force=True)
    with pytest.raises(StateCorruptError, match=field):
        State.of(forged)
    assert [each for each in remains(forged) if each.trust == "proven"] == []
