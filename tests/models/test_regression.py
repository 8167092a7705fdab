"""What the kernels for regression learn is what their equations say."""

from __future__ import annotations

import numpy as np
import pytest
import wasmtime
from numpy.typing import NDArray

from guest import Guest

Rows = tuple[NDArray[np.float64], NDArray[np.float64]]


@pytest.fixture(scope="module")
def rows() -> Rows:
    """1,001 rows of 6 features of different sizes, and a noisy line through them."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(1001, 6)) * [1, 2, 0.5, 1, 3, 1] + [0, 1, 2, -1, 0, 5]
    return x, x @ rng.normal(size=6) + 2.5 + rng.normal(size=1001) / 10


def test_moments_are_those_of_all_rows_at_once(rows: Rows) -> None:
    x, _ = rows
    guest = Guest.new("moments", features=6).feed(x)
    assert guest["count"] == 1001
    np.testing.assert_allclose(guest["mean"], x.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(guest["m2"], ((x - x.mean(axis=0)) ** 2).sum(axis=0), rtol=1e-12)
    assert guest.call("predict", 2) == guest["mean"][2]
    assert guest.call("variance", 2) == guest["m2"][2] / 1000


def test_moments_do_not_drown_in_a_large_mean() -> None:
    x = np.random.default_rng(2).normal(size=(1000, 1)) + 1e8
    guest = Guest.new("moments").feed(x)
    assert guest.call("variance", 0) == pytest.approx(np.var(x, ddof=1), rel=1e-7)


def test_moments_of_nothing() -> None:
    guest = Guest.new("moments")
    assert guest.call("predict", 0) == 0
    assert np.isnan(guest.call("variance", 0))


def test_linear_is_the_loop_bit_for_bit(rows: Rows) -> None:
    x, y = rows
    weights, bias = np.zeros(6), 0.0
    for row, target in zip(x, y, strict=True):
        total = 0.0
        for weight, feature in zip(weights, row, strict=True):
            total += weight * feature
        step = 0.005 * (2.0 * (total + bias - target))
        weights = weights - step * row
        bias = bias - step
    guest = Guest.new("linear", features=6, lr=0.005).feed(x, y)
    assert guest["weights"].tolist() == weights.tolist()
    assert guest["bias"] == bias


def test_a_bias_that_would_not_stay_finite_is_refused() -> None:
    guest = Guest.new("linear", features=1).with_values(lr=1e258)
    guest.call("update", [0.0], 1e49)
    before = guest.state.contents()
    with pytest.raises(wasmtime.Trap):
        guest.call("update", [0.0], 0.0)
    assert guest.state.contents() == before
    assert guest["bias"] == pytest.approx(2e307)


@pytest.mark.parametrize("l2", [0.0, 10.0])
@pytest.mark.parametrize("intercept", [1, 0])
def test_ols_is_the_solution_for_all_rows_at_once(rows: Rows, l2: float, intercept: int) -> None:
    x, y = rows
    design = np.column_stack([x, np.ones(len(x))]) if intercept else x
    penalty = l2 * np.diag([1.0] * 6 + [0.0] * intercept)
    solution = np.linalg.solve(design.T @ design + penalty, design.T @ y)
    guest = Guest.new("ols", features=6, l2=l2, intercept=intercept).feed(x, y)
    found = [guest.call("coefficient", i) for i in range(7)]
    np.testing.assert_allclose(found, np.resize([*solution, 0.0], 7), rtol=1e-11)
    line = guest.call("predict", x[0])
    assert line == pytest.approx(x[0] @ found[:6] + found[6], rel=1e-14)


def test_ols_gives_features_that_depend_on_others_no_weight(rows: Rows) -> None:
    x, y = rows
    twice = np.column_stack([x[:, :2], x[:, 0] - 2 * x[:, 1], np.full(len(x), 3.0)])
    guest = Guest.new("ols", features=4).feed(twice, y)
    assert [guest.call("coefficient", i) for i in (2, 3)] == [0, 0]
    best = np.linalg.lstsq(np.column_stack([x[:, :2], np.ones(len(x))]), y, rcond=None)[0]
    found = [guest.call("coefficient", i) for i in (0, 1, 4)]
    np.testing.assert_allclose(found, best, rtol=1e-11)


def test_ols_knows_nothing_before_the_first_row() -> None:
    assert Guest.new("ols", features=3).call("predict", [1.0, 2.0, 3.0]) == 0


def test_rls_that_forgets_nothing_is_least_squares(rows: Rows) -> None:
    x, y = rows
    design = np.column_stack([x, np.ones(len(x))])
    solution = np.linalg.solve(design.T @ design + np.eye(7) / 1e4, design.T @ y)
    guest = Guest.new("rls", features=6, forgetting=1.0, variance=1e4).feed(x, y)
    np.testing.assert_allclose([*guest["weights"], guest["bias"]], solution, rtol=1e-9)


def test_rls_is_the_loop_bit_for_bit(rows: Rows) -> None:
    x, y = rows
    weights, covariance = np.zeros(7), 100.0 * np.eye(7)
    for row, target in zip(np.column_stack([x, np.ones(len(x))]), y, strict=True):
        gain = np.array([sum_of_products(line, row) for line in covariance])
        scale = 1.0 / (0.98 + sum_of_products(gain, row))
        step = scale * (target - sum_of_products(weights, row))
        weights = weights + step * gain
        covariance = (1.0 / 0.98) * (covariance - scale * np.outer(gain, gain))
    guest = Guest.new("rls", features=6, forgetting=0.98, variance=100.0).feed(x, y)
    assert [*guest["weights"], guest["bias"]] == weights.tolist()
    assert guest["covariance"].tolist() == covariance.tolist()
    assert np.array_equal(guest["covariance"], guest["covariance"].T)


def test_rls_does_not_forget_what_it_has_no_news_of(rows: Rows) -> None:
    x, y = rows
    guest = Guest.new("rls", features=6, forgetting=0.9, variance=10.0).feed(x, y)
    for _ in range(10):
        guest.feed(np.full((300, 6), 2.0), np.full(300, 1.0))
        assert 30 < np.trace(guest["covariance"]) <= 70
    assert guest.call("predict", np.full(6, 2.0)) == pytest.approx(1, abs=1e-3)
    guest.feed(x, y)
    assert guest.call("predict", x[0]) == pytest.approx(y[0], abs=0.5)


def test_rls_follows_a_line_that_changes(rows: Rows) -> None:
    x, y = rows
    guest = Guest.new("rls", features=6, forgetting=0.95).feed(x, y).feed(x, -y)
    assert guest.call("predict", x[0]) == pytest.approx(-y[0], abs=0.5)


def sum_of_products(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """From left to right: ``@`` adds in another order."""
    total = 0.0
    for left, right in zip(a, b, strict=True):
        total += left * right
    return total


def test_adagrad_is_the_loop_bit_for_bit_and_learns_what_is_rare() -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=(2000, 2))
    x[:, 1] *= rng.random(2000) < 0.02
    y = 1.0 * x[:, 0] + 3.0 * x[:, 1] + 0.5
    w, squares = np.zeros(3), np.zeros(3)
    for row, target in zip(x, y, strict=True):
        value = 0.0
        for each in range(2):
            value += w[each] * row[each]
        gradient = 2.0 * (value + w[2] - target) * np.append(row, 1.0)
        squares += gradient * gradient
        w -= 1.0 * gradient / (1e-8 + np.sqrt(squares))
    guest = Guest.new("adagrad", features=2, lr=1.0).feed(x, y)
    assert guest["weights"].tolist() == w.tolist()
    assert guest["squares"].tolist() == squares.tolist()
    np.testing.assert_allclose(w, [1.0, 3.0, 0.5], atol=0.1)
    line = Guest.new("linear", features=2, lr=0.01).feed(x, y)
    assert abs(line["weights"][1] - 3.0) > 0.5


def test_adagrad_for_labels_is_ftrl_without_penalties() -> None:
    """So there is no family of its own for it."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(500, 2))
    label = (x[:, 0] > 0).astype(np.int32)
    w, squares = np.zeros(3), np.zeros(3)
    for row, target in zip(np.column_stack([x, np.ones(500)]), label, strict=True):
        gradient = (1.0 / (1.0 + np.exp(-w @ row)) - target) * row
        squares += gradient * gradient
        w -= 0.3 * gradient / (1.0 + np.sqrt(squares))
    guest = Guest.new("ftrl", features=2, lr=0.3, smoothing=1.0).feed(x, label)
    found = [guest.call("coefficient", each) for each in range(3)]
    np.testing.assert_allclose(found, w, rtol=1e-12)
