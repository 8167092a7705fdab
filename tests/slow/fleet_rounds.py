"""A thousand devices with three versions of the code: nothing counts twice, nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from rounds_simulation import Simulation, version

SMALL = [(8, seed) for seed in range(20)]


@pytest.mark.parametrize(("devices", "seed"), [*SMALL, (1000, 0)])
def test_nothing_counts_twice_and_nobody_loses_what_it_learned(
    tmp_path: Path, devices: int, seed: int
) -> None:
    versions = [version(number, devices) for number in (1, 2, 3)]
    left = Simulation(tmp_path, devices, seed, versions).run(24)
    assert [held for held, _ in left] == [learned for _, learned in left]
    assert len(left) >= devices / 4
