"""Boosted trees as a model: each corrects those before it; leaves go on as Newton's steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.models.fitted import entry_points
from wasmstate.models.fitted.arena import ArenaModel, number
from wasmstate.models.fitted.request import Request
from wasmstate.models.fitted.trees import SINGLE, Tree, tree_model
from wasmstate.models.options import WITHIN

Array = NDArray[np.float64]

_CANONICAL = ("squared_error", "poisson", "log_loss")
"""Losses whose gradient is target minus prediction: their leaves are Newton's steps."""

_TINY = np.finfo(float).tiny


@dataclass(frozen=True)
class Boosting:
    """What was fitted.

    Attributes:
        kind: the estimator, in messages.
        features: numbers in a row.
        classes: none if numbers are predicted.
        trees: in the order in which they are added up; values as they are added, weights the sums
            of curvatures.
        base: of each output, before the trees.
        loss: by the name that scikit-learn has for it.
        link: of outputs.
        rate: what has shrunk the values, and shrinks updates.
        single: whether features are compared in single precision.
        missing: whether features may be NaN.
        names: of the features, if they have any.
    """

    kind: str
    features: int
    classes: Sequence[Any]
    trees: Sequence[Tree]
    base: Array
    loss: str
    link: str
    rate: float
    single: bool
    missing: bool = False
    names: Sequence[str] = ()

    def model(self, request: Request) -> ArenaModel:
        """The model. Raises SchemaError if it has no such option, or no room for the features."""
        learns = request.learns and self.loss in _CANONICAL
        request.only(self.kind)
        bounds = "" if self.missing else SINGLE if self.single else WITHIN
        if len(self.classes):
            says = ("decision", "probability") if self.loss == "log_loss" else ("decision",)
            points = entry_points.of_classes(
                self.features, len(self.classes), says=says, updates=learns, x_bounds=bounds
            )
        else:
            points = entry_points.of_numbers(self.features, updates=learns, x_bounds=bounds)
        return tree_model(
            "boosted_classifier" if len(self.classes) else "boosted_regressor",
            self.features,
            [self._going_on(tree) if learns else tree.fixed() for tree in self.trees],
            points,
            base=self.base,
            single=self.single,
            missing=self.missing,
            link=self.link,
            more=[number("rate", self.rate if learns else 1.0, "> 0")],
        )

    def _going_on(self, tree: Tree) -> Tree:
        """The tree with values that the rate has not shrunk, and weights that divide."""
        weight = np.maximum(tree.weight, _TINY)
        return replace(tree, values=tree.values / self.rate, weight=weight)


def link_of(loss: str, classes: Sequence[Any]) -> str:
    """What the outputs of scikit-learn's boosting go through."""
    if loss == "log_loss":
        return "logistic" if len(classes) == 2 else "softmax"
    return "exponential" if loss in ("poisson", "gamma") else "identity"


def curvature(base: Array, link: str) -> Array:
    """What a row adds to the weight of a leaf, for each output, at what is predicted at first.

    An estimator keeps no sums of curvatures, so this times the rows of a leaf stands for them.
    """
    if link == "exponential":
        return np.exp(base)
    if link == "logistic":
        share = 1.0 / (1.0 + np.exp(-base))
    elif link == "softmax":
        share = np.exp(base - base.max())
        share /= share.sum()
    else:
        return np.ones_like(base)
    return np.asarray(share * (1.0 - share))
