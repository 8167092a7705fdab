"""A row is the same whether the file has a known form or is checked as the only one."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import pytest

pytest.importorskip("fsspec", reason="needs wasmstate[fleet]: make fleet")

from fleet_support import learned
from wasmstate import Module, State, bake, models
from wasmstate.fleet.choice import Choice
from wasmstate.fleet.row import Row, RowReader
from wasmstate.state.change.personalize import personalize
from wasmstate.state.older import with_next
from wasmstate.state.record import successor

CHOICE = Choice.parse(["mean"], ["m2:norm", "m2:max", "nothing:min"])
BASE = models.new("moments", features=2)


def row(data: bytes, *before: bytes) -> Row:
    """The row of a file that is read after others."""
    reader = RowReader(CHOICE)
    for each in before:
        reader.row("before", each, None)
    return reader.row("file", data, 7.0)


KNOWN = learned(BASE, 1).to_bytes()


def flipped(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), 61):
        yield data[:at] + bytes([data[at] ^ (1 << at % 8)]) + data[at + 1 :]


def test_a_sound_row_tells_of_the_state_and_of_chosen_values() -> None:
    data = learned(BASE, 2).to_bytes()
    state, base = State.of(data), State.of(BASE)
    found = row(data, KNOWN)
    assert found == row(data)
    assert (found.health, found.finding, found.size) == ("ok", None, len(data))
    assert (found.generation, found.updates) == (1, 5)
    assert (found.state_digest, found.base_digest) == (state.digest.hex(), base.digest.hex())
    assert found.lineage == [
        {"generation": 1, "digest": state.digest.hex()},
        {"generation": 0, "digest": base.digest.hex()},
    ]
    mean, norm, largest, nothing = found.values
    assert mean == state["mean"].tolist()
    assert (largest, nothing) == (state["m2"].max(), None)
    assert norm == pytest.approx((state["m2"] ** 2).sum() ** 0.5)


def test_what_is_no_module_has_no_code() -> None:
    empty, text = row(b""), row(b"hello")
    assert (empty.health, empty.module_digest) == ("damaged", None)
    assert (text.health, text.module_digest) == ("damaged", None)
    assert row(b"\0asm\1\0\0\0").module_digest is not None


def test_damage_anywhere_gives_the_row_of_a_full_check() -> None:
    data = learned(BASE, 2).to_bytes()
    for damaged in flipped(data):
        found = row(damaged, KNOWN)
        assert found == row(damaged)
        assert found.health != "ok" or Module.from_bytes(damaged).sections  # a name may change
    for end in range(0, len(data), 307):
        assert row(data[:end], KNOWN) == row(data[:end])
        assert row(data[:end], KNOWN).health != "ok"


def test_a_record_whose_checksums_were_made_to_fit_is_not_taken_for_sound() -> None:
    data = bytearray(learned(BASE, 2).to_bytes())
    start = bytes(data).rindex(b"\x89WST\r\n\x1a\n")
    data[start + 24] ^= 1  # the generation; the trailer has it, too
    data[start + 252 : start + 256] = zlib.crc32(data[start : start + 252]).to_bytes(4, "little")
    found = row(bytes(data), KNOWN)
    assert found == row(bytes(data))
    assert found.health == "damaged"


@pytest.mark.parametrize("keep", [0, 1, 3])
def test_files_with_more_generations_or_none_are_rows_like_others(keep: int) -> None:
    module = learned(BASE, 2)
    for seed in range(4):
        state = State.of(module).with_values({"count": 9 + seed})
        record = successor(state.record, State.of(module).record, keep)
        module = with_next(module, record.encode(), keep)
    found = row(module.to_bytes(), KNOWN, module.to_bytes())
    assert found == row(module.to_bytes())
    assert (found.health, found.generation) == ("ok", 5)


def test_another_history_in_a_file_is_a_warning_in_both_ways() -> None:
    start = BASE.with_custom(
        "wasmstate.state", State.of(BASE).with_values({"count": 1}).to_content()
    )
    stranger = State.of(learned(start, 3)).to_content()
    mixed = learned(BASE, 2).with_custom("wasmstate.prev", stranger).to_bytes()
    assert row(mixed, KNOWN) == row(mixed)
    assert row(mixed, KNOWN).health == "warning"


def test_a_baked_model_and_a_model_without_state_are_rows() -> None:
    baked = bake(learned(BASE, 2)).to_bytes()
    assert row(baked, KNOWN) == row(baked)
    assert (row(baked).health, row(baked).generation) == ("ok", 1)
    bare = BASE.without_custom("wasmstate.state").to_bytes()
    found = row(bare, KNOWN)
    assert (found.health, found.finding) == ("no state", "the file carries no state; attach one")
    assert (found.module_digest, found.generation) == (row(KNOWN).module_digest, None)


def test_a_device_with_an_id_is_a_row_of_the_same_form() -> None:
    def device(id: str, seed: int) -> bytes:
        return learned(personalize(BASE, id), seed).to_bytes()

    known = device("kiosk-1", 1)
    for id in ("kiosk-2", "a much longer id of another device " * 3, "k", 'a "quoted" id', "kiösk"):
        data = device(id, 2)
        assert row(data, known) == row(data)
        assert (row(data).health, row(data).device) == ("ok", id)
    reader = RowReader(CHOICE)
    for before in (known, personalize(BASE, "kiosk-1").to_bytes()):
        reader.row("before", before, None)
    for again in (device("kiosk-22", 3), personalize(BASE, "kiosk-333").to_bytes()):
        assert reader._forms.match(again) is not None
