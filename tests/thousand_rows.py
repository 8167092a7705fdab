"""A thousand rows for every model, learned in Python, to be compared with another runtime."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from node import ROOT
from wasmstate import Param, Session

ROWS = 1000
MODULES = ROOT / "fixtures/vectors/modules"


def learn_in_python(folder: Path) -> dict[str, list[list[Any]]]:
    """Copy every model to a folder, and let it learn; gives the rows by the names of the files."""
    rng = np.random.default_rng(11)
    rows: dict[str, list[list[Any]]] = {}
    folder.mkdir()
    for file in sorted(MODULES.glob("model-*.wasm")):
        shutil.copy(file, folder)
        with Session.open(folder / file.name, persist="on-close") as session:
            columns = [_values_of(param, rng).tolist() for param in session.params("update")]
            rows[file.name] = [list(row) for row in zip(*columns, strict=True)]
            for row in rows[file.name]:
                session.update(*row)
    return rows


def _values_of(param: Param, rng: np.random.Generator) -> Any:
    """A value that a parameter takes in each row."""
    limits = {b.split()[0]: float(b.split()[1]) for b in param.bounds if " " in b}
    size = (ROWS, *param.shape)
    low = int(limits.get(">=", 0))
    if param.dtype.startswith("i"):
        return rng.integers(low, int(limits.get("<", limits.get("<=", low + 2) + 1)), size)
    if limits.get("<=") == 1:
        return rng.integers(0, 2, size) * 1.0
    values = rng.normal(size=size)
    return np.abs(values) if limits.get(">=") == 0 else values
