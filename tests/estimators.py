"""What estimators of scikit-learn have after they were fitted, without scikit-learn."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np


def fitted(name: str, module: str = "sklearn.stand_in", **attributes: Any) -> Any:
    """An estimator; only its attributes are read."""
    return type(name, (), {"__module__": module, **attributes})()


def classifier(name: str, lines: Any = ((1.0, -2.0),), **attributes: Any) -> Any:
    """A linear classifier: a row of weights for each line."""
    coef = np.array(lines)
    count = max(len(coef), 2)
    known = {"coef_": coef, "intercept_": np.zeros(len(coef)), "classes_": np.arange(count)}
    return fitted(name, **{**known, **attributes})


def line(name: str, weights: Any = (1.0, -2.0), **attributes: Any) -> Any:
    """A linear predictor of numbers."""
    return fitted(name, **{"coef_": np.array(weights), "intercept_": 0.5, **attributes})


def tree(nodes: Any, missing_left: Any = None) -> Any:
    """The ``tree_`` of an estimator.

    Args:
        nodes: each ``(left, right, feature, threshold, values, weight)``; a leaf's ``left`` is -1.
        missing_left: whether NaN goes left, for each node.
    """
    left, right, feature, threshold, values, weight = zip(*nodes, strict=True)
    return fitted(
        "Tree",
        node_count=len(nodes),
        children_left=np.array(left),
        children_right=np.array(right),
        feature=np.array(feature),
        threshold=np.array(threshold, float),
        value=np.array(values, float)[:, np.newaxis, :],
        weighted_n_node_samples=np.array(weight, float),
        n_node_samples=np.array(weight),
        missing_go_to_left=np.array(missing_left or [0] * len(nodes)),
    )


def stump(low: Any, high: Any, weights: Any = (3, 5), **options: Any) -> Any:
    """A tree that asks whether the first of two features is above 0.1."""
    leaves = [
        (-1, -1, -2, -2.0, value, weight)
        for value, weight in zip((low, high), weights, strict=True)
    ]
    return tree([(1, 2, 0, 0.1, np.zeros(len(low)), sum(weights)), *leaves], **options)


def of_trees(name: str, *trees: Any, **attributes: Any) -> Any:
    """An ensemble; only its trees and its features matter."""
    members = [fitted("Tree", tree_=each) for each in trees]
    known = {"n_estimators": len(trees), "n_features_in_": 2, "criterion": "squared_error"}
    return fitted(name, **{"estimators_": members, **known, **attributes})


def network(name: str, sizes: Any = (2, 3, 1), activation: str = "tanh", **attributes: Any) -> Any:
    """A neural network with random weights."""
    rng = np.random.default_rng(0)
    known = {
        "coefs_": [rng.normal(size=pair) for pair in itertools.pairwise(sizes)],
        "intercepts_": [rng.normal(size=size) for size in sizes[1:]],
        "activation": activation,
        "out_activation_": "identity",
        "learning_rate_init": 0.1,
        "t_": 4.0,
    }
    return fitted(name, **{**known, **attributes})


def bayes(name: str, **attributes: Any) -> Any:
    """Naive Bayes of two classes that have 3 rows and 1, for two features."""
    known = {
        "classes_": np.array(["no", "yes"]),
        "class_count_": np.array([3.0, 1.0]),
        "class_log_prior_": np.log([0.75, 0.25]),
        "n_features_in_": 2,
        "alpha": 1.0,
        "force_alpha": True,
        "fit_prior": True,
        "class_prior": None,
    }
    return fitted(name, **{**known, **attributes})
