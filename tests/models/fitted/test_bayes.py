"""Naive Bayes by counts as models: what speaks for a class, and how counts go on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from estimators import bayes, fitted
from guest import Guest, session_on
from wasmstate import ArgumentError, SchemaError, from_fitted

COUNTS = np.array([[2.0, 0.0], [1.0, 1.0]])


def test_of_two_categories_a_threshold_tells_which() -> None:
    model = Guest(from_fitted(bayes("BernoulliNB", feature_count_=COUNTS, binarize=0.5)))
    above = (COUNTS + 1) / (np.array([[3.0], [1.0]]) + 2)
    expected = np.log([0.75, 0.25]) + np.log(above[:, 0]) + np.log(1 - above[:, 1])
    found = [model.call("log_joint", [0.6, 0.5], k) for k in (0, 1)]
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    shares = np.exp(expected) / np.exp(expected).sum()
    assert model.call("probability", [0.6, 0.5], 1) == pytest.approx(shares[1], rel=1e-14)


def test_a_row_adds_to_the_counts_of_its_class() -> None:
    model = Guest(from_fitted(bayes("BernoulliNB", feature_count_=COUNTS, binarize=0.5)))
    assert model["counts"].tolist() == [[1, 2, 3, 0], [0, 1, 0, 1]]  # below and above, in turn
    model.call("update", [0.6, 0.0], 1)
    assert model["counts"].tolist() == [[1, 2, 3, 0], [0, 2, 1, 1]]
    assert model["rows_of"].tolist() == [3, 2]
    assert model["count"] == 5


def test_categories_are_whole_numbers_that_were_fitted() -> None:
    counts = [np.array([[2.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 1.0]])]
    estimator = bayes("CategoricalNB", category_count_=counts)
    model = Guest(from_fitted(estimator))
    expected = np.log(0.25) + np.log((1 + 1) / (1 + 2)) + np.log((1 + 1) / (1 + 3))
    assert model.call("log_joint", [1.0, 2.0], 1) == pytest.approx(expected, rel=1e-14)
    with session_on(from_fitted(estimator)) as session:
        assert session.predict([1.0, 2.0]) in ("no", "yes")
        with pytest.raises(ArgumentError, match=r"x\[1\] = 3.0 is not < 3"):
            session.predict([1.0, 3.0])
    for bad in ([2.0, 0.0], [0.5, 0.0]):
        with pytest.raises(Exception, match="wasm trap"):
            model.call("predict", bad)


@pytest.mark.parametrize("norm", [False, True])
def test_a_class_is_told_by_what_the_others_have(norm: bool) -> None:
    estimator = bayes("ComplementNB", feature_count_=COUNTS, norm=norm)
    model = Guest(from_fitted(estimator))
    other = COUNTS[::-1] + 1
    logs = np.log(other / other.sum(axis=1, keepdims=True))
    weights = logs / logs.sum(axis=1, keepdims=True) if norm else -logs
    found = [model.call("log_joint", [3.0, 2.0], k) for k in (0, 1)]
    np.testing.assert_allclose(found, weights @ [3.0, 2.0], rtol=1e-14)
    model.call("update", [3.0, 2.0], 0)
    assert model["counts"].tolist() == [[5, 2], [1, 1]]


def test_priors_that_were_given_do_not_move() -> None:
    estimator = bayes("BernoulliNB", feature_count_=COUNTS, binarize=0.0, fit_prior=False)
    estimator.class_log_prior_ = np.log([0.5, 0.5])
    model = Guest(from_fitted(estimator))
    for _ in range(3):
        model.call("update", [0.0, 0.0], 1)
    below = np.log((3 - COUNTS[0] + 1) / 5)
    assert model.call("log_joint", [0.0, 0.0], 0) == pytest.approx(
        np.log(0.5) + below.sum(), rel=1e-14
    )


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"alpha": np.ones(2)}, "BernoulliNB has an alpha for each feature, a model one"),
        ({"alpha": 0.0}, "BernoulliNB(alpha=0.0) takes logarithms of 0: alpha must be 1e-10"),
    ],
)
def test_what_has_no_counts_of_one_kind_is_refused(attributes: dict[str, Any], reason: str) -> None:
    with pytest.raises(SchemaError) as caught:
        from_fitted(bayes("BernoulliNB", feature_count_=COUNTS, binarize=0.5, **attributes))
    assert str(caught.value).startswith(reason)


def test_components_are_outputs_of_features_about_their_means() -> None:
    attributes: dict[str, Any] = {
        "components_": np.array([[0.6, 0.8]]),
        "mean_": np.array([1.0, 2.0]),
    }
    plain = Guest(from_fitted(fitted("PCA", whiten=False, **attributes)))
    assert plain.call("predict", [2.0, 4.0], 0) == pytest.approx(2.2, rel=1e-15)
    attributes["explained_variance_"] = np.array([4.0])
    white = Guest(from_fitted(fitted("PCA", whiten=True, **attributes)))
    assert white.call("predict", [2.0, 4.0], 0) == pytest.approx(1.1, rel=1e-15)
    assert "update" not in white.state.entry_points
