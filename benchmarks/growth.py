"""``make bench``: how the time of what people do grows with the size of what it is done with.

Each figure is measured at four sizes, in turn: medians of the processor time of this process. The
exponent is the slope of the line through their logarithms: 0 is constant, 1 proportional. Beside it
stands what docs/benchmarks.md claims; one that is above it by more than a quarter is marked.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rich.console import Console
from rich.table import Table

from wasmstate import Module, Session, State, attach, check, commit, history, models

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
ROUNDS = 9
TOLERANCE = 0.25


def bandit() -> Module:
    """The module of the fixtures, without a state."""
    return Module.open(FIXTURES / "bandit.wasm").without_custom("wasmstate.state")


def of_bytes(path: Path, size: int) -> None:
    """A file with so many bytes beside its state."""
    module = Module.open(FIXTURES / "bandit.wasm").with_custom("ballast", bytes(size), index=0)
    path.write_bytes(module.to_bytes())


def of_sections(path: Path, count: int) -> None:
    """A file of so many custom sections."""
    content = Module.open(FIXTURES / "bandit.wasm").to_bytes()
    path.write_bytes(content + b"".join(b"\x00\x04\x02ab" + b"-" for _ in range(count)))


def of_tensors(path: Path, count: int) -> None:
    """A state of so many tensors, in one region."""
    tensors = [f"t{i}:f64@{2048 + 8 * i}" for i in range(count)]
    path.write_bytes(attach(bandit(), tensors).to_bytes())


def of_history(path: Path, count: int) -> None:
    """A state that has so many generations before it, each another one."""
    path.write_bytes((FIXTURES / "bandit.wasm").read_bytes())
    with Session.open(path, keep=count, durability="none") as session:
        for i in range(count + 1):
            session.update(i % 3, 1.0)


@dataclass(frozen=True)
class Growth:
    """Something that is done with files of four sizes.

    Attributes:
        what: it is.
        by: what grows.
        sizes: four of them.
        make: makes the file of a size.
        task: what is done with the file.
        claim: the exponent that docs/benchmarks.md claims.
    """

    what: str
    by: str
    sizes: Sequence[int]
    make: Callable[[Path, int], None]
    task: Callable[[Path], object]
    claim: float


def list_sections(path: Path) -> object:
    """The names of all sections."""
    return [section.name for section in Module.open(path).sections]


def commit_once(path: Path) -> object:
    """A commit of a state that is read, not synced: what is Python's is seen."""
    return commit(path, State.open(path), durability="none")


def update_once(path: Path) -> object:
    """A call of ``update`` that is not committed; opening counts."""
    with Session.open(path, persist="manual") as session:
        for _ in range(200):
            session.update(1, 1.0)
    return None


FILES = (1 << 20, 4 << 20, 16 << 20, 64 << 20)
SECTIONS = (250, 1000, 4000, 16000)
TENSORS = (50, 200, 800, 3200)
HISTORY = (4, 8, 16, 32)
ROWS = (4000, 16000, 64000, 256000)

GROWTHS = [
    Growth("Module.open and list", "bytes of the file", FILES, of_bytes, list_sections, 0),
    Growth("State.open", "bytes of the file", FILES, of_bytes, State.open, 0),
    Growth("check", "bytes of the file", FILES, of_bytes, check, 1),
    Growth("commit", "bytes of the file", FILES, of_bytes, commit_once, 1),
    Growth("200 updates", "bytes of the file", FILES, of_bytes, update_once, 1),
    Growth("Module.open and list", "sections", SECTIONS, of_sections, list_sections, 1),
    Growth("check", "sections", SECTIONS, of_sections, check, 1),
    Growth("commit", "sections", SECTIONS, of_sections, commit_once, 1),
    Growth("State.open", "tensors", TENSORS, of_tensors, State.open, 1),
    Growth("check", "tensors", TENSORS, of_tensors, check, 1),
    Growth("commit", "tensors", TENSORS, of_tensors, commit_once, 1),
    Growth("200 updates", "tensors", TENSORS, of_tensors, update_once, 1),
    Growth("State.open", "generations kept", HISTORY, of_history, State.open, 1),
    Growth("history", "generations kept", HISTORY, of_history, history, 1),
    Growth("check", "generations kept", HISTORY, of_history, check, 1),
    Growth("commit", "generations kept", HISTORY, of_history, commit_once, 1),
]


def median_times(tasks: Sequence[Callable[[], object]]) -> list[float]:
    """Median seconds of each, in turn."""
    found: list[list[float]] = [[] for _ in tasks]
    for _ in range(ROUNDS):
        for task, spent in zip(tasks, found, strict=True):
            started = time.process_time()
            task()
            spent.append(time.process_time() - started)
    return [statistics.median(each) for each in found]


def exponent(sizes: Sequence[int], times: Sequence[float]) -> float:
    """The slope of the line through the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def times_of(growth: Growth, folder: Path) -> list[float]:
    """Median seconds at each size."""
    paths = [folder / f"{i}.wasm" for i in range(len(growth.sizes))]
    for path, size in zip(paths, growth.sizes, strict=True):
        growth.make(path, size)

    def task(path: Path) -> Callable[[], object]:
        return lambda: growth.task(path)

    return median_times([task(path) for path in paths])


def times_of_rows(folder: Path) -> list[float]:
    """Median seconds of ``update_many``, of as many rows as :data:`ROWS`."""
    path = folder / "linear.wasm"
    path.write_bytes(models.new("linear", features=8, lr=0.001).to_bytes())
    table = np.random.default_rng(1).normal(size=(ROWS[-1], 9))
    with Session.open(path, persist="manual") as session:

        def task(count: int) -> Callable[[], object]:
            return lambda: session.update_many(table[:count, :-1], table[:count, -1])

        return median_times([task(count) for count in ROWS])


def main() -> None:
    """Measure, and print a table."""
    table = Table("what", "by", "sizes", "ms", "exponent", "claim")

    def add(what: str, by: str, sizes: Sequence[int], times: Sequence[float], claim: float) -> None:
        found = exponent(sizes, times)
        mark = " !" if found > claim + TOLERANCE else ""
        shown = ", ".join(f"{each:,}" for each in sizes)
        took = ", ".join(f"{each * 1e3:.3g}" for each in times)
        table.add_row(what, by, shown, took, f"{found:.2f}{mark}", f"{claim:g}")

    with TemporaryDirectory() as name:
        folder = Path(name)
        for each in GROWTHS:
            add(each.what, each.by, each.sizes, times_of(each, folder), each.claim)
        add("update_many", "rows", ROWS, times_of_rows(folder), 1)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
