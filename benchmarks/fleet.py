"""Scans and merges fleets of files: make bench-fleet. Rates are by processor time and by the clock.

A device is a copy of a linear model with 125 weights, so its state has 1 KB, and is committed once;
every thousandth is damaged by a flipped bit.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from wasmstate import State, fleet, models
from wasmstate.state.older import with_next
from wasmstate.state.record import successor

REPEAT = 3
MANY = 20_000  # files: more are measured once, and without a cluster


def make(folder: Path, number: int) -> Path:
    """Write a fleet; gives its base."""
    base = models.new("linear", features=125)
    base.save(folder / "base.wasm")
    start = State.of(base)
    rng = np.random.default_rng(19)
    for i in range(number):
        values = {"count": 10, "weights": rng.normal(size=125), "bias": rng.normal()}
        state = start.with_values(values)
        state = state.with_contents(state.contents(), updates=10)
        record = successor(state.record, start.record)
        data = with_next(base, record.encode(), record.keep).to_bytes()
        if i % 1000 == 500:
            at = len(data) - 50
            data = data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]
        path = folder / "devices" / f"{i // 1000:03}" / f"{i:06}.wasm"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder / "base.wasm"


def median(run: Callable[[], Any], repeat: int) -> tuple[float, float]:
    """Seconds by the clock, and of this process and those that it waited for."""
    clocks, works = [], []
    for _ in range(repeat):
        clock, work = time.perf_counter(), _work()
        run()
        clocks.append(time.perf_counter() - clock)
        works.append(_work() - work)
    return statistics.median(clocks), statistics.median(works)


def _work() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def measure(number: int) -> None:
    """Print a line for each way."""
    folder = Path(tempfile.mkdtemp())
    try:
        base = make(folder, number)
        devices, table = [str(folder / "devices")], folder / "fleet.parquet"
        repeat = REPEAT if number <= MANY else 1
        ways: dict[str, dict[str, Any]] = {"one process": {}, "two processes": {"jobs": 2}}
        cluster = None
        if number <= MANY:
            from distributed import LocalCluster  # noqa: PLC0415 (others run without it)

            cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
            ways["Dask, two workers"] = {"scheduler": cluster.scheduler_address}
        for name, options in ways.items():
            clock, work = median(
                partial(fleet.scan, devices, table, overwrite=True, **options), repeat
            )
            report(f"scan, {name}", number, clock, work)
        for name, options in ways.items():
            clock, work = median(partial(fleet.merge_table, table, base, **options), repeat)
            report(f"merge, {name}", number, clock, work)
        if cluster is not None:
            cluster.close()
    finally:
        shutil.rmtree(folder)


def report(name: str, number: int, clock: float, work: float) -> None:
    """Print a line."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name:26} {number:7,} files: {clock:6.2f} s, {number / clock:7,.0f}/s, "
        f"{number / work:7,.0f} a second of processor time, {peak:4.0f} MiB",
        flush=True,
    )


if __name__ == "__main__":
    for each in sys.argv[1:] or ["20000", "100000"]:
        measure(int(each))
