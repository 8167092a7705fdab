"""``make models``: how fast the models learn, in a guest and beside other packages.

Nothing here passes or fails: the figures are for docs/models.md. Run in an environment of its own,
build/models, that has river and scikit-learn. Each figure is the median of five rounds, in which
all take turns, and counts the time of this process on a processor: other work does not slow it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from wasmstate import Module, Param, Session, State, models

ROUNDS = 5
LEAST = 0.1  # seconds that a round takes at least

OPTIONS: dict[str, dict[str, Any]] = {
    "thompson": {"arms": 10, "seed": 1},
    "bootstrap_thompson": {"arms": 10, "seed": 1},
    "epsilon_greedy": {"arms": 10, "seed": 1},
    "epsilon_first": {"arms": 10, "seed": 1},
    "ucb1": {"arms": 10},
    "softmax": {"arms": 10, "seed": 1},
    "exp3": {"arms": 10, "seed": 1},
    "linucb": {"arms": 10, "features": 6},
    "q_learning": {"states": 16, "actions": 4, "seed": 1},
    "moments": {"features": 6},
    "linear": {"features": 6, "lr": 0.005},
    "ols": {"features": 6},
    "rls": {"features": 6},
    "logistic": {"features": 6},
    "gaussian_nb": {"classes": 3, "features": 6},
    "multinomial_nb": {"classes": 3, "features": 6},
    "ftrl": {"features": 6},
    "mlp": {"features": 6, "hidden": 16, "classes": 3, "seed": 1},
    "kmeans": {"clusters": 8, "features": 6},
    "page_hinkley": {},
    "ddm": {},
    "sema": {"fixed": 2, "random": 2, "units": 100},
}


def numbers(param: Param, rng: np.random.Generator) -> NDArray[Any]:
    """A full buffer of numbers that a parameter can take."""
    limits = {bound.split()[0]: float(bound.split()[1]) for bound in param.bounds if " " in bound}
    if param.dtype == "f64":
        size = param.shape
        return rng.integers(0, 2, size) * 1.0 if limits["<="] == 1 else rng.normal(size=size)
    most = int(limits.get("<", limits.get("<=", 4.0) + 1))
    return rng.integers(0, most, param.shape).astype(np.int32)


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


def peer(path: str) -> Any:
    """Something of another package."""
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def river_models() -> dict[str, Callable[[], Any]]:
    """What river has, as a model that learns from a dictionary and a number."""
    sgd, linear = peer("river.optim.SGD"), "river.linear_model"
    return {
        "linear": lambda: peer(f"{linear}.LinearRegression")(sgd(0.005)),
        "logistic": lambda: (
            peer("river.preprocessing.StandardScaler")()
            | peer(f"{linear}.LogisticRegression")(sgd(0.01))
        ),
        "ftrl": lambda: peer(f"{linear}.LogisticRegression")(peer("river.optim.FTRLProximal")()),
        "gaussian_nb": peer("river.naive_bayes.GaussianNB"),
        "multinomial_nb": peer("river.naive_bayes.MultinomialNB"),
        "kmeans": lambda: peer("river.cluster.KMeans")(n_clusters=8),
    }


def sklearn_models() -> dict[str, Callable[[], Any]]:
    """What scikit-learn has, as a model with ``partial_fit``."""
    linear = "sklearn.linear_model"
    return {
        "moments": peer("sklearn.preprocessing.StandardScaler"),
        "linear": lambda: peer(f"{linear}.SGDRegressor")(learning_rate="constant", eta0=0.01),
        "logistic": lambda: peer(f"{linear}.SGDClassifier")(loss="log_loss"),
        "gaussian_nb": peer("sklearn.naive_bayes.GaussianNB"),
        "multinomial_nb": peer("sklearn.naive_bayes.MultinomialNB"),
        "mlp": lambda: peer("sklearn.neural_network.MLPClassifier")(16, solver="sgd"),
    }


def river_rows(name: str, columns: list[NDArray[Any]]) -> float:
    """Seconds that river takes for a row."""
    if name in ("page_hinkley", "ddm", "moments"):
        path = {
            "page_hinkley": "river.drift.PageHinkley",
            "ddm": "river.drift.binary.DDM",
            "moments": "river.preprocessing.StandardScaler",
        }[name]
        model = peer(path)()
        if name == "moments":
            rows = [dict(enumerate(row)) for row in columns[0].tolist()]
            return seconds_for(lambda: [model.learn_one(row) for row in rows]) / len(rows)
        values = columns[0].tolist()
        return seconds_for(lambda: [model.update(value) for value in values]) / len(values)
    model = river_models()[name]()
    rows = [dict(enumerate(row)) for row in columns[0].tolist()]
    if name == "kmeans":
        return seconds_for(lambda: [model.learn_one(row) for row in rows]) / len(rows)
    pairs = list(zip(rows, columns[1].tolist(), strict=True))
    return seconds_for(lambda: [model.learn_one(row, y) for row, y in pairs]) / len(pairs)


def sklearn_rows(name: str, columns: list[NDArray[Any]]) -> float:
    """Seconds that scikit-learn takes for a row given alone."""
    model = sklearn_models()[name]()
    rows = [column[:100].reshape(100, 1, *column.shape[1:]) for column in columns]
    given = {"classes": np.unique(columns[1])} if columns[1:] and name != "linear" else {}

    def learn() -> None:
        for row in zip(*rows, strict=True):
            model.partial_fit(*row, **given)

    return seconds_for(learn) / 100


def measure(name: str, folder: Path) -> dict[str, float]:
    """Rows a second: in the guest, by calls of ``update``, and of other packages."""
    rng = np.random.default_rng(0)
    with opened(name, folder) as session:
        params = session.state.entry_points["update_many"].params[:-1]
        columns = [numbers(param, rng) for param in params]
        rows = len(columns[0])
        row = [column[0] if column[0].shape else column[0].item() for column in columns]
        found = {
            "guest": rows / seconds_for(lambda: session.call("update_many", *columns, rows)),
            "calls": 1 / seconds_for(lambda: session.update(*row)),
        }
    if name in river_models() or name in ("page_hinkley", "ddm", "moments"):
        found["river"] = 1 / river_rows(name, columns)
    if name in sklearn_models():
        found["sklearn"] = 1 / sklearn_rows(name, columns)
    return found


def main() -> None:
    """Print the table."""
    table = Table("model", "options", "kernel B", "file B", "S B", "update_many/s", "update/s")
    for column in ("river/s", "scikit-learn/s"):
        table.add_column(column)
    with TemporaryDirectory() as name:
        folder = Path(name)
        rounds = [{each: measure(each, folder) for each in OPTIONS} for _ in range(ROUNDS)]
        for each, options in OPTIONS.items():
            content = (folder / f"{each}.wasm").read_bytes()
            size = sum(region.length for region in State.of(Module.from_bytes(content)).regions)
            speeds = {
                who: statistics.median(found[each][who] for found in rounds)
                for who in rounds[0][each]
            }
            table.add_row(
                each,
                " ".join(f"{key}={value}" for key, value in options.items() if key != "seed"),
                f"{len(models.describe(each).kernel()):,}",
                f"{len(content):,}",
                f"{size:,}",
                *(
                    f"{speeds[who]:,.0f}" if who in speeds else ""
                    for who in ("guest", "calls", "river", "sklearn")
                ),
            )
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
