"""SARSA(lambda) with a Fourier basis in NumPy, which the kernel is held against."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Loop:
    """The weights and traces, with a discount of 0.99 and a lambda of 0.9."""

    def __init__(self, actions: int, order: int, low: Any, high: Any, lr: float) -> None:
        self.low, self.width = np.asarray(low), np.subtract(high, low)
        vectors = itertools.product(range(order + 1), repeat=len(self.low))
        self.vectors = np.array(list(vectors), float)
        self.rates = lr / np.maximum(np.linalg.norm(self.vectors, axis=1), 1)
        self.weights = np.zeros((actions, len(self.vectors)))
        self.traces = np.zeros_like(self.weights)

    def terms(self, x: Any) -> NDArray[np.float64]:
        scaled = np.clip((x - self.low) / self.width, 0, 1)
        return np.asarray(np.cos(np.pi * (self.vectors @ scaled)))

    def learn(self, x: Any, action: int, reward: float, next_x: Any, following: int | None) -> None:
        terms = self.terms(x)
        later = 0.0 if following is None else self.weights[following] @ self.terms(next_x)
        error = reward + 0.99 * later - self.weights[action] @ terms
        self.traces *= 0.99 * 0.9
        self.traces[action] += terms
        self.weights += self.rates * error * self.traces
        if following is None:
            self.traces[:] = 0
