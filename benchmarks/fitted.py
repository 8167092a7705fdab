"""``make models``: how large models of fitted estimators are, and how fast beside scikit-learn.

Nothing here passes or fails: the figures are for docs/models.md, "Fitted estimators". Each is the
median of five rounds in which the two take turns, and counts the time of this process on a
processor. Run in build/models.
"""

from __future__ import annotations

import statistics
import warnings
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from families import seconds_for

from wasmstate import Module, Session, State, from_fitted

ROUNDS = 5
CASES: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("linear_model.HuberRegressor", {"max_iter": 1000}, "diabetes"),
    ("linear_model.Perceptron", {}, "digits"),
    ("tree.DecisionTreeClassifier", {}, "breast_cancer"),
    ("ensemble.RandomForestClassifier", {}, "breast_cancer"),
    ("ensemble.RandomForestClassifier", {}, "digits"),
    ("ensemble.RandomForestRegressor", {}, "diabetes"),
    ("ensemble.GradientBoostingRegressor", {}, "diabetes"),
    ("ensemble.HistGradientBoostingClassifier", {}, "breast_cancer"),
    ("ensemble.IsolationForest", {}, "breast_cancer"),
    ("neural_network.MLPClassifier", {"hidden_layer_sizes": (100,)}, "digits"),
    ("naive_bayes.BernoulliNB", {"binarize": 1.5}, "digits"),
)


def fitted(path: str, options: dict[str, Any], data: str) -> tuple[Any, Any, Any]:
    """The estimator, and the rows and targets that it was fitted on."""
    x, y = getattr(import_module("sklearn.datasets"), f"load_{data}")(return_X_y=True)
    module, _, name = path.partition(".")
    kind = getattr(import_module(f"sklearn.{module}"), name)
    try:
        estimator = kind(random_state=0, **options)
    except TypeError:
        estimator = kind(**options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(x, y), x, y


def measure(module: Module, estimator: Any, x: Any, y: Any, folder: Path) -> dict[str, float]:
    """Seconds of a row: predicted alone and with the others, by the two, and learned."""
    path = folder / "model.wasm"
    module.save(path, overwrite=True)
    found: dict[str, list[float]] = {}
    with Session.open(path, persist="manual") as session:
        learns = "update_many" in session.state.entry_points
        most = session.params("update_many")[0].shape[0] if learns else 1
        rows, targets = np.resize(x, (most, x.shape[1])), np.resize(y, most).tolist()
        row, one = x[0], x[:1]
        calls = {
            "row": lambda: session.predict(row),
            "sklearn row": lambda: estimator.predict(one),
            "rows": lambda: session.predict_many(x),
            "sklearn rows": lambda: estimator.predict(x),
            **({"learned": lambda: session.update_many(rows, targets)} if learns else {}),
        }
        counts = {"rows": len(x), "sklearn rows": len(x), "learned": most}
        for _ in range(ROUNDS):
            for name, call in calls.items():
                found.setdefault(name, []).append(seconds_for(call) / counts.get(name, 1))
    return {name: statistics.median(times) for name, times in found.items()}


def main() -> None:
    """Print the table, in Markdown."""
    columns = ("estimator", "data", "code", "file", "a row", "scikit-learn")
    print("|", " | ".join((*columns, "of many", "scikit-learn", "learned")), "|")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    with TemporaryDirectory() as name:
        for path, options, data in CASES:
            estimator, x, y = fitted(path, options, data)
            module = from_fitted(estimator, pages=64)
            code = next(each for each in module.sections if each.name == "code")
            took = measure(module, estimator, x, y, Path(name))
            micros = [
                f"{took[key] * 1e6:,.1f} µs"
                for key in ("row", "sklearn row", "rows", "sklearn rows")
            ]
            learned = f"{1 / took['learned'] / 1e3:,.0f} k/s" if "learned" in took else ""
            kind = State.of(module).metadata["estimator"].partition(".")[2]
            print(
                f"| `{kind}` | {data} | {len(code.content):,} | {module.size:,} |",
                " | ".join([*micros, learned]),
                "|",
                flush=True,
            )


if __name__ == "__main__":
    main()
