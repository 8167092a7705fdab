"""A small fleet over time; `make fleet` runs a thousand devices."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("fsspec", reason="needs wasmstate[fleet]: make fleet")

from rounds_simulation import Simulation, version


def test_nothing_counts_twice_and_nobody_loses_what_it_learned(tmp_path: Path) -> None:
    versions = [version(number, 6) for number in (1, 2)]
    for held, learned in Simulation(tmp_path, 6, 3, versions).run(12):
        assert held == learned
