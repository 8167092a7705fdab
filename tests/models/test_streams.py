"""Clusters, drift and multilevel models are what their equations say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from guest import Guest

Array = NDArray[np.float64]


def test_kmeans_is_the_loop_bit_for_bit() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(500, 3)) + rng.integers(0, 4, 500)[:, None] * 5
    centers, counts = x[:4].copy(), np.ones(4)
    for row in x[4:]:
        distances = [
            sum((float(a) - float(b)) ** 2 for a, b in zip(row, c, strict=True)) for c in centers
        ]
        nearest = int(np.argmin(distances))
        counts[nearest] += 1
        centers[nearest] += (row - centers[nearest]) / counts[nearest]
    guest = Guest.new("kmeans", clusters=4, features=3).feed(x)
    assert guest["count"].tolist() == counts.tolist()
    assert guest["centers"].tolist() == centers.tolist()
    distances = np.linalg.norm(x[0] - centers, axis=1)
    assert guest.call("predict", x[0]) == distances.argmin()
    assert guest.call("distance", x[0]) == pytest.approx(distances.min(), rel=1e-14)


def test_kmeans_with_fewer_rows_than_clusters_has_the_rows_as_centers() -> None:
    guest = Guest.new("kmeans", clusters=5, features=1).feed([[7.0], [1.0]])
    assert guest["count"].tolist() == [1, 1, 0, 0, 0]
    assert guest.call("predict", [0.0]) == 1
    assert guest.call("distance", [0.0]) == 1


def page_hinkley(x: Array, delta: float, threshold: float, alpha: float, least: int) -> list[int]:
    """Where the test tells a drift."""
    found, start = [], 0
    while start < len(x):
        up = down = 0.0
        ups, downs = [], []
        for at in range(start, len(x)):
            distance = x[at] - np.mean(x[start : at + 1])
            up, down = alpha * up + distance - delta, alpha * down + distance + delta
            ups.append(up)
            downs.append(down)
            far = max(up - min(ups), max(downs) - down) > threshold
            if far and at - start + 1 >= least:
                found.append(at)
                break
        start = at + 1
    return found


def test_page_hinkley_tells_when_the_mean_moves_up_or_down() -> None:
    rng = np.random.default_rng(2)
    x = np.concatenate([rng.normal(mean, 1, 300) for mean in (0, 2, 2, -1)])
    expected = page_hinkley(x, 0.05, 30.0, 0.999, 20)
    assert len(expected) == 2
    assert 300 < expected[0] < 340
    assert 900 < expected[1] < 940
    guest = Guest.new("page_hinkley", delta=0.05, threshold=30.0, alpha=0.999, min_rows=20)
    found = []
    for at, value in enumerate(x):
        guest.call("update", value)
        if guest.call("predict"):
            found.append(at)
    assert found == expected
    assert guest["drifts"] == 2
    assert guest["count"] == len(x) - 1 - expected[1]


def test_ewma_tells_a_small_move_by_its_equations() -> None:
    rng = np.random.default_rng(8)
    x = 1000.0 + 5.0 * np.concatenate([rng.normal(mean, 1, 500) for mean in (0, 0.8)])
    expected, start = [], 0
    for at, value in enumerate(x):
        if at == start:
            average = value
        average += 0.1 * (value - average)
        n = at - start + 1
        spread = np.var(x[start : at + 1]) * 0.1 / 1.9 * (1 - 0.9 ** (2 * n))
        if n >= 30 and abs(average - np.mean(x[start : at + 1])) > 4.0 * math.sqrt(spread):
            expected.append(at)
            start = at + 1
    guest = Guest.new("ewma")
    found = []
    for at, value in enumerate(x):
        guest.call("update", value)
        if guest.call("predict"):
            found.append(at)
    assert found == expected
    assert 500 < found[0] < 560
    assert guest["drifts"] == len(found)


def half_spaces(guest: Guest, rows: Array) -> list[NDArray[Any]]:
    """How many rows go through each node of each tree."""
    low, high = guest["low"], guest["high"]
    masses = []
    for shifts, split in zip(guest["shifts"], guest["split"], strict=True):
        mass = np.zeros(split.size, int)
        reach = 2.0 * np.maximum(shifts, 1.0 - shifts)
        ends = low + (shifts - reach) * (high - low), low + (shifts + reach) * (high - low)
        nodes = [(0, rows, *ends)]
        for node, inside, least, most in nodes:
            mass[node] = len(inside)
            if 2 * node + 2 < split.size:
                feature = split[node]
                middle = least[feature] + (most[feature] - least[feature]) / 2.0
                is_right = inside[:, feature] >= middle
                left_most, right_least = most.copy(), least.copy()
                left_most[feature] = right_least[feature] = middle
                nodes.append((2 * node + 1, inside[~is_right], least, left_most))
                nodes.append((2 * node + 2, inside[is_right], right_least, most))
        masses.append(mass)
    return masses


def test_half_space_trees_count_the_rows_of_the_last_window() -> None:
    rng = np.random.default_rng(9)
    rows = rng.normal(0.3, 0.05, size=(150, 2))
    guest = Guest.new("half_space_trees", features=2, trees=4, height=4, window=60)
    guest.feed(rows[:59])
    assert guest.call("predict", [0.9, 0.9]) == 0
    guest.feed(rows[59:])
    assert guest["windows"] == 2
    assert np.array_equal(guest["mass"], half_spaces(guest, rows[60:120]))
    assert np.array_equal(guest["latest"], half_spaces(guest, rows[120:]))
    scores = [guest.call("predict", row) for row in ([0.3, 0.3], [0.9, 0.9])]
    assert 0 <= scores[0] < scores[1] <= 1
    found = 0.0
    for mass, row in zip(guest["mass"], half_spaces(guest, np.array([[0.9, 0.9]])), strict=True):
        path = np.flatnonzero(row)
        small = [depth for depth, node in enumerate(path) if 10 * mass[node] <= 60]
        depth = small[0] if small else 4
        found += float(mass[path[depth]]) * 2.0**depth
    assert scores[1] == 1.0 - found / (4 * 60 * 2**4)


def test_ddm_warns_and_tells_when_errors_become_more() -> None:
    rng = np.random.default_rng(3)
    errors = np.concatenate([rng.random(500) < 0.1, rng.random(300) < 0.4]).astype(np.int32)
    guest = Guest.new("ddm")
    levels: list[int] = []
    expected: list[int] = []
    n = wrong = 0
    least = least_rate = least_deviation = math.inf
    for error in errors:
        if expected and expected[-1] == 2:
            n = wrong = 0
            least = math.inf
        n, wrong = n + 1, wrong + int(error)
        rate = wrong / n
        deviation = math.sqrt(rate * (1 - rate) / n)
        if n > 30 and rate + deviation <= least:
            least, least_rate, least_deviation = rate + deviation, rate, deviation
        level = 0
        if n > 30 and rate + deviation > least_rate + 2 * least_deviation:
            level = 1 + (rate + deviation > least_rate + 3 * least_deviation)
        expected.append(level)
        guest.call("update", error)
        levels.append(guest.call("predict"))
    assert levels == expected
    assert 500 < levels.index(2) < 600
    assert guest["drifts"] == levels.count(2)


def multilevel(units: int, rows: int, seed: int = 0) -> tuple[Array, Array, NDArray[Any], Array]:
    """Rows of units, each with a line of its own: x, z, unit, y."""
    rng = np.random.default_rng(seed)
    unit = rng.integers(0, units, rows)
    effects = rng.normal(size=(units, 2)) * [2.0, 0.7]
    x = np.column_stack([np.ones(rows), rng.uniform(-2, 2, rows)])
    y = ((effects[unit] + [3.0, -1.0]) * x).sum(axis=1) + rng.normal(size=rows) * 0.5
    return x, x.copy(), unit, y


class Sema:
    """The equations of the paper, with the rows at hand."""

    def __init__(self, rows: tuple[Array, Array, NDArray[Any], Array], units: int) -> None:
        self.rows = rows
        self.weights, self.covariance, self.noise = np.zeros(2), np.eye(2), 1.0
        self.parts: list[tuple[Array, Array, float]] = [
            (np.zeros(2), np.zeros((2, 2)), 0.0) for _ in range(units)
        ]

    def expect(self, which: int, seen: int) -> tuple[Array, Array]:
        x, z, unit, y = (column[:seen] for column in self.rows)
        x, z, y = x[unit == which], z[unit == which], y[unit == which]
        spread = np.linalg.inv(z.T @ z + self.noise * np.linalg.inv(self.covariance))
        effect = spread @ z.T @ (y - x @ self.weights)
        self.parts[which] = (
            x.T @ z @ effect,
            np.outer(effect, effect) + self.noise * spread,
            ((y - x @ self.weights - z @ effect) ** 2).sum()
            + self.noise * np.trace(z.T @ z @ spread),
        )
        return effect, spread

    def maximise(self, seen: int) -> None:
        x, _, unit, y = (column[:seen] for column in self.rows)
        t1 = np.sum([part[0] for part in self.parts], axis=0)
        t2 = np.sum([part[1] for part in self.parts], axis=0)
        self.weights = np.linalg.solve(x.T @ x, x.T @ y - t1)
        self.covariance = t2 / len(np.unique(unit))
        self.noise = sum(part[2] for part in self.parts) / seen


def test_sema_is_the_recursion_and_sweeps_are_expectation_maximisation() -> None:
    rows = multilevel(6, 240)
    sema = Sema(rows, 6)
    for seen in range(1, 241):
        sema.expect(rows[2][seen - 1], seen)
        if seen > 20:
            sema.maximise(seen)
    guest = Guest.new("sema", fixed=2, random=2, units=6).feed(*rows)

    def agree() -> None:
        np.testing.assert_allclose(guest["weights"], sema.weights, rtol=1e-9)
        np.testing.assert_allclose(guest["covariance"], sema.covariance, rtol=1e-9)
        assert guest["noise"] == pytest.approx(sema.noise, rel=1e-9)

    agree()
    for _ in range(10):
        for each in range(6):
            sema.expect(each, 240)
        sema.maximise(240)
        guest.call("sweep")
    agree()
    effect, _ = sema.expect(4, 240)
    assert [guest.call("unit_effect", 4, i) for i in range(2)] == pytest.approx(effect, rel=1e-8)
    row = np.array([1.0, 0.5])
    expected = row @ (sema.weights + effect)
    assert guest.call("predict", row, row, 4) == pytest.approx(expected, rel=1e-8)


def test_sema_finds_what_the_rows_were_made_of() -> None:
    rows = multilevel(60, 6000, seed=1)
    guest = Guest.new("sema", fixed=2, random=2, units=60).feed(*rows)
    for _ in range(20):
        guest.call("sweep")
    np.testing.assert_allclose(guest["weights"], [3, -1], atol=0.6)
    np.testing.assert_allclose(np.sqrt(np.diag(guest["covariance"])), [2, 0.7], rtol=0.3)
    assert guest["noise"] == pytest.approx(0.25, rel=0.05)


def test_sema_expects_of_a_unit_without_rows_what_it_does_of_all() -> None:
    guest = Guest.new("sema", fixed=2, random=2, units=7)
    guest.feed(*multilevel(6, 200))
    row = np.array([1.0, 0.5])
    assert guest.call("predict", row, row, 6) == pytest.approx(row @ guest["weights"], rel=1e-14)
    assert guest.call("unit_effect", 6, 0) == 0
