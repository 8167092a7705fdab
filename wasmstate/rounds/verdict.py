"""Whether a model is good enough on rows that a round brings: ``accuracy > 0.7``."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from wasmstate.binary.module import Module
from wasmstate.errors import SchemaError
from wasmstate.rounds.errors import RoundError
from wasmstate.session.loss import Loss
from wasmstate.session.session import Session
from wasmstate.session.table import read_table
from wasmstate.state.compare.condition import Condition


def check_condition(check: str) -> None:
    """Check that a condition can be used.

    Raises:
        SchemaError: it cannot be read, or names something else than ``accuracy`` and ``loss``.
    """
    Condition(check, _values(0.0, is_class=True))


def check_model(model: Module, check: str, rows: Path) -> None:
    """Check a model before it is taken; it learns nothing.

    Args:
        model: with its state.
        check: a condition on ``accuracy``, the share of rows whose class is predicted, and
            ``loss``, the mean loss of the rows: of a class 0 or 1, of a number how far off it is.
        rows: a table of arguments of ``update()``.

    Raises:
        RoundError: the condition does not hold.
        SchemaError: the model has no loss, or no ``accuracy``.
        ArgumentError, CallError: a row cannot be read, or a call failed.
        OSError: the table cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="wasmstate-") as folder:
        path = Path(folder) / "model.wasm"
        model.save(path)
        with Session.open(path, persist="manual") as session:
            loss = Loss(session)
            params = session.params("update")
            losses = [loss(*row) for _, row in read_table(rows, params, names=session.names)]
    if not losses:
        raise RoundError(f"{rows.name} has no rows")
    mean = float(np.mean(losses))
    values = _values(mean, is_class=loss.is_class)
    if "accuracy" in check and not loss.is_class:
        raise SchemaError(f"the check {check!r}: the model predicts numbers, so it has only a loss")
    if not Condition(check, values).holds(values):
        told = ", ".join(f"{name} is {float(value):.4g}" for name, value in values.items())
        raise RoundError(f"the check {check!r} does not hold here: {told}; the old model stays")


def _values(loss: float, *, is_class: bool) -> Mapping[str, float]:
    values = {"loss": np.float64(loss)}
    return {"accuracy": np.float64(1 - loss), **values} if is_class else values
