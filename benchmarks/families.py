"""``make models``: how fast the models learn, in a guest and beside other packages.

Nothing here passes or fails: the figures are for docs/models.md, whose sentences
about them a test derives (tests/docs/test_figures.py). Run in an environment of its own,
build/models, that has river, scikit-learn and Vowpal Wabbit. The rows are of data that come with
these. Each figure is the median of five rounds, in which all take turns, and counts the time of
this process on a processor: other work does not slow it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from family_peers import ARMS, PEERS, columns_for

from wasmstate import Module, Session, State, models
from wasmstate.state.tensor import DTYPES

ROUNDS = 5
LEAST = 0.1  # seconds that a round takes at least

OPTIONS: dict[str, dict[str, Any]] = {
    "thompson": {"arms": ARMS, "seed": 1},
    "discounted_thompson": {"arms": ARMS, "seed": 1},
    "bootstrap_thompson": {"arms": ARMS, "seed": 1},
    "epsilon_greedy": {"arms": ARMS, "seed": 1},
    "epsilon_first": {"arms": ARMS, "seed": 1},
    "ucb1": {"arms": ARMS},
    "softmax": {"arms": ARMS, "seed": 1},
    "exp3": {"arms": ARMS, "seed": 1},
    "linucb": {"arms": ARMS, "features": 6},
    "lock_in_feedback": {},
    "q_learning": {"states": 16, "actions": 4, "seed": 1},
    "sarsa": {"observations": 4, "actions": 2, "seed": 1},
    "moments": {"features": 6},
    "linear": {"features": 6, "lr": 0.005},
    "adagrad": {"features": 6},
    "ols": {"features": 6},
    "rls": {"features": 6},
    "logistic": {"features": 6},
    "softmax_regression": {"classes": 3, "features": 6},
    "gaussian_nb": {"classes": 3, "features": 6},
    "multinomial_nb": {"classes": 3, "features": 6},
    "ftrl": {"features": 6},
    "mlp": {"features": 6, "hidden": 16, "classes": 3, "seed": 1},
    "kmeans": {"clusters": 8, "features": 6},
    "page_hinkley": {},
    "ddm": {},
    "ewma": {},
    "half_space_trees": {"features": 6, "seed": 1},
    "sema": {"fixed": 2, "random": 2, "units": 100},
}


def seconds_for(call: Callable[[], object]) -> float:
    """Of one call, on average, called for at least a tenth of a second."""
    calls, took = 1, 0.0
    while True:
        started = time.process_time()
        for _ in range(calls):
            call()
        took = time.process_time() - started
        if took >= LEAST:
            return took / calls
        calls = max(calls + 1, int(calls * 1.5 * LEAST / max(took, 1e-6)))


@contextmanager
def opened(name: str, folder: Path) -> Iterator[Session]:
    """A session on a new model."""
    path = folder / f"{name}.wasm"
    path.write_bytes(models.new(name, **OPTIONS[name]).to_bytes())
    with Session.open(path, persist="manual") as session:
        yield session


def measure(name: str, folder: Path) -> dict[str, float]:
    """Rows a second: in the guest, by calls of ``update``, and of other packages."""
    with opened(name, folder) as session:
        params = session.state.entry_points["update_many"].params[:-1]
        rows = params[0].shape[0]
        columns = [
            column.astype(DTYPES[param.dtype])
            for column, param in zip(
                columns_for(name, np.random.default_rng(0)), params, strict=True
            )
        ]
        full = [
            np.resize(column, param.shape) for column, param in zip(columns, params, strict=True)
        ]
        # Lists and numbers of Python, for which the other packages are the quickest, too.
        each = list(zip(*(column.tolist() for column in columns), strict=True))
        update = session.update

        def row_by_row() -> None:
            for row in each:
                update(*row)

        found = {
            "update_many": rows / seconds_for(lambda: session.call("update_many", *full, rows)),
            "update": len(each) / seconds_for(row_by_row),
        }
    for package, learner in PEERS.items():
        learn = learner(name, columns)
        if learn is not None:
            count = min(100, len(each)) if package == "scikit-learn" else len(each)
            found[package] = count / seconds_for(learn)
    return found


def main() -> None:
    """Print the table, in Markdown."""
    columns = ("update_many", "update", *PEERS)
    headings = ("`update_many`", "`update`", *(f"{each} {version(each)}" for each in PEERS))
    print("| model | options | kernel | file | S |", " | ".join(headings), "|")
    print("| --- | --- |", "---: | " * (3 + len(columns)))
    with TemporaryDirectory() as name:
        folder = Path(name)
        rounds = [{each: measure(each, folder) for each in OPTIONS} for _ in range(ROUNDS)]
        for each, options in OPTIONS.items():
            content = (folder / f"{each}.wasm").read_bytes()
            size = sum(region.length for region in State.of(Module.from_bytes(content)).regions)
            cells = [
                f"`{each}`",
                " ".join(f"{key}={value}" for key, value in options.items() if key != "seed"),
                f"{len(models.describe(each).kernel()):,}",
                f"{len(content):,}",
                f"{size:,}",
            ]
            for who in columns:
                speeds = [found[each][who] for found in rounds if who in found[each]]
                cells.append(rate(statistics.median(speeds)) if speeds else "")
            print("|", " | ".join(cells), "|")


def rate(rows: float) -> str:
    """Rows a second, to three digits at most."""
    if rows >= 999_500:
        return f"{rows / 1e6:.1f} M"
    return f"{rows / 1e3:.0f} k" if rows >= 9_950 else f"{rows / 1e3:.1f} k"


if __name__ == "__main__":
    main()
