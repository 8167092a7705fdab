"""``make hostile``: 20,000 forged records, read by two readers and used in every way.

A forgery that is not handled is kept in ``build/hostile``.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from hostile.forge import forged
from hostile.forged_use import agree, use
from hostile.memory import peak, reset_peak
from hostile.seeds import SEEDS, SOUND, forgeries
from state.records import record_bytes

ROOT = Path(__file__).resolve().parents[2]
BATCHES = 80
READ, USED = 100, 150
"""Records of a batch that are only read, and files that are used."""

SECONDS = 4.0
MEMORY = (64 << 20) + (8 << 20)
"""For one file in all ways: a dozen questions, one of them a call with a limit of 8 MiB."""


def kept(name: str, data: bytes) -> Path:
    folder = ROOT / "build" / "hostile"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return folder / name


@pytest.mark.parametrize("seed", range(BATCHES))
def test_forged_records(seed: int, tmp_path: Path) -> None:
    dice = random.Random(f"records {seed}")
    pool = [*SEEDS, record_bytes()]
    for i in range(READ):
        content = forged(dice.choice(pool), dice)
        try:
            agree(content)
        except Exception as error:
            path = kept(f"record-{seed}-{i}", content)
            raise AssertionError(f"{path}: {type(error).__name__}: {error}") from error


@pytest.mark.parametrize("seed", range(BATCHES))
def test_forged_files(seed: int, tmp_path: Path) -> None:
    dice = random.Random(f"files {seed}")
    sound = tmp_path / "sound.wasm"
    sound.write_bytes(SOUND)
    for i, data in enumerate(forgeries(dice, USED)):
        before = reset_peak()
        started = time.monotonic()
        try:
            use(tmp_path / "forged.wasm", data, sound, dice)
            assert time.monotonic() - started <= SECONDS, "it took too long"
            assert peak() - before <= MEMORY, f"it took {peak() - before:,} bytes"
        except Exception as error:
            path = kept(f"file-{seed}-{i}.wasm", data)
            raise AssertionError(f"{path}: {type(error).__name__}: {error}") from error
