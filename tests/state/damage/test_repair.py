"""Each repair makes the bytes it says, shows what it changes, and refuses where it does not fit."""

from __future__ import annotations

import numpy as np
import pytest

from state.damaged import after_update, fixture_model, flipped, state_at, with_generation, zeroed
from wasmstate.binary import Module
from wasmstate.errors import SectionError
from wasmstate.state.damage.check import check_module
from wasmstate.state.damage.repair import DIGESTS, REPAIRS, Change, preview
from wasmstate.state.older import PREV_SECTION, STATE_SECTION
from wasmstate.state.state import State

BANDIT = fixture_model("bandit")
DATA = BANDIT.to_bytes()
STATE = State.of(BANDIT)
SECTION = BANDIT.sections[-1]
VALUES = SECTION.content_offset + STATE.record.payload_offset
LATER = after_update(BANDIT, {"count": 3}, init=True)
LATER_DATA = LATER.to_bytes()
NAN = after_update(BANDIT, {"successes": [5, np.nan, 6, 7]}).to_bytes()


@pytest.mark.parametrize(
    ("repair", "damaged", "right"),
    [
        ("mend-record", flipped(DATA, VALUES + 9, 3), DATA),
        ("mend-record", flipped(DATA, len(DATA) - 3), DATA),
        ("mend-frames", flipped(DATA, SECTION.offset), DATA),
        ("resize-section", flipped(DATA, SECTION.offset + 2), DATA),
        ("rename-section", flipped(DATA, SECTION.offset + 9), DATA),
        ("drop-tail", DATA + b"xyz", DATA),
        (
            "drop-after-record",
            BANDIT.with_custom(STATE_SECTION, SECTION.content + b"x", force=True),
            DATA,
        ),
        ("undo-utf8", DATA.decode("latin-1").encode(), DATA),
        ("undo-text-mode", DATA.replace(b"\n", b"\r\n"), DATA),
        ("restore-prev", LATER, LATER.with_custom(STATE_SECTION, STATE.to_content())),
        ("restore-init", LATER, LATER.with_custom(STATE_SECTION, STATE.to_content())),
    ],
)
def test_a_repair_makes_the_file_whole_and_proves_it(
    repair: str, damaged: bytes | Module, right: bytes | Module
) -> None:
    damaged, right = (
        each.to_bytes() if isinstance(each, Module) else each for each in (damaged, right)
    )
    shown = preview(repair, damaged)
    assert shown.data == right
    assert (shown.name, shown.title, shown.proof) == (repair, REPAIRS[repair].title, DIGESTS)
    again = damaged
    for change in reversed(shown.changes):
        end = change.offset + len(change.before)
        assert again[change.offset : end] == change.before
        again = again[: change.offset] + change.after + again[end:]
    assert again == right


def test_every_repair_that_check_names_fits() -> None:
    for damaged in (
        flipped(DATA, VALUES),
        flipped(DATA, SECTION.offset),
        DATA + b"xyz",
        flipped(DATA, SECTION.offset + 2),
        flipped(DATA, SECTION.offset + 9),
        NAN,
        zeroed(LATER_DATA, state_at(LATER) + 500, 600),
    ):
        found = [
            each.repair
            for each in check_module(Module.from_bytes(damaged, strict=False))
            if each.repair
        ]
        assert found
        for repair in found:
            after = Module.from_bytes(preview(repair, damaged).data)
            assert check_module(after) == []


def test_a_preview_shows_the_bytes_and_the_cells() -> None:
    at = VALUES + 8 * 8 + 1
    shown = preview("mend-record", flipped(DATA, at, 3))
    assert shown.changes == (Change(at, bytes([DATA[at] ^ 8]), DATA[at : at + 1]),)
    (tensor,) = shown.tensors
    assert (tensor.name, [change.index for change in tensor.changes]) == ("rng", [(0,)])
    assert tensor.changes[0].after == STATE["rng"][0]
    dropped = preview("drop-tail", DATA + b"xyz")
    assert dropped.changes == (Change(len(DATA), b"xyz", b""),)
    assert dropped.tensors == ()
    assert preview("mend-record", DATA).changes == ()


def test_a_preview_of_many_changes_joins_the_last_of_them() -> None:
    data = DATA + bytes(5000)
    other = bytearray(DATA + bytes(5000))
    other[len(DATA) :: 2] = b"\1" * len(other[len(DATA) :: 2])
    from wasmstate.state.damage.repair import _changes

    changes = _changes(data, bytes(other))
    assert len(changes) == 1000
    assert changes[-1].offset + len(changes[-1].after) == len(data) - 1


def test_cells_that_are_not_finite_are_taken_from_the_generation_before() -> None:
    shown = preview("restore-values", NAN)
    state = State.of(Module.from_bytes(shown.data))
    assert state["successes"].tolist() == [5, 1, 6, 7]
    assert state.generation == 2
    assert [[change.index for change in each.changes] for each in shown.tensors] == [[(1,)]]


def test_a_tensor_out_of_its_bounds_is_taken_whole_from_before() -> None:
    damaged = after_update(BANDIT, {"successes": [5, -1, 6, 7]}).to_bytes()
    state = State.of(Module.from_bytes(preview("restore-values", damaged).data))
    assert state["successes"].tolist() == [1, 1, 1, 1]


def test_values_are_not_taken_from_a_record_that_does_not_have_them() -> None:
    welford = fixture_model("welford").sections[-1].content
    other = Module.from_bytes(NAN).with_custom(PREV_SECTION, welford).to_bytes()
    for damaged in (other, DATA):
        with pytest.raises(SectionError, match="no older record has values that keep the bounds"):
            preview("restore-values", damaged)


def test_checksums_made_again_are_never_called_proven() -> None:
    shown = preview("recompute-checksums", zeroed(DATA, VALUES, 40))
    assert shown.proof == ""
    assert State.of(Module.from_bytes(shown.data))["successes"].tolist() == [0, 0, 0, 0]
    with pytest.raises(SectionError, match="must be whole for that"):
        preview("recompute-checksums", zeroed(DATA, SECTION.content_offset + 256, 200))
    cut = BANDIT.with_custom(STATE_SECTION, SECTION.content[:-70], force=True).to_bytes()
    with pytest.raises(SectionError, match="nothing to take a checksum of"):
        preview("recompute-checksums", cut)


def test_the_newest_state_of_this_code_is_kept() -> None:
    newer = with_generation(STATE.with_values({"count": 5}), 4).to_content()
    foreign = with_generation(State.of(fixture_model("welford")), 9).to_content()
    joined = BANDIT.with_custom(
        STATE_SECTION, SECTION.content + newer + foreign, force=True
    ).to_bytes()
    assert State.of(Module.from_bytes(preview("keep-newest", joined).data)).generation == 4
    twice = BANDIT.with_custom(STATE_SECTION, newer, index=len(BANDIT.sections)).to_bytes()
    assert State.of(Module.from_bytes(preview("keep-newest", twice).data)).generation == 4
    only_foreign = BANDIT.with_custom(STATE_SECTION, foreign, force=True).to_bytes()
    assert State.of(Module.from_bytes(preview("keep-newest", only_foreign).data)).generation == 9
    fork = with_generation(STATE.with_values({"count": 5}), 0).to_content()
    both = BANDIT.with_custom(STATE_SECTION, fork, index=len(BANDIT.sections)).to_bytes()
    with pytest.raises(SectionError, match="a fork"):
        preview("keep-newest", both)


def test_the_newest_whole_leftover_is_taken() -> None:
    shown = preview("take-leftover", bytes(100), [DATA, LATER_DATA, b"half"])
    assert (shown.data, shown.proof) == (LATER_DATA, DIGESTS)
    with pytest.raises(SectionError, match="no temporary file beside it is whole"):
        preview("take-leftover", DATA, [b"half"])


@pytest.mark.parametrize("repair", [name for name in REPAIRS if name != "take-leftover"])
def test_a_repair_that_does_not_fit_says_so(repair: str) -> None:
    with pytest.raises(SectionError):
        preview(repair, b"\0asm\1\0\0\0")
    with pytest.raises(SectionError, match=r"no repair is named 'wish'; there are mend-record, "):
        preview("wish", DATA)


def test_a_record_that_is_past_mending_is_refused() -> None:
    with pytest.raises(SectionError, match="cannot be mended so that the state digest proves it"):
        preview("mend-record", zeroed(DATA, VALUES, 40))
    with pytest.raises(SectionError, match="where it ends cannot be told"):
        preview("drop-after-record", zeroed(DATA, VALUES, 40))


def test_a_section_whose_size_is_written_short_is_mended_too() -> None:
    from support import custom_bytes

    short = DATA[: SECTION.offset] + custom_bytes(STATE_SECTION, SECTION.content)
    at = len(short) - SECTION.size + STATE.record.payload_offset
    mended = preview("mend-record", flipped(short, at)).data
    assert State.of(Module.from_bytes(mended)).digest == STATE.digest
