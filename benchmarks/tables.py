"""``make bench``: rows of tables into a model, beside the least that could do.

Each table has nine columns of normally distributed numbers. ``wasmstate run ... update --from``
runs in this process, from the path of the model to its commit; against it stands a library that
reads the whole file at once, and one call of ``update_many``. Seconds are of this process on a
processor, medians of rounds in which both take turns. Memory is the peak of a process of its own.

Nothing here passes or fails: the figures are for docs/benchmarks.md.
"""

from __future__ import annotations

import gzip
import io
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from wasmstate import Session, models
from wasmstate.cli import main as wasmstate

ROWS = 200_000
ROUNDS = 5
LARGE = 250 << 20
FEATURES = 8

Read = Callable[[Path], NDArray[Any]]


def write_tables(folder: Path) -> dict[str, tuple[Path, str, Read]]:
    """A table in each way of writing, and what reads it whole."""
    table = np.random.default_rng(1).normal(size=(ROWS, FEATURES + 1))

    def text(format: str) -> bytes:
        line = ",".join([format] * (FEATURES + 1)) + "\n"
        return "".join(line % tuple(row) for row in table.tolist()).encode()

    def written(name: str, content: bytes) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    np.save(folder / "rows.npy", table)
    lines = "".join(json.dumps(row) + "\n" for row in table.tolist()).encode()
    short, long = text("%.4f"), text("%r")
    packed = gzip.compress(short)
    tables: dict[str, tuple[Path, str, Read]] = {
        "CSV, 4 decimals": (written("short.csv", short), "np.loadtxt", _load_text),
        "CSV, all digits": (written("long.csv", long), "np.loadtxt", _load_text),
        "the same, gzip": (written("short.csv.gz", packed), "np.loadtxt", _load_text),
        "npy": (folder / "rows.npy", "np.load", np.load),
        "JSON lines": (written("rows.jsonl", lines), "json.loads", _load_lines),
    }
    try:
        import pyarrow as pa  # noqa: PLC0415 (an extra)
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError:
        return tables
    names = [*(f"x[{i}]" for i in range(FEATURES)), "y"]
    pq.write_table(pa.table(dict(zip(names, table.T, strict=True))), folder / "rows.parquet")

    def read(path: Path) -> NDArray[Any]:
        return np.stack([each.to_numpy() for each in pq.read_table(path)], axis=1)

    return tables | {"Parquet": (folder / "rows.parquet", "pq.read_table", read)}


def _load_text(path: Path) -> NDArray[Any]:
    return np.loadtxt(path, delimiter=",")


def _load_lines(path: Path) -> NDArray[Any]:
    return np.array([json.loads(line) for line in path.read_bytes().splitlines()])


def seconds(task: Callable[[], object]) -> float:
    """Of this process on a processor."""
    started = time.process_time()
    task()
    return time.process_time() - started


def measure(model: Path, path: Path, read: Read) -> tuple[float, float]:
    """Median seconds of the command, and of the whole file at once."""
    content = models.new("linear", features=FEATURES, lr=0.001).to_bytes()
    words = ["run", str(model), "update", "--from", str(path), "--persist", "on-close"]

    def command() -> None:
        with suppress(SystemExit), redirect_stderr(io.StringIO()):
            wasmstate(words)

    def at_once() -> None:
        with Session.open(model, persist="on-close") as session:
            table = read(path)
            session.update_many(table[:, :-1], table[:, -1])

    found: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        for task, spent in zip((command, at_once), found, strict=True):
            model.write_bytes(content)
            spent.append(seconds(task))
    return statistics.median(found[0]), statistics.median(found[1])


def peak(*words: str) -> float:
    """The most memory of a command, in MB."""
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run([sys.executable, '-m', 'wasmstate', *sys.argv[1:]], check=True,"
        " stderr=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [sys.executable, "-c", code, *words]
    return int(subprocess.run(command, check=True, capture_output=True).stdout) / 1024


def main() -> None:
    """Measure, and print a table."""
    table = Table("table", "rows a second", "against", "rows a second", "ratio")
    with TemporaryDirectory() as name:
        folder = Path(name)
        model = folder / "model.wasm"
        for what, (path, against, read) in write_tables(folder).items():
            ours, whole = measure(model, path, read)
            rates = f"{ROWS / ours:,.0f}", f"{against}, update_many", f"{ROWS / whole:,.0f}"
            table.add_row(what, *rates, f"{whole / ours:.2f}")
        Console(width=120).print(table)
        large = folder / "large.csv"
        block = (folder / "short.csv").read_bytes()
        with large.open("wb") as file:
            for _ in range(LARGE // len(block)):
                file.write(block)
        words = ["run", str(model), "update", "--from"]
        manual = ["--persist", "manual"]
        small = folder / "small.csv"
        small.write_bytes(block[: block.index(b"\n") + 1])
        most, least = peak(*words, str(large), *manual), peak(*words, str(small), *manual)
        print(f"memory: {most:.0f} MB for {large.stat().st_size >> 20} MB, {least:.0f} for a row")


if __name__ == "__main__":
    main()
