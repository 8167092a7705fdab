"""Four devices that start from one file: merged, they know what one would that had seen all.

    python examples/four_devices.py

A line is fitted to 800 rows, then the world changes; each device sees 100 rows of the new one.
Adding up what is in the four files counts the first 800 rows four times.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate import Module, Session, State, commit, merge, models

Array = NDArray[Any]


def rows() -> tuple[Array, Array]:
    """1,200 rows of three features, of which the first 800 are of another world."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(1200, 3))
    y = x @ [1.0, -2.0, 3.0] + 5 + rng.normal(size=1200) * 0.1
    y[:800] -= 4 * x[:800, 0]
    return x, y


def learn(path: Path, x: Array, y: Array) -> Path:
    """Let the model in a file learn; one commit."""
    with Session.open(path, persist="on-close") as session:
        session.update_many(x, y)
    return path


def weights(path: Path) -> Array:
    """Of the line that a file has learned."""
    with Session.open(path) as session:
        return np.array([session.call("coefficient", i) for i in range(3)])


def added_up(devices: list[Path], output: Path) -> Path:
    """What somebody would get who adds up the sums in the files, about the mean of them all."""
    states = [State.open(device) for device in devices]
    counts = np.array([float(state["count"]) for state in states])
    mean = sum(n * state["mean"] for n, state in zip(counts, states, strict=True)) / counts.sum()
    m2 = sum(
        state["m2"] + n * np.outer(state["mean"] - mean, state["mean"] - mean)
        for n, state in zip(counts, states, strict=True)
    )
    Module.open(devices[0]).save(output)
    values = {"count": int(counts.sum()), "mean": mean, "m2": m2}
    commit(output, State.open(output).with_values(values))
    return output


def main() -> tuple[float, float]:
    """How far weights are from those of one device that saw all: merged, and added up."""
    x, y = rows()
    with TemporaryDirectory() as name:
        folder = Path(name)
        new = models.new("ols", features=3)
        for each in ("all", "trained"):
            new.save(folder / each)
        right = weights(learn(folder / "all", x, y))
        trained = Module.open(learn(folder / "trained", x[:800], y[:800]))
        base = merge(trained, []).module
        devices = []
        for i, part in enumerate(np.array_split(np.arange(800, 1200), 4)):
            base.save(folder / f"device-{i}")
            devices.append(learn(folder / f"device-{i}", x[part], y[part]))
        found = merge(base, {path.name: Module.open(path) for path in devices})
        found.module.save(folder / "merged")
        for device in found.devices:
            print(f"{device.name}: {device.updates} rows, {device.share:.0%}")
        scale = np.abs(right).max()
        merged = np.abs(weights(folder / "merged") - right).max() / scale
        added = np.abs(weights(added_up(devices, folder / "added")) - right).max() / scale
    return float(merged), float(added)


if __name__ == "__main__":
    print("merged: {:.1e} off, added up: {:.0%} off".format(*main()))
