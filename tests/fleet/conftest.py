"""A small fleet in a folder: sound devices, damaged ones, old code."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet_support import Devices, learned
from wasmstate import models


@pytest.fixture
def devices(tmp_path: Path) -> Devices:
    """25 devices; number 3 is cut short, 5 has a flipped bit, 7 no state, 9 other code."""
    folder, base = tmp_path / "devices", tmp_path / "base.wasm"
    (folder / "north").mkdir(parents=True)
    start = models.new("moments", features=2)
    start.save(base)
    other = models.new("ucb1", arms=3)
    sound = []
    for i in range(25):
        path = folder / ("north" if i % 2 else "") / f"{i:02}.wasm"
        data = learned(start, i).to_bytes()
        if i == 3:
            data = data[: len(data) // 2]
        elif i == 5:
            data = data[:-40] + bytes([data[-40] ^ 1]) + data[-39:]
        elif i == 7:
            data = start.without_custom("wasmstate.state").to_bytes()
        elif i == 9:
            data = other.to_bytes()
        else:
            sound.append(path)
        path.write_bytes(data)
    (folder / "notes.txt").write_text("no module")
    return Devices(folder, base, sorted(sound))
