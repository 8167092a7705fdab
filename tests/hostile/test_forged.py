"""Forged records: every checksum is right, and only the meaning is hostile.

``make hostile`` runs 20,000 of them.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from hostile.forge import forged, taken_apart
from hostile.forged_use import agree, same, use
from hostile.reader import read_module
from hostile.seeds import SEEDS, SOUND, forgeries
from state.records import record_bytes
from support import FIXTURES
from wasmstate import State


@pytest.mark.parametrize("name", ["bandit", "linear", "liveness", "welford"])
def test_the_page_of_the_format_is_enough_to_read_a_fixture(name: str) -> None:
    path = FIXTURES / f"{name}.wasm"
    assert same(State.open(path), read_module(path.read_bytes()))


def test_a_record_that_nobody_forged_is_put_together_as_it_was() -> None:
    for content in (*SEEDS, record_bytes()):
        assert taken_apart(content).encode() == content


def test_two_readers_that_share_no_line_agree_on_forged_records() -> None:
    dice = random.Random(20_261_127)
    pool = [*SEEDS, record_bytes()]
    taken = [agree(forged(dice.choice(pool), dice)) for _ in range(600)]
    assert 60 < sum(each is not None for each in taken) < 540, "all alike: nothing is tested"


@pytest.mark.parametrize("seed", range(6))
def test_a_forged_file_gives_answers_or_errors_of_the_library(seed: int, tmp_path: Path) -> None:
    sound = tmp_path / "sound.wasm"
    sound.write_bytes(SOUND)
    dice = random.Random(seed)
    for data in forgeries(dice, 12):
        use(tmp_path / "forged.wasm", data, sound, dice)
