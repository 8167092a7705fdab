"""The reward that another policy would have had, from logged decisions.

Source: L. Li and others, "Unbiased Offline Evaluation of Contextual-bandit-based News Article
Recommendation Algorithms" (2011), for replay; D. G. Horvitz, D. J. Thompson, "A Generalization of
Sampling Without Replacement from a Finite Universe" (1952), for IPS; M. Dudik, J. Langford, L. Li,
"Doubly Robust Policy Evaluation and Learning" (2011), for DR.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_NORMAL = 1.959963984540054  # the quantile of a confidence of 95 %
_MANY = 20  # devices from which on their sums tell how much they differ
_RIDGE = 1.0  # weight of the penalty of the reward model, in rows


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean reward with its confidence interval of 95 %.

    Attributes:
        value: the mean reward of a decision.
        low: the lower end.
        high: the upper end.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Logged:
    """Decisions of many devices, a row each.

    Attributes:
        device: the number of its device.
        arm: that was chosen.
        propensity: the probability that it had.
        reward: that it got.
        context: features, of shape ``(rows, features)``; no features if there was no context.
    """

    device: NDArray[np.int64]
    arm: NDArray[np.int64]
    propensity: Numbers
    reward: Numbers
    context: Numbers


def logged_value(logged: Logged) -> Estimate:
    """The mean reward that the devices had."""
    return _mean(logged.reward, logged.device)


def replay(logged: Logged, policy: Numbers) -> Estimate:
    """The mean reward where the policy agrees; right if the arms were chosen uniformly.

    Args:
        logged: the decisions.
        policy: the probability of each arm, of shape ``(rows, arms)``.
    """
    return _ratio(_of_arm(policy, logged.arm), logged)


def snips(logged: Logged, policy: Numbers) -> Estimate:
    """The self-normalized IPS: biased by little, and never beyond the rewards."""
    return _ratio(_weights(logged, policy), logged)


def ips(logged: Logged, policy: Numbers) -> Estimate:
    """The rewards weighted by inverse propensity: unbiased if each arm could have been chosen."""
    return _mean(_weights(logged, policy) * logged.reward, logged.device)


def dr(logged: Logged, policy: Numbers) -> Estimate:
    """Doubly robust: a model of rewards, and IPS of what it misses.

    The model is a ridge regression for each arm, fitted on the other half of the devices, so that
    no reward predicts itself.
    """
    half = logged.device % 2 if np.unique(logged.device).size > 1 else _alternating(logged)
    predicted = np.empty_like(policy)
    for fold in (0, 1):
        predicted[half == fold] = _predicted(logged, half != fold, half == fold, policy.shape[1])
    missed = logged.reward - _of_arm(predicted, logged.arm)
    scores = (policy * predicted).sum(axis=1) + _weights(logged, policy) * missed
    return _mean(scores, logged.device)


def effective_rows(logged: Logged, policy: Numbers) -> float:
    """How many rows of the policy itself would tell as much (Kish)."""
    weights = _weights(logged, policy)
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def _weights(logged: Logged, policy: Numbers) -> Numbers:
    return np.asarray(_of_arm(policy, logged.arm) / logged.propensity)


def _of_arm(values: Numbers, arm: NDArray[np.int64]) -> Numbers:
    return np.asarray(values[np.arange(len(arm)), arm])


def _alternating(logged: Logged) -> NDArray[np.int64]:
    return np.arange(len(logged.arm)) % 2


def _predicted(logged: Logged, fit: Any, rows: Any, arms: int) -> Numbers:
    features = np.column_stack([np.ones(len(logged.arm)), logged.context])
    mean = float(logged.reward[fit].mean()) if fit.any() else 0.0
    found = np.empty((int(rows.sum()), arms))
    penalty = _RIDGE * np.eye(features.shape[1])
    for arm in range(arms):
        known = fit & (logged.arm == arm)
        x, y = features[known], logged.reward[known] - mean
        found[:, arm] = mean + features[rows] @ np.linalg.solve(x.T @ x + penalty, x.T @ y)
    return found


def _ratio(weights: Numbers, logged: Logged) -> Estimate:
    """A weighted mean, its interval by the delta method."""
    total = float(weights.sum())
    if not total:
        return Estimate(np.nan, np.nan, np.nan)
    value = float(weights @ logged.reward) / total
    scores = weights * (logged.reward - value) * (len(weights) / total)
    spread = _NORMAL * _error(scores, logged.device)
    return Estimate(value, value - spread, value + spread)


def _mean(scores: Numbers, device: NDArray[np.int64]) -> Estimate:
    value = float(scores.mean())
    spread = _NORMAL * _error(scores - value, device)
    return Estimate(value, value - spread, value + spread)


def _error(residuals: Numbers, device: NDArray[np.int64]) -> float:
    """The standard error of a mean; rows of one device may depend on each other."""
    _, group = np.unique(device, return_inverse=True)
    by_device = np.asarray(np.bincount(group, residuals), np.float64)
    sums = by_device if len(by_device) >= _MANY else residuals
    number = len(sums)
    if number < 2:
        return float("inf")
    return float(np.sqrt(number / (number - 1) * (sums**2).sum()) / len(residuals))
