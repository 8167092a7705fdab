"""What is saved from damaged bytes, and what proves it."""

from __future__ import annotations

import random
import sys
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from types import FrameType
from typing import Any

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
from state.records import record_bytes, table_and_payload
from support import PREAMBLE, custom_bytes, module_bytes
from wasmstate.binary import Module
from wasmstate.errors import StateCorruptError
from wasmstate.state.damage import repair_frames
from wasmstate.state.damage.check import check_module
from wasmstate.state.damage.salvage import salvage_bytes
from wasmstate.state.damage.salvage_result import Salvage
from wasmstate.state.layout import MAX_COUNT
from wasmstate.state.memory_image import encode_image
from wasmstate.state.older import INIT_SECTION, PREV_SECTION, STATE_SECTION
from wasmstate.state.state import State

BANDIT = fixture_model("bandit")
DATA = BANDIT.to_bytes()
STATE = State.of(BANDIT)
LATER = after_update(BANDIT, {"count": 3, "rng": [1, 2]}, init=True)
LATER_DATA = LATER.to_bytes()
VT = real_model("vt100wasm")
VT_DATA = VT.to_bytes()
VT_W = state_at(VT) + State.of(VT).content_offset("w")
GONE = LATER_DATA[:-120] + b"\xaa" * 60 + LATER_DATA[-60:]
"""All four tensors of the bandit changed from the generation before, or overwritten."""


def statuses(saved: Salvage) -> dict[str, str]:
    return {tensor.name: tensor.status for tensor in saved.tensors}


def whole(saved: Salvage) -> Module:
    assert saved.data is not None, saved.obstacles
    module = Module.from_bytes(saved.data)
    assert check_module(module) == []
    return module


@pytest.mark.parametrize("model", [*MODELS, "later"])
def test_any_flipped_bit_from_the_state_section_on_is_put_back(model: str) -> None:
    data = LATER_DATA if model == "later" else MODELS[model]().to_bytes()
    start = Module.from_bytes(data).sections[-1].offset
    dice = random.Random(1)
    for _ in range(60):
        at, bit = dice.randrange(start, len(data)), dice.randrange(8)
        assert salvage_bytes(flipped(data, at, bit)).data == data, (at, bit)


def test_a_sound_file_comes_out_as_it_is() -> None:
    for data in (DATA, LATER_DATA, VT_DATA):
        saved = salvage_bytes(data)
        assert saved.data == data
        assert set(statuses(saved).values()) == {"proven"}
        assert (saved.code, saved.mended, saved.obstacles) == ("the module digest", (), ())
        assert saved.proven == len(saved.tensors)


def test_a_mended_tensor_says_what_was_done_and_what_proves_it() -> None:
    at = state_at(BANDIT) + STATE.content_offset("rng")
    saved = salvage_bytes(flipped(DATA, at, 3))
    assert {tensor.by for tensor in saved.tensors} == {
        f"the state digest, bit 3 of byte {at:#x} flipped back"
    }
    assert saved.mended == (f"regions[0] at {at - 64:#x}: bit 3 of byte {at:#x} flipped back",)


def test_zeros_in_one_tensor_leave_the_others_proven() -> None:
    damaged = zeroed(VT_DATA, VT_W + 256, 1024)
    saved = salvage_bytes(damaged)
    assert statuses(saved) == {"w": "lost", "acc": "proven", "n": "proven"}
    assert saved.data is None
    assert saved.obstacles == (
        "w: lost; they can be filled from elsewhere, or their bytes taken as they stand",
    )
    assert saved.remedies == ("fill", "accept")
    filled = salvage_bytes(damaged, fill="zeros")
    state = State.of(whole(filled))
    assert not state["w"].any()
    assert state["acc"].tolist() == State.of(VT)["acc"].tolist()
    assert (state.generation, state.record.lineage.parent_digest) == (1, State.of(VT).digest)
    taken = salvage_bytes(damaged, accept=["values"])
    assert statuses(taken)["w"] == "unproven"
    assert State.of(whole(taken))["w"][0].tolist() == State.of(VT)["w"][0].tolist()


def test_zeros_where_the_generation_before_is_equal_are_put_right() -> None:
    later = after_update(VT, {"n": 9})
    at = state_at(later) + State.of(later).content_offset("w") + 256
    saved = salvage_bytes(zeroed(later.to_bytes(), at, 1024))
    assert saved.data == later.to_bytes()
    assert statuses(saved) == {"w": "mended", "acc": "proven", "n": "proven"}


@pytest.mark.parametrize("fill", ["prev", "init", "leftover", "donor"])
def test_lost_tensors_are_filled_from_where_the_caller_says(fill: str) -> None:
    assert statuses(salvage_bytes(GONE)) == dict.fromkeys(STATE, "lost")
    other = with_generation(STATE.with_values({"count": 8}), 7)
    donor = BANDIT.with_custom(STATE_SECTION, other.to_content())
    saved = salvage_bytes(GONE, fill=fill, donor=donor, leftovers=[donor.to_bytes()])  # type: ignore[arg-type]
    assert statuses(saved) == dict.fromkeys(STATE, "filled")
    state = State.of(whole(saved))
    assert state.generation == 2
    assert state["count"] == (8 if fill in ("leftover", "donor") else 0)


def test_a_source_of_other_code_or_with_other_regions_fills_nothing() -> None:
    donor = fixture_model("welford")
    assert statuses(salvage_bytes(GONE, fill="donor", donor=donor)) == dict.fromkeys(STATE, "lost")
    code = {"module_digest": STATE.record.lineage.module_digest}
    other = BANDIT.with_custom(STATE_SECTION, record_bytes(header=code))
    assert statuses(salvage_bytes(GONE, fill="donor", donor=other)) == dict.fromkeys(STATE, "lost")


def test_a_copy_of_the_same_generation_proves_all_of_it() -> None:
    saved = salvage_bytes(GONE, donor=LATER)
    assert saved.data == LATER_DATA
    assert statuses(saved) == dict.fromkeys(STATE, "mended")
    parts = zeroed(GONE, state_at(LATER) + 256, 300)
    assert salvage_bytes(parts, leftovers=[LATER_DATA]).data == LATER_DATA


def test_a_region_table_or_schema_that_is_gone_is_that_of_the_generation_before() -> None:
    at = state_at(LATER)
    table, schema = zeroed(LATER_DATA, at + 256, 40), zeroed(LATER_DATA, at + 320, 200)
    for damaged in (table, schema):
        assert salvage_bytes(damaged).data == LATER_DATA
    alone = zeroed(DATA, state_at(BANDIT) + 320, 200)
    assert salvage_bytes(alone).obstacles[0] == (
        f"of the record at {state_at(BANDIT):#x} its schema cannot be read: an older copy may "
        "have it"
    )
    alone = zeroed(DATA, state_at(BANDIT) + 256, 40)
    assert "its region table cannot be read" in salvage_bytes(alone).obstacles[0]


def test_a_table_whose_checksums_alone_are_wrong_is_made_again_from_the_values() -> None:
    at = state_at(BANDIT) + 256 + 32
    assert salvage_bytes(DATA[:at] + b"\1\2\3\4" + DATA[at + 4 :]).data == DATA


def test_a_table_and_values_that_are_both_damaged_leave_what_is_proven() -> None:
    later = after_update(VT, {"w": State.of(VT)["w"] + 1, "n": 3})
    at = state_at(later)
    values = at + State.of(later).content_offset("w")
    damaged = zeroed(zeroed(later.to_bytes(), at + 256, 8), values, 64)
    assert statuses(salvage_bytes(damaged)) == {"w": "lost", "acc": "proven", "n": "proven"}
    schema = zeroed(zeroed(later.to_bytes(), at + 390, 80), values, 64)
    assert statuses(salvage_bytes(schema)) == {"w": "lost", "acc": "proven", "n": "proven"}


def test_a_header_that_is_gone_is_made_again() -> None:
    for data, module in ((DATA, BANDIT), (LATER_DATA, LATER), (VT_DATA, VT)):
        assert salvage_bytes(zeroed(data, state_at(module), 256)).data == data


def test_without_header_the_history_tells_places_and_names() -> None:
    state = State.of(LATER)
    lineage = replace(state.record.lineage, update_count=99_999)  # more than is tried
    content = State(replace(state.record, lineage=lineage)).to_content()
    module = LATER.with_custom(STATE_SECTION, bytes(256) + content[256:], force=True)
    saved = salvage_bytes(module.to_bytes(), accept=["code"])
    assert statuses(saved) == dict.fromkeys(STATE, "proven")
    assert saved.generation == 1
    assert saved.state is not None
    assert saved.state.generation == 2
    assert saved.state["count"] == 3
    other = zeroed(module.to_bytes(), state_at(module) + 320, 20)
    assert "its schema cannot be read" in salvage_bytes(other).obstacles[0]
    alone = module.without_custom(PREV_SECTION).without_custom(INIT_SECTION)
    assert "its region table cannot be read" in salvage_bytes(alone.to_bytes()).obstacles[0]


@pytest.mark.parametrize(("cut", "count"), [(10, 3), (40, 3), (60, 1), (900, 0)])
def test_of_a_cut_file_the_tensors_before_the_cut_are_saved(cut: int, count: int) -> None:
    saved = salvage_bytes(VT_DATA[:-cut])
    assert saved.proven == count
    if count == 3:
        assert saved.data == VT_DATA
    else:
        whole(salvage_bytes(VT_DATA[:-cut], fill="zeros"))


def test_zeros_that_are_cut_off_are_told_by_the_digest() -> None:
    saved = salvage_bytes(VT_DATA[:-45])
    assert saved.data == VT_DATA
    assert saved.tensors[2].by == "the state digest, cut, and what is missing was zeros"


def test_code_that_is_damaged_comes_from_a_donor_with_the_same_digest() -> None:
    for damaged in (flipped(DATA, 1500), zeroed(DATA, 0, 2048), DATA[SECTION_AT:]):
        saved = salvage_bytes(damaged)
        assert statuses(saved) == dict.fromkeys(STATE, "proven")
        assert saved.code == ""
        assert saved.obstacles[0].startswith("nothing proves the code: a donor")
        saved = salvage_bytes(damaged, donor=LATER)
        assert saved.mended == ("the code was taken from the donor",)
        assert State.of(whole(saved)).digest == STATE.digest
    other = salvage_bytes(flipped(DATA, 1500), donor=fixture_model("welford"))
    assert other.data is None
    taken = salvage_bytes(flipped(DATA, 1500), accept=["code"])
    assert taken.data == flipped(DATA, 1500)


SECTION_AT = BANDIT.sections[-1].offset


def test_a_file_of_zeros_is_made_of_the_donor_only_where_the_caller_says() -> None:
    saved = salvage_bytes(bytes(3000), donor=LATER)
    assert saved.obstacles[0].startswith("no record of the state is left; there are the donor (gen")
    saved = salvage_bytes(bytes(3000), donor=LATER, fill="donor")
    assert statuses(saved) == dict.fromkeys(STATE, "filled")
    assert State.of(whole(saved)).digest == State.of(LATER).digest
    assert salvage_bytes(b"").obstacles[0] == "no record of the state is left"


def test_a_state_that_a_tool_removed_is_taken_from_the_history() -> None:
    stripped = LATER.without_custom(STATE_SECTION).to_bytes()
    assert salvage_bytes(stripped).data is None
    saved = salvage_bytes(stripped, fill="prev")
    assert State.of(whole(saved)).digest == STATE.digest


def test_two_states_of_one_generation_are_shown_and_not_picked() -> None:
    other = STATE.with_values({"count": 5})
    module = BANDIT.with_custom(STATE_SECTION, other.to_content(), index=len(BANDIT.sections))
    saved = salvage_bytes(module.to_bytes())
    first, second = (each.content_offset for each in module.custom_sections(STATE_SECTION))
    assert saved.data is None
    assert [each.offset for each in saved.records] == [first, second]
    assert [each.digest for each in saved.records] == [STATE.digest.hex(), other.digest.hex()]
    assert saved.obstacles == (
        (
            f"a fork: 2 whole states of generation 0 ({first:#x}, {second:#x}); "
            "which one holds cannot be told"
        ),
    )
    assert saved.remedies == ("record",)
    assert salvage_bytes(module.to_bytes(), record=first).data == DATA
    assert State.of(whole(salvage_bytes(module.to_bytes(), record=second)))["count"] == 5
    assert salvage_bytes(module.to_bytes(), record=7).obstacles[0] == "there is no record at 0x7"
    with pytest.raises(ValueError, match=r"record must be the offset of a record, .*, not 1\.5"):
        salvage_bytes(DATA, record=1.5)  # type: ignore[arg-type]


def test_the_newest_of_several_whole_records_is_taken() -> None:
    newer = with_generation(STATE.with_values({"count": 5}), 4)
    joined = BANDIT.with_custom(STATE_SECTION, STATE.to_content() + newer.to_content(), force=True)
    assert State.of(whole(salvage_bytes(joined.to_bytes()))).generation == 4


def test_transfers_are_undone_and_frames_are_mended() -> None:
    for damaged in (
        DATA.decode("latin-1").encode(),
        DATA.replace(b"\n", b"\r\n"),
        DATA + b"xyz",
        flipped(DATA, SECTION_AT + 1, 3),
        flipped(DATA, SECTION_AT + 9, 3),
        flipped(DATA, 9, 3),
    ):
        assert salvage_bytes(damaged).data == DATA


def test_a_history_whose_section_is_lost_is_written_again() -> None:
    prev = LATER.custom_sections(PREV_SECTION)[0]
    saved = salvage_bytes(flipped(LATER_DATA, prev.offset + 9, 3))
    assert saved.data == LATER_DATA
    cut = LATER_DATA[: prev.offset] + b"\xff" + LATER_DATA[prev.offset + 1 :]
    assert salvage_bytes(cut).data == LATER_DATA


def test_a_schema_that_cannot_be_is_an_obstacle() -> None:
    data = module_bytes(custom_bytes(STATE_SECTION, record_bytes(schema={"tensors": 1})))
    saved = salvage_bytes(data, accept=["code"])
    assert saved.obstacles == ("a reader refuses the record: tensors must be a list",)


def salvaged_or_refused(content: bytes, **options: Any) -> Salvage:
    """What is saved of a record, held against the reader."""
    data = module_bytes(custom_bytes(STATE_SECTION, content, width=5))
    saved = salvage_bytes(data, accept=["code"], **options)
    if saved.data is not None:
        State.of(Module.from_bytes(saved.data))
    else:
        assert saved.obstacles
    return saved


def forged(regions: Sequence[tuple[int, int, int, int]], **more: Any) -> bytes:
    """A record of these regions whose checksums are right, with a tensor in each."""
    contents = [bytes([i + 1]) * region[3] for i, region in enumerate(regions)]
    table, payload = table_and_payload(regions, contents)
    tensors = [
        {"name": f"t{i}", "dtype": "u8", "shape": [region[3]], "region": i, "offset": 0}
        for i, region in enumerate(regions)
    ]
    return record_bytes(schema={"tensors": tensors}, table=table, payload=payload, **more)


@pytest.mark.parametrize(
    "regions",
    [
        ((0, 0, 1024, 12), (0, 0, 1030, 8)),  # they overlap
        ((0, 0, 1024, 12), (2, 0, 65536, 8)),  # so do these
        ((0, 0, (1 << 64) - 4, 8),),  # it ends past the last address
        ((1, 0, 0, 5),),  # no global has five bytes
        ((1, 0, 8, 8),),  # no global has an address
        ((2, 0, 1 << 33, 8),),  # no memory has eight gigabytes
        ((2, 0, 65536, 12),),  # its bytes are no runs of blocks
    ],
)
def test_what_a_reader_refuses_is_not_called_proven(
    regions: Sequence[tuple[int, int, int, int]],
) -> None:
    content = forged(regions)
    with pytest.raises(StateCorruptError):
        State.from_content(content)
    saved = salvaged_or_refused(content)
    assert saved.data is None
    assert saved.proven == 0 or {"lost", "proven"} == set(statuses(saved).values())


def test_a_filled_region_that_leaves_no_room_for_a_tensor_is_refused_with_the_reason() -> None:
    number = bytes(range(8))

    def whole(size: int, shape: int, header: dict[str, Any]) -> bytes:
        stored = encode_image(b"\1" * 256 + bytes(size - 256))
        table, payload = table_and_payload(
            ((2, 0, size, len(stored)), (1, 0, 0, 8)), (stored, number)
        )
        tensors = [
            {"name": "w", "dtype": "u8", "shape": [shape], "region": 0, "offset": 0},
            {"name": "n", "dtype": "u64", "shape": [], "region": 1, "offset": 0},
        ]
        return record_bytes(
            schema={"tensors": tensors}, table=table, payload=payload, header=header
        )

    smaller = module_bytes(custom_bytes(STATE_SECTION, whole(65536, 65536, {}), width=5))
    larger = whole(131072, 131072, {"generation": 6})
    at = larger.index(b"\1" * 256)
    saved = salvaged_or_refused(
        larger[:at] + b"\2" * 200 + larger[at + 200 :],
        donor=Module.from_bytes(smaller),
        fill="donor",
    )
    assert saved.data is None
    (obstacle,) = saved.obstacles
    assert obstacle == (
        "a reader refuses the record: w: its 131072 bytes at 0 do not lie in region 0, which has "
        "65536"
    )
    assert statuses(saved) == {"w": "filled", "n": "unproven"}


def test_the_work_for_many_sections_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """To flip a bit of a frame is to read all sections again, and 384 bits are flipped."""
    monkeypatch.setattr(repair_frames, "_MOST_READ", 2_000)
    sections, count = 200, 0

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event == "call" and frame.f_code.co_name == "_read_section"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        assert salvage_bytes(PREAMBLE + b"\0\1\0" * sections).data is None
    finally:
        sys.setprofile(before)
    assert sections < count <= 2_000 + 10 * sections


def test_no_forged_record_comes_out_of_salvage_that_a_reader_refuses() -> None:
    dice = random.Random(4)
    numbers = (0, 1, 2, 5, 8, 12, 64, 65, 256, 65536, 65537, (1 << 32) - 1)
    for _ in range(150):
        regions = [
            (
                dice.choice((0, 0, 1, 2)),
                dice.randrange(2),
                dice.choice(numbers),
                dice.choice((4, 8)),
            )
            for _ in range(dice.randrange(1, 4))
        ]
        fields = dice.sample(("keep", "update_count", "generation", "minor", "region_count"), 2)
        header = {field: dice.choice(numbers[:9]) for field in fields}
        content = forged(regions, header=header, extra_header=bytes(dice.choice((0, 0, 8))))
        if dice.randrange(2):
            content = flipped(content, dice.randrange(len(content)), dice.randrange(8))
        salvaged_or_refused(content, fill=dice.choice((None, "zeros")))


def test_the_last_generation_has_none_behind_it_that_what_is_left_could_be() -> None:
    content = forged([(0, 0, 1024, 12), (0, 0, 2048, 12)], header={"generation": MAX_COUNT})
    at = content.index(b"\1" * 12)
    saved = salvaged_or_refused(zeroed(content, at, 12), fill="zeros")
    assert saved.obstacles == (
        f"what is left would be a generation of its own, and {MAX_COUNT} is the last one",
    )


def test_lengths_that_are_claimed_cost_nothing() -> None:
    header = {"payload_length": 1 << 30, "region_count": 65_536, "schema_length": 1 << 20}
    claims = record_bytes(header=header)[:300]
    for data in (module_bytes(custom_bytes(STATE_SECTION, claims, width=5)), claims, claims * 2):
        salvage_bytes(data)  # what is loaded once
        tracemalloc.start()
        salvage_bytes(data)
        check_module(Module.from_bytes(data, strict=False))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 1 << 20
