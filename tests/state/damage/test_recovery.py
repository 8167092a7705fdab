"""The means of salvage, each by itself: flipped bits, tables, code, whole memories."""

from __future__ import annotations

import random
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.damaged import after_update, fixture_model, flipped, real_model, state_at, zeroed
from state.records import record_bytes, region_bytes
from support import custom_bytes, module_bytes, section_bytes
from wasmstate.binary import Module
from wasmstate.session.attach import attach
from wasmstate.state.attach.describe import with_state
from wasmstate.state.change.bake import bake_state
from wasmstate.state.damage.check import check_module
from wasmstate.state.damage.find_records import trailers
from wasmstate.state.damage.flips import find_flip, flip_bit
from wasmstate.state.damage.repair_header import made_header
from wasmstate.state.damage.salvage import salvage_bytes
from wasmstate.state.older import STATE_SECTION
from wasmstate.state.state import State

BANDIT = fixture_model("bandit")
DATA = BANDIT.to_bytes()
STATE = State.of(BANDIT)
VT = real_model("vt100wasm")


def whole_memory() -> Module:
    """The bandit with all of its memory as state, 8 KiB of it in use."""
    module = attach(BANDIT.without_custom(STATE_SECTION), ["n:i64@sym:count"], whole_memory=True)
    state = State.of(module)
    memory, *rest = state.contents()
    used = random.Random(1).randbytes(8192)
    return with_state(module, state.with_contents([memory[:-8192] + used, *rest]))


WHOLE = whole_memory()


@given(st.binary(min_size=1, max_size=300), st.data())
def test_the_bit_that_was_flipped_is_found(data: bytes, draw: st.DataObject) -> None:
    bit = draw.draw(st.integers(0, 8 * len(data) - 1))
    assert find_flip(flip_bit(data, bit), zlib.crc32(data)) == bit


@pytest.mark.parametrize("size", [4_096, 64_808, 1_000_000])
def test_the_bit_is_found_among_millions(size: int) -> None:
    dice = random.Random(size)
    data = dice.randbytes(size)
    for bit in (0, 8 * size - 1, dice.randrange(8 * size)):
        assert find_flip(flip_bit(data, bit), zlib.crc32(data)) == bit


def test_what_no_single_bit_explains_is_not_explained() -> None:
    data = bytes(range(100))
    assert find_flip(data, zlib.crc32(data)) is None
    assert find_flip(b"", 1) is None
    assert find_flip(flip_bit(flip_bit(data, 5), 90), zlib.crc32(data)) is None
    # The change that a bit just outside would make is no bit of the data.
    outside = zlib.crc32(b"\0" + data) ^ zlib.crc32(b"\x80" + data)
    assert find_flip(data, zlib.crc32(data) ^ outside) is None


def test_a_table_that_is_damaged_like_the_values_never_proves_those_of_another_generation() -> None:
    later = after_update(VT, {"w": State.of(VT)["w"] + 1, "n": 3})
    at = state_at(later)
    values = at + State.of(later).content_offset("w")
    damaged = zeroed(zeroed(later.to_bytes(), at + 256 + 8, 16), values, 64)
    found = {each.name: each.status for each in salvage_bytes(damaged).tensors}
    assert found == {"w": "lost", "acc": "proven", "n": "proven"}


def test_a_schema_of_its_own_that_is_damaged_is_replaced_by_that_of_the_same_places() -> None:
    later = after_update(BANDIT, {"count": 3})
    before = STATE.record.schema.replace(b'"unit":"1"', b'"unit":"2"')
    assert len(before) == len(STATE.record.schema)
    other = State(
        type(STATE.record)(
            STATE.record.lineage,
            STATE.record.regions,
            STATE.record.schema.replace(b'"model":', b'"modem":'),
            STATE.record.payload,
        )
    )
    module = later.with_custom("wasmstate.prev", other.to_content())
    damaged = zeroed(module.to_bytes(), state_at(module) + 320, 200)
    saved = salvage_bytes(damaged, accept=["values"])
    assert [each.status for each in saved.tensors] == ["proven"] * 4
    assert saved.state is not None
    assert saved.state["count"] == 3
    unlike = fixture_model("welford").sections[-1].content
    both = later.with_custom("wasmstate.prev", unlike + other.to_content())
    damaged = zeroed(both.to_bytes(), state_at(both) + 320, 200)
    assert salvage_bytes(damaged, accept=["values"]).state is not None


def test_a_header_is_not_made_of_what_is_no_record() -> None:
    content = STATE.to_content()
    (trailer,) = trailers(content)
    assert made_header(zeroed(content, 0, 1100)[: trailer.end], trailer, [], None) is None
    assert made_header(content[:300], trailer, [], None) is None


def test_whole_memories_are_mended_and_saved_as_they_are_stored() -> None:
    data = WHOLE.to_bytes()
    state, start = State.of(WHOLE), state_at(WHOLE)
    at = start + state.record.payload_offset + 400
    (found,) = check_module(Module.from_bytes(flipped(data, at)))
    assert found.repair == "mend-record"
    assert ", in " not in found.reason
    assert salvage_bytes(flipped(data, at)).data == data
    garbage = data[:at] + b"\xaa" * 600 + data[at + 600 :]
    reasons = [each.reason for each in check_module(Module.from_bytes(garbage))]
    assert reasons[0] == "the CRC-32 of n is wrong"
    zeros = [each.reason for each in check_module(Module.from_bytes(zeroed(data, at, 900)))]
    assert "bytes from here on are zero" in zeros[0]
    assert salvage_bytes(garbage, fill="zeros").data is None
    saved = salvage_bytes(garbage, fill="donor", donor=WHOLE)
    assert saved.data == data  # the donor is of the same generation, so its digest proves it
    later = after_update(WHOLE, {"n": 5})
    damaged = later.to_bytes()
    at = state_at(later) + State.of(later).record.payload_offset + 400
    damaged = damaged[:at] + b"\xaa" * 600 + damaged[at + 600 :]
    filled = salvage_bytes(damaged, fill="prev")
    assert filled.data is not None
    assert State.of(Module.from_bytes(filled.data))["n"] == 0


def test_a_baked_module_is_baked_again_with_what_was_saved() -> None:
    baked = bake_state(BANDIT, STATE)
    data = baked.to_bytes()
    at = state_at(baked) + STATE.content_offset("rng")
    assert salvage_bytes(flipped(data, at)).data == data
    damaged = salvage_bytes(data[: at + 8] + b"\xaa" * 4 + data[at + 12 :], fill="zeros")
    assert damaged.data is not None
    assert check_module(Module.from_bytes(damaged.data))[0].path.endswith("successes")


def test_code_whose_digest_cannot_be_taken_is_not_proven() -> None:
    baked = bake_state(BANDIT, STATE)
    section = baked.custom_sections("wasmstate.baked")[0]
    broken = flipped(baked.to_bytes(), section.content_offset, 7)
    saved = salvage_bytes(broken)
    assert saved.code == ""
    assert salvage_bytes(broken, donor=BANDIT).code == "the module digest"
    assert salvage_bytes(DATA[:-1], donor=Module.from_bytes(broken)).code == "the module digest"
    taken = salvage_bytes(broken, accept=["code"])
    assert taken.data is None
    assert taken.obstacles[0].startswith("the state cannot be put into the module: ")


def test_a_module_whose_exports_cannot_be_read_is_no_module_that_learns() -> None:
    damaged = module_bytes(section_bytes(7, b"\1\5"), custom_bytes("note"))
    found = check_module(Module.from_bytes(damaged))
    assert found[-1].reason == "no state is found in what can be read"


def test_a_memory_that_is_claimed_and_not_there_costs_nothing_to_check() -> None:
    stored = bytes(16)
    table = region_bytes(2, 0, 1 << 30, 8, 0, zlib.crc32(stored[:8]))
    tensor = {"name": "w", "dtype": "f32", "shape": [2], "region": 0, "offset": 0}
    content = record_bytes(table=table, payload=stored, schema={"tensors": [tensor]})
    data = module_bytes(custom_bytes(STATE_SECTION, content, width=5))
    tracemalloc.start()
    found = check_module(Module.from_bytes(data))
    salvage_bytes(data, accept=["code"])
    assert State.from_content(content)["w"].tolist() == [0.0, 0.0]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found[-1].reason == (
        f"its bounds were not looked at: {len(content)} bytes claim to be {1 << 30} of memory"
    )
    assert peak < 1 << 20


def test_a_region_table_that_breaks_the_rules_is_not_believed() -> None:
    content = record_bytes(table=region_bytes(9, 0, 0, 8, 0, 0), payload=bytes(16))
    data = module_bytes(custom_bytes(STATE_SECTION, content, width=5))
    assert "its region table cannot be read" in salvage_bytes(data).obstacles[0]
