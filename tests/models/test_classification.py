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


@pytest.mark.parametrize("scale", [1, 0])
def test_softmax_regression_is_the_loop(rows: Rows, scale: int) -> None:
    x, labels = rows
    x = x / 10
    weights, bias, mean, m2 = np.zeros((3, 4)), np.zeros(3), np.zeros(4), np.zeros(4)

    def probabilities(shown: NDArray[np.float64]) -> NDArray[np.float64]:
        outputs = weights @ shown + bias
        found = np.exp(outputs - outputs.max())
        return np.asarray(found / found.sum())

    for n, (row, label) in enumerate(zip(x, labels, strict=True), 1):
        delta = row - mean
        mean = mean + delta / n
        m2 = m2 + delta * (row - mean)
        deviation = np.sqrt(m2 / n)
        shown = row
        if scale:
            shown = np.divide(row - mean, deviation, out=np.zeros(4), where=deviation > 0)
        steps = 0.05 * (probabilities(shown) - np.eye(3)[label])
        weights = weights - np.outer(steps, shown)
        bias = bias - steps
    guest = Guest.new("softmax_regression", classes=3, features=4, lr=0.05, scale=scale)
    guest.feed(x, labels)
    np.testing.assert_allclose(guest["weights"], weights, rtol=1e-12)
    np.testing.assert_allclose(guest["bias"], bias, rtol=1e-12)
    assert guest["m2"].tolist() == m2.tolist()
    expected = probabilities((x[0] - mean) / np.sqrt(m2 / 600) if scale else x[0])
    found = [guest.call("probability", x[0], each) for each in range(3)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert guest.call("predict", x[0]) == expected.argmax()


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


def test_multinomial_nb_is_the_formula_over_all_rows() -> None:
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 3, 300)
    rates = rng.gamma(1, 2, size=(3, 8))
    x = rng.poisson(rates[labels])
    guest = Guest.new("multinomial_nb", classes=3, features=8, alpha=0.5).feed(x, labels)
    occurrences = np.array([x[labels == each].sum(axis=0) for each in range(3)])
    assert guest["occurrences"].tolist() == occurrences.tolist()
    assert guest["count"].tolist() == np.bincount(labels).tolist()
    smoothed = occurrences + 0.5
    likelihood = np.log(smoothed) - np.log(smoothed.sum(axis=1, keepdims=True))
    expected = x @ likelihood.T + np.log(np.bincount(labels) / 300)
    found = [[guest.call("log_joint", row, each) for each in range(3)] for row in x[:50]]
    np.testing.assert_allclose(found, expected[:50], rtol=1e-13)
    assert [guest.call("predict", row) for row in x] == expected.argmax(axis=1).tolist()


def test_ftrl_is_the_loop(rows: Rows) -> None:
    x, labels = rows
    x, labels = np.column_stack([x / 10, np.ones(len(x))]), np.minimum(labels, 1)
    z, squares, weights = np.zeros(5), np.zeros(5), np.zeros(5)
    for row, label in zip(x, labels, strict=True):
        slope = 1 / (1 + math.exp(-(weights @ row))) - label
        gradient = slope * row
        after = squares + gradient**2
        z = z + (gradient - (np.sqrt(after) - np.sqrt(squares)) / 0.3 * weights)
        squares = after
        shrunk = np.sign(z) * np.maximum(np.abs(z) - 2.0, 0)
        weights = -shrunk / ((1.0 + np.sqrt(squares)) / 0.3 + 0.1)
    guest = Guest.new("ftrl", features=4, lr=0.3, l1=2.0, l2=0.1).feed(x[:, :4], labels)
    found = [guest.call("coefficient", i) for i in range(5)]
    np.testing.assert_allclose(found, weights, rtol=1e-10, atol=1e-14)
    assert guest.call("predict", x[0, :4]) == pytest.approx(
        1 / (1 + math.exp(-(weights @ x[0]))), rel=1e-11
    )


def test_ftrl_leaves_features_that_tell_nothing_at_zero() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(500, 4))
    guest = Guest.new("ftrl", features=4, l1=15.0).feed(x, (x[:, 0] > 0).astype(np.int32))
    found = [guest.call("coefficient", i) for i in range(4)]
    assert found[0] > 0.5
    assert found[1:] == [0, 0, 0]


def test_mlp_is_the_loop(rows: Rows) -> None:
    x, labels = rows
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    guest = Guest.new("mlp", features=4, hidden=6, classes=3, lr=0.05)
    first, second = guest["first_weights"], guest["second_weights"]
    first_bias, second_bias = np.zeros(6), np.zeros(3)
    assert np.abs(first).max() < math.sqrt(6 / 10)
    assert np.unique([*first.flat, *second.flat]).size == 6 * 4 + 3 * 6
    for row, label in zip(x[:200], labels[:200], strict=True):
        units = np.maximum(first @ row + first_bias, 0)
        outputs = np.exp(second @ units + second_bias)
        slopes = outputs / outputs.sum() - np.eye(3)[label]
        back = (second.T @ slopes) * (units > 0)
        second = second - 0.05 * np.outer(slopes, units)
        second_bias = second_bias - 0.05 * slopes
        first = first - 0.05 * np.outer(back, row)
        first_bias = first_bias - 0.05 * back
    guest.feed(x[:200], labels[:200])
    np.testing.assert_allclose(guest["first_weights"], first, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(guest["second_weights"], second, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(guest["first_bias"], first_bias, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(guest["second_bias"], second_bias, rtol=1e-10, atol=1e-13)
    outputs = np.exp(second @ np.maximum(first @ x[0] + first_bias, 0) + second_bias)
    found = [guest.call("probability", x[0], each) for each in range(3)]
    np.testing.assert_allclose(found, outputs / outputs.sum(), rtol=1e-11)


def test_mlp_learns_what_no_line_can_tell_apart() -> None:
    x = np.random.default_rng(7).uniform(-1, 1, size=(4000, 2))
    labels = (x[:, 0] * x[:, 1] > 0).astype(np.int32)
    guest = Guest.new("mlp", features=2, hidden=16, classes=2, lr=0.05)
    for _ in range(5):
        guest.feed(x, labels)
    predicted = [guest.call("predict", row) for row in x[:500]]
    assert np.mean(predicted == labels[:500]) > 0.95
