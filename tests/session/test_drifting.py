"""A detector watches what a model says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wasmstate import SchemaError, Session, find_drifts, models


def opened(folder: Path, name: str, **options: Any) -> Session:
    path = folder / f"{name}.wasm"
    path.write_bytes(models.new(name, **options).to_bytes())
    return Session.open(path, persist="manual")


def days() -> list[tuple[list[float], int]]:
    """What is right is told by the first number; from row 600 on, by its opposite."""
    x = np.random.default_rng(2).normal(size=(1000, 2))
    return [(row.tolist(), int((row[0] > 0) == (i < 600))) for i, row in enumerate(x)]


def test_a_drift_is_told_soon_after_it_began_and_not_before(tmp_path: Path) -> None:
    with opened(tmp_path, "logistic", features=2, lr=0.1) as model:
        with opened(tmp_path, "ddm") as detector:
            found = list(find_drifts(model, detector, days()))
        assert model.state.update_count == 1000
    assert len(found) == 1
    assert 600 <= found[0] < 640


def test_a_frozen_model_stays_as_it_is(tmp_path: Path) -> None:
    with opened(tmp_path, "gaussian_nb", classes=2, features=2) as model:
        model.update_many(*zip(*days()[:300], strict=True))
        before = model.state.digest
        with opened(tmp_path, "page_hinkley", threshold=10) as detector:
            found = list(find_drifts(model, detector, days(), learn=False))
        assert model.state.digest == before
    assert 600 <= found[0] < 640


def test_distances_go_to_a_test_of_means(tmp_path: Path) -> None:
    x = np.random.default_rng(2).normal(size=(1000, 1)).tolist()
    rows = [(row, row[0] if i < 500 else 9 - row[0]) for i, row in enumerate(x)]
    with (
        opened(tmp_path, "linear", features=1, lr=0.01) as model,
        opened(tmp_path, "page_hinkley", threshold=10) as detector,
    ):
        model.update_many(*zip(*rows[:500], strict=True))
        found = list(find_drifts(model, detector, rows))
    assert 500 <= found[0] < 510


@pytest.mark.parametrize(
    ("model", "detector", "reason"),
    [
        (("moments", {}), ("ddm", {}), "update() has to take what predict() does"),
        (("ucb1", {"arms": 2}), ("ddm", {}), "update() has to take what predict() does"),
        (("linear", {"features": 1}), ("ddm", {}), "take page_hinkley"),
        (("linear", {"features": 1}), ("rls", {"features": 1}), "a detector has the tensor drifts"),
    ],
)
def test_what_does_not_go_together_is_refused(
    model: Any, detector: Any, reason: str, tmp_path: Path
) -> None:
    with (
        opened(tmp_path, model[0], **model[1]) as first,
        opened(tmp_path, detector[0], **detector[1]) as second,
        pytest.raises(SchemaError) as caught,
    ):
        list(find_drifts(first, second, []))
    assert reason in str(caught.value)
