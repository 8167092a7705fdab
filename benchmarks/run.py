"""``make bench``: what things cost, as ratios to the least that could do, medians of one run.

Nothing here passes or fails: the figures are for docs/benchmarks.md.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

import hex_frames
import large_module
import opening
import wasmtime
from rich.console import Console
from rich.table import Table

from wasmstate import Module, Session, State, attach, commit
from wasmstate.cli.pipe import answer_lines
from wasmstate.cli.stopping import Stopping

PIPED = 20_000
"""Lines for the co-process."""

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"


def alternated(rounds: int, *tasks: Callable[[], object]) -> list[float]:
    """The median seconds of each task, run in turn so that the machine's moods hit all alike."""
    times: list[list[float]] = [[] for _ in tasks]
    for _ in range(rounds):
        for task, spent in zip(tasks, times, strict=True):
            started = time.perf_counter()
            task()
            spent.append(time.perf_counter() - started)
    return [statistics.median(each) for each in times]


def bare_replace(path: Path, data: bytes) -> None:
    """The least that is crash-safe: write, fsync, rename, fsync of the folder."""
    temporary = path.with_suffix(".tmp")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    os.write(fd, data)
    os.fsync(fd)
    os.close(fd)
    os.replace(temporary, path)
    fd = os.open(path.parent, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


def seek_over(path: Path) -> None:
    """A bare loop over the frames of sections."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(8)
        while file.tell() < end:
            file.read(1)
            size = shift = 0
            while True:
                (byte,) = file.read(1)
                size |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    break
            file.seek(size, os.SEEK_CUR)


def read_and_hash(path: Path) -> bytes:
    """The least that a reader of a state does, who believes what the lengths say."""
    data = path.read_bytes()
    zlib.crc32(data)
    return hashlib.sha256(data).digest()


def with_ballast(folder: Path, size: int) -> Path:
    """The bandit with so many bytes more, in front of its state."""
    path = folder / f"bandit-{size}.wasm"
    module = Module.open(FIXTURES / "bandit.wasm").with_custom("ballast", bytes(size), index=0)
    path.write_bytes(module.to_bytes())
    return path


def with_large_state(folder: Path) -> Path:
    """A module of one page whose state is nearly all of it: 60 KiB."""
    path = folder / "large-state.wasm"
    module = Module.open(FIXTURES / "bandit.wasm").without_custom("wasmstate.state")
    path.write_bytes(attach(module, ["s:f64[7680]@2048"]).to_bytes())
    return path


def commit_ratio(path: Path, rounds: int) -> tuple[float, float]:
    """Median seconds of reading and committing a state, and of the bare replacement."""
    data = path.read_bytes()
    other = path.with_name(f"bare-{path.name}")

    def commit_once() -> None:
        commit(path, State.of(Module.open(path)))

    return tuple(alternated(rounds, commit_once, lambda: bare_replace(other, data)))  # type: ignore[return-value]


def commit_alone_ratio(path: Path, rounds: int) -> tuple[float, float]:
    """The same without reading: of a state that the commit before has given."""
    other = path.with_name(f"bare-{path.name}")
    states = [commit(path, State.of(Module.open(path)))]
    data = path.read_bytes()

    def commit_once() -> None:
        states[0] = commit(path, states[0])

    return tuple(alternated(rounds, commit_once, lambda: bare_replace(other, data)))  # type: ignore[return-value]


def process(*words: str) -> Callable[[], object]:
    """A run of Python as a whole process, which finds its bytecode, as what pip installs does."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    words = (sys.executable, *words)
    return lambda: subprocess.run(words, check=True, capture_output=True, env=kept)


def co_process(model: Path, lines: bytes) -> Callable[[], object]:
    """A co-process that answers lines, in this process; nothing is committed."""

    def answer() -> None:
        with (
            Session.open(model, persist="manual") as session,
            redirect_stdout(io.TextIOWrapper(io.BytesIO())),
        ):
            answer_lines(session, io.BytesIO(lines), Stopping())

    return answer


def main() -> None:
    """Measure, and print a table."""
    table = Table("what", "median", "against", "median", "ratio")

    def add(what: str, ours: float, against: str, theirs: float) -> None:
        table.add_row(
            what, f"{ours * 1e3:.3f} ms", against, f"{theirs * 1e3:.3f} ms", f"{ours / theirs:.2f}"
        )

    # Not in /tmp, which may be memory and would make every fsync free.
    Path("build").mkdir(exist_ok=True)  # on a disk, as a folder for temporary files may not be
    with TemporaryDirectory(dir="build") as name:
        folder = Path(name)
        bare = "bare write, fsync, rename, fsync"
        add(
            "read and commit, 60 KiB state",
            *_with(bare, commit_ratio(with_large_state(folder), 100)),
        )
        add(
            "commit, 60 KiB state",
            *_with(bare, commit_alone_ratio(with_large_state(folder), 300)),
        )
        add("read and commit, 88 B state", *_with(bare, commit_ratio(with_ballast(folder, 0), 100)))
        large = with_ballast(folder, 30 << 20)
        add("read and commit, 30 MB module", *_with(bare, commit_ratio(large, 15)))
        add("commit, 30 MB module", *_with(bare, commit_alone_ratio(large, 15)))
        ours, loop = alternated(200, lambda: Module.open(large), lambda: seek_over(large))
        add("open and list, 30 MB module", ours, "bare loop of seek and read", loop)
        small = FIXTURES / "bandit.wasm"
        ours, bare_read = alternated(5000, lambda: State.open(small), lambda: read_and_hash(small))
        add("State.open, 4 KB file", ours, "read, CRC-32, SHA-256", bare_read)
        ours, construct = alternated(
            15,
            process("-m", "wasmstate", "layout", str(large)),
            process("-c", "import construct"),
        )
        add("wasmstate layout, whole process", ours, "python -c 'import construct'", construct)
        ours, click = alternated(
            15, process("-m", "wasmstate", "--help"), process("-c", "import click")
        )
        add("wasmstate --help, whole process", ours, "python -c 'import click'", click)
        shutil.copy(small, bandit := folder / "bandit.wasm")
        ours, libraries = alternated(
            15,
            process("-m", "wasmstate", "run", str(bandit), "update", "1", "1.0"),
            process("-c", "import numpy, wasmtime"),
        )
        add("wasmstate run, whole process", ours, "python -c 'import numpy, wasmtime'", libraries)
        lines = b'["update", 1, 1.0]\n' * PIPED
        ours, loop = alternated(
            5,
            co_process(bandit, lines),
            lambda: [json.dumps(json.loads(each)) for each in lines.splitlines()],
        )
        add("co-process, each line", ours / PIPED, "json.loads, json.dumps", loop / PIPED)
        model = folder / "linear.wasm"
        shutil.copy(FIXTURES / "linear.wasm", model)
        with Session.open(model, persist="manual") as session:
            store = wasmtime.Store()
            compiled = wasmtime.Module(store.engine, model.read_bytes())
            func = wasmtime.Instance(store, compiled, []).exports(store)["update"]
            assert isinstance(func, wasmtime.Func)
            ours, public = alternated(
                5000,
                lambda: session.update(0.1, 0.2, 0.3, 0.4, 0.5),
                lambda: func(store, 0.1, 0.2, 0.3, 0.4, 0.5),
            )
        add("session.update, not committed", ours, "wasmtime-py's public call", public)
        add_opening(table, folder)
    for row in hex_frames.measure():
        add(*row)
    Console(width=120).print(table)


def add_opening(table: Table, folder: Path) -> None:
    """What the window takes to open a module of 104 MB, in time and in memory."""
    path = large_module.large_module(folder / "large.wasm")
    large = [opening.measure(path) for _ in range(3)]
    small = [opening.measure(folder / "linear.wasm") for _ in range(3)]

    def row(what: str, key: str, unit: str, factor: float, *, against: str) -> None:
        ours = statistics.median(each[key] for each in large)
        if against == "bare":
            theirs = statistics.median(each["bare"] for each in large)
        else:
            theirs = statistics.median(each[key] for each in small)
        name = "a window without a file" if against == "bare" else "the same, linear.wasm"
        table.add_row(
            what,
            f"{ours * factor:.0f} {unit}",
            name,
            f"{theirs * factor:.0f} {unit}",
            f"{ours / theirs:.2f}",
        )

    row("104 MB opened in the window: painted", "seconds", "ms", 1e3, against="small")
    row("104 MB opened in the window: checked", "checked_seconds", "ms", 1e3, against="small")
    row("memory when it is painted", "painted", "MB", 1e-6, against="bare")
    row("memory at most, with the checks", "peak", "MB", 1e-6, against="bare")


def _with(against: str, medians: tuple[float, float]) -> tuple[float, str, float]:
    return medians[0], against, medians[1]


if __name__ == "__main__":
    main()
