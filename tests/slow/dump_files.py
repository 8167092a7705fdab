"""``make models``: boosted trees that xgboost and LightGBM have saved, beside the packages."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agreement import agree, peer
from guest import session_on
from wasmstate import from_dump

CLASSES = ("iris", "breast_cancer", "digits")


def saved(package: str, kind: str, data: str, path: Path, **options: Any) -> tuple[Any, Any, Any]:
    """An estimator that was fitted on rows with missing numbers, and the rows."""
    x, y = peer(f"sklearn.datasets.load_{data}")(return_X_y=True)
    x[::7, 1] = np.nan
    quiet = {"verbose": -1} if package == "lightgbm" else {}
    name = {"xgboost": "XGB", "lightgbm": "LGBM"}[package] + kind
    estimator = peer(f"{package}.{name}")(n_estimators=20, n_jobs=1, **quiet, **options).fit(x, y)
    (estimator if package == "xgboost" else estimator.booster_).save_model(path)
    return estimator, x, y


@pytest.mark.parametrize("data", CLASSES)
@pytest.mark.parametrize(("package", "tolerance"), [("xgboost", 1e-6), ("lightgbm", 1e-15)])
def test_classes_are_the_same(tmp_path: Path, package: str, tolerance: float, data: str) -> None:
    path = tmp_path / "model.json"
    estimator, x, y = saved(package, "Classifier", data, path)
    with warnings.catch_warnings(), session_on(from_dump(path, pages=32)) as session:
        warnings.simplefilter("ignore")
        assert (session.predict_many(x) == estimator.predict(x)).all()
        classes = range(len(np.unique(y)))
        found = [[session.call("probability", row, k) for k in classes] for row in x[:40]]
        agree(f"{package}, {data}", found, estimator.predict_proba(x[:40]), tolerance)
        session.update_many(x[:40], y[:40].tolist())
        assert session.state.violations() == []


@pytest.mark.parametrize("poisson", [False, True])
@pytest.mark.parametrize(("package", "tolerance"), [("xgboost", 1e-5), ("lightgbm", 1e-14)])
def test_numbers_are_the_same(
    tmp_path: Path, package: str, tolerance: float, poisson: bool
) -> None:
    path = tmp_path / "model.json"
    name = {"xgboost": "count:poisson", "lightgbm": "poisson"}[package]
    options = {"objective": name} if poisson else {}
    estimator, x, y = saved(package, "Regressor", "diabetes", path, **options)
    with session_on(from_dump(path, pages=4)) as session:
        agree(f"{package}, diabetes", session.predict_many(x), estimator.predict(x), tolerance)
        session.update_many(x[:40], y[:40])
        assert session.state.violations() == []
