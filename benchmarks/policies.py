"""``make bench``: what it costs to have S written while a model learns.

The model of learning.py, linear with six features, learns 1,000 rows over and over, each call
checked. A round is 40 passes over the rows, with a new file; the policies take turns. What counts
is the processor time of all threads. The file is in the folder that is given, or in ``build``.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from wasmstate import Session, models

PASSES = 40
ROUNDS = 9
POLICIES = {
    "`manual`: nothing is written": {"persist": "manual"},
    "`every:1000`": {"persist": "every:1000"},
    "`every:0.1s`": {"persist": "every:0.1s"},
    "`manual`, recorded to a log": {"persist": "manual", "record": "calls.log"},
}


def learn(folder: Path, persist: str, record: str | None = None) -> tuple[float, int]:
    """Seconds of the processor for all passes, and how many generations were written in them."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(1000, 6))
    rows, targets = x.tolist(), (x @ np.arange(6)).tolist()
    model = folder / "model.wasm"
    model.write_bytes(models.new("linear", features=6, lr=0.005).to_bytes())
    log = folder / record if record else None
    if log is not None:
        log.unlink(missing_ok=True)
    with Session.open(model, persist=persist, record=log) as session:
        update = session.update
        started = time.process_time()
        for _ in range(PASSES):
            for features, target in zip(rows, targets, strict=True):
                update(features, target)
        return time.process_time() - started, session.generation


def main() -> None:
    """Print the table."""
    parent = Path(sys.argv[1] if len(sys.argv) > 1 else "build")
    parent.mkdir(exist_ok=True)
    found: dict[str, list[tuple[float, int]]] = {name: [] for name in POLICIES}
    with TemporaryDirectory(dir=parent) as folder:
        for _ in range(ROUNDS):
            for name, options in POLICIES.items():
                found[name].append(learn(Path(folder), **options))
    base = [seconds for seconds, _ in next(iter(found.values()))]
    print(
        "| | µs an update | against `manual` | commits a second of it |\n| --- | --- | --- | --- |"
    )
    for name, rounds in found.items():
        each = statistics.median(seconds for seconds, _ in rounds) / PASSES / 1000 * 1e6
        ratio = statistics.median(s / b for (s, _), b in zip(rounds, base, strict=True))
        commits = statistics.median(count / seconds for seconds, count in rounds)
        print(f"| {name} | {each:.2f} | {ratio:.2f} | {commits:.0f} |")


if __name__ == "__main__":
    main()
