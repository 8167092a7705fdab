"""What the kernels for classification learn is what their equations say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from guest import Guest

Rows = tuple[NDArray[np.float64], NDArray[np.int32]]


@pytest.fixture(scope="module")
def rows() -> Rows:
    """600 rows of 4 features of three classes."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, 600).astype(np.int32)
    centers = np.array([[0, 5, 1, 100], [2, 4, 0, 90], [1, 8, 3, 110]])
    return centers[labels] + rng.normal(size=(600, 4)) * [1, 2, 0.5, 10], labels


@pytest.mark.parametrize("scale", [1, 0])
def test_logistic_is_the_loop(rows: Rows, scale: int) -> None:
    x, labels = rows
    x, labels = x / 10, np.minimum(labels, 1)
    weights, bias, mean, m2 = np.zeros(4), 0.0, np.zeros(4), np.zeros(4)
    for n, (row, label) in enumerate(zip(x, labels, strict=True), 1):
        delta = row - mean
        mean = mean + delta / n
        m2 = m2 + delta * (row - mean)
        deviation = np.sqrt(m2 / n)
        shown = row
        if scale:
            shown = np.divide(row - mean, deviation, out=np.zeros(4), where=deviation > 0)
        step = 0.05 * (1 / (1 + math.exp(-(weights @ shown + bias))) - label)
        weights = weights - step * shown
        bias -= step
    guest = Guest.new("logistic", features=4, lr=0.05, scale=scale).feed(x, labels)
    np.testing.assert_allclose(guest["weights"], weights, rtol=1e-13)
    assert guest["bias"] == pytest.approx(bias, rel=1e-12)
    assert guest["mean"].tolist() == mean.tolist()
    assert guest["m2"].tolist() == m2.tolist()
    shown = (x[0] - mean) / np.sqrt(m2 / 600) if scale else x[0]
    assert guest.call("predict", x[0]) == pytest.approx(
        1 / (1 + math.exp(-(weights @ shown + bias))), rel=1e-13
    )


def test_logistic_gives_a_feature_that_never_changes_no_weight() -> None:
    guest = Guest.new("logistic", features=2)
    for i in range(20):
        guest.call("update", [7.0, i % 2], i % 2)
    assert guest["weights"][0] == 0
    assert guest["weights"][1] > 0
    assert guest.call("predict", [7.0, 1.0]) > 0.5 > guest.call("predict", [7.0, 0.0])


def test_logistic_knows_nothing_before_the_first_row() -> None:
    assert Guest.new("logistic", features=2).call("predict", [1.0, -1.0]) == 0.5


def test_gaussian_nb_is_the_formula_over_all_rows(rows: Rows) -> None:
    x, labels = rows
    guest = Guest.new("gaussian_nb", classes=3, features=4).feed(x, labels)
    extra = 1e-9 * x.var(axis=0).max()
    expected = np.empty((len(x), 3))
    for each in range(3):
        part = x[labels == each]
        variance = part.var(axis=0) + extra
        expected[:, each] = np.log(len(part) / len(x)) - 0.5 * (
            np.log(2 * np.pi * variance) + (x - part.mean(axis=0)) ** 2 / variance
        ).sum(axis=1)
    assert guest["count"].tolist() == np.bincount(labels).tolist()
    found = [[guest.call("log_joint", row, each) for each in range(3)] for row in x[:50]]
    np.testing.assert_allclose(found, expected[:50], rtol=1e-12)
    predicted = [guest.call("predict", row) for row in x]
    assert predicted == expected.argmax(axis=1).tolist()


def test_gaussian_nb_leaves_out_a_class_that_no_row_had(rows: Rows) -> None:
    x, labels = rows
    guest = Guest.new("gaussian_nb", classes=5, features=4).feed(x, labels)
    assert guest.call("log_joint", x[0], 4) == -math.inf
    assert guest.call("predict", x[0]) in (0, 1, 2)


def test_gaussian_nb_of_equal_rows_still_answers() -> None:
    guest = Guest.new("gaussian_nb", classes=2, features=1)
    assert guest.call("predict", [1.0]) == 0
    guest.call("update", [1.0], 1)
    assert guest.call("predict", [1.0]) == 1
