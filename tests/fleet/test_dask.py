"""A Dask cluster of processes gives the bytes of this process, also when a worker is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fsspec", reason="needs wasmstate[fleet]: make fleet")
pytest.importorskip("distributed", reason="needs wasmstate[fleet]: make fleet")

import distributed

from fleet_support import Devices
from wasmstate import fleet

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as found:
        yield found


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("scan", "merge_table"):
        monkeypatch.setattr(import_module(f"wasmstate.fleet.{name}"), "_BATCH", 1)


def test_it_gives_the_bytes_of_this_process(cluster: Any, devices: Devices, tmp_path: Path) -> None:
    here, there = tmp_path / "here.parquet", tmp_path / "there.parquet"
    address = cluster.scheduler_address
    fleet.scan([str(devices.folder)], here)
    fleet.scan([str(devices.folder)], there, scheduler=address)
    assert here.read_bytes() == there.read_bytes()
    at_home = fleet.merge_table(here, devices.base)
    abroad = fleet.merge_table(there, devices.base, scheduler=address)
    assert at_home.merge.module.to_bytes() == abroad.merge.module.to_bytes()
    assert at_home.refused == abroad.refused


def test_a_worker_that_is_killed_costs_no_row(
    cluster: Any, devices: Devices, tmp_path: Path
) -> None:
    here, there = tmp_path / "here.parquet", tmp_path / "there.parquet"
    fleet.scan([str(devices.folder)], here)
    killed: list[int] = []

    def kill(_: fleet.Progress) -> None:
        if not killed:
            pid = next(iter(cluster.workers.values())).pid
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    fleet.scan([str(devices.folder)], there, scheduler=cluster.scheduler_address, progress=kill)
    assert killed
    assert here.read_bytes() == there.read_bytes()


def test_a_scheduler_that_does_not_answer_is_an_error(
    devices: Devices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dask

    with (
        dask.config.set({"distributed.comm.timeouts.connect": "200ms"}),
        pytest.raises(
            fleet.EngineError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1"
        ),
    ):
        fleet.scan([str(devices.folder)], tmp_path / "f.parquet", scheduler="tcp://127.0.0.1:1")
    assert fleet.scan([str(devices.folder)], tmp_path / "f.parquet", resume=True).files == 25
