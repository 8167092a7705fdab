"""A multilevel model, learned row by row, beside statsmodels' MixedLM, which has all rows at once.

    python examples/multilevel.py

Grunfeld's data: investments of eleven firms over twenty years, with an intercept for each firm.
Needs statsmodels, which brings the data.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from wasmstate import Session, models


def main(sweeps: int = 10_000) -> tuple[list[float], list[float]]:
    """The weights of both: intercept, value, capital."""
    api = import_module("statsmodels.api")
    data = api.datasets.grunfeld.load_pandas().data
    y = data["invest"].to_numpy() / 100
    x = np.column_stack([np.ones(len(y)), data[["value", "capital"]].to_numpy() / 1000])
    _, firm = np.unique(data["firm"], return_inverse=True)
    exact = api.MixedLM(y, x, groups=firm).fit(reml=False)
    with TemporaryDirectory() as name:
        path = Path(name) / "firms.wasm"
        models.new("sema", fixed=3, random=1, units=11).save(path)
        with Session.open(path, persist="on-close") as session:
            for row, unit, value in zip(x, firm, y, strict=True):
                session.update(row, [1.0], int(unit), value)
            for _ in range(sweeps):
                session.call("sweep")
            found = session.state["weights"].tolist()
    return found, list(map(float, exact.fe_params))


if __name__ == "__main__":
    ours, theirs = main()
    print("sema   ", *(f"{each:.9f}" for each in ours))
    print("MixedLM", *(f"{each:.9f}" for each in theirs))
