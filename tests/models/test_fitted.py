"""from_sklearn without scikit-learn; tests/slow/sklearn_models.py has what needs it."""

from __future__ import annotations

import pytest

from wasmstate import SchemaError, from_sklearn


def test_what_is_no_estimator_is_refused_with_what_there_are_models_for() -> None:
    with pytest.raises(SchemaError) as caught:
        from_sklearn([1.0, 2.0])
    assert str(caught.value) == (
        "there is no model for list; there are models for GaussianNB, KMeans, LinearRegression, "
        "LogisticRegression, MLPClassifier, MiniBatchKMeans, MultinomialNB, Ridge, SGDClassifier, "
        "SGDRegressor, StandardScaler"
    )
