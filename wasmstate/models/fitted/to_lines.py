"""Linear predictors as models: where their numbers are, and the loss by which they go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import SchemaError
from wasmstate.models.fitted import arena, entry_points
from wasmstate.models.fitted.arena import ArenaModel, Placed, fixed, number
from wasmstate.models.fitted.estimator import check_fitted, check_one_target, dense
from wasmstate.models.fitted.links import LINKS
from wasmstate.models.fitted.request import Request
from wasmstate.models.fitted.scaler import Scaler
from wasmstate.models.fitted.to_family import is_one_vs_rest, rate_of, rows_seen
from wasmstate.models.options import FINITE

Array = NDArray[np.float64]

# The numbers of kernels/fitted/lines.h.
_LOSSES = {
    name: index
    for index, name in enumerate(
        (
            "squared_error",
            "huber",
            "epsilon_insensitive",
            "squared_epsilon_insensitive",
            "log_loss",
            "hinge",
            "squared_hinge",
            "modified_huber",
            "deviance",
        )
    )
}
_STEPS = {"by_rate": 0, "pa1": 1, "pa2": 2}


@dataclass(frozen=True)
class Line:
    """How a linear predictor goes on, and what its outputs go through.

    Attributes:
        loss: whose gradient it descends; ``None`` if none is the estimator's own.
        margin: of the loss: an epsilon, a threshold, a power.
        link: what turns outputs into predictions or probabilities.
        step: how far an update goes.
        lr: of the step, if the estimator says it.
        says: what a classifier says of each class.
    """

    loss: str | None = "squared_error"
    margin: float = 0.0
    link: str = "identity"
    step: str = "by_rate"
    lr: float = 0.01
    says: tuple[str, ...] = ("decision",)


Rule = Callable[[Any], Line]
_DECISION = ("decision",)
_BOTH = ("probability", "decision")


def _model(
    estimator: Any,
    rule: Line,
    lines: tuple[Array, Array],
    request: Request,
    classes: int = 0,
    *,
    by_output: bool = False,
) -> ArenaModel:
    """The model of weights, a row for each output, and biases."""
    weights, bias = lines
    outputs, features = weights.shape
    by_output = by_output or (outputs > 1 and not classes)
    learns = request.learns and rule.loss is not None and (classes > 0 or outputs == 1)
    request.only(type(estimator).__name__, *(["lr"] if learns else []))
    loss, lr = rule.loss or "squared_error", float(request.options.get("lr", rule.lr))
    if classes:
        points = entry_points.of_classes(features, classes, says=rule.says, updates=learns)
    elif by_output:
        points = entry_points.of_outputs(features, outputs, "predict")
    else:
        points = entry_points.of_numbers(features, updates=learns)
    return ArenaModel(
        "line_classifier" if classes else "line_regressor",
        (
            fixed("features", features),
            arena.outputs(outputs),
            fixed("link", LINKS[rule.link]),
            Placed("count", np.array(rows_seen(estimator), "<i8"), "counts", (">= 0",), "updates"),
            fixed("loss", _LOSSES[loss]),
            fixed("step", _STEPS[rule.step]),
            number("lr", lr, "> 0"),
            number("margin", rule.margin),
        ),
        (
            Placed("weights", np.ascontiguousarray(weights, float), "mean", FINITE),
            Placed("bias", np.ascontiguousarray(bias, float), "mean", FINITE),
        ),
        points,
        features,
        "a linear predictor that was fitted",
        {"output": "predict"} if by_output else {},
    )


def _lines_of(estimator: Any, scaler: Scaler | None) -> tuple[Array, Array]:
    check_fitted(estimator, "coef_")
    weights = np.atleast_2d(dense(estimator.coef_))
    bias = np.broadcast_to(np.asarray(estimator.intercept_, float).reshape(-1), len(weights))
    return (weights, bias) if scaler is None else scaler.folded(weights, bias)


def _numbers(rule: Rule) -> Callable[[Any, Scaler | None, Request], ArenaModel]:
    """The row of an estimator that predicts numbers."""

    def row(estimator: Any, scaler: Scaler | None, request: Request) -> ArenaModel:
        lines = _lines_of(estimator, scaler)
        return _model(estimator, rule(estimator), lines, request)

    return row


def _classes(rule: Rule) -> Callable[[Any, Scaler | None, Request], ArenaModel]:
    """The row of an estimator that predicts classes."""

    def row(estimator: Any, scaler: Scaler | None, request: Request) -> ArenaModel:
        weights, bias = _lines_of(estimator, scaler)
        check_one_target(estimator)
        classes = len(estimator.classes_)
        if len(weights) != (1 if classes == 2 else classes):
            raise SchemaError(
                f"{type(estimator).__name__} has {len(weights)} lines for {classes} classes: it "
                "predicts several labels of a row, and a model one"
            )
        return _model(estimator, rule(estimator), (weights, bias), request, classes)

    return row


def _ransac(estimator: Any, scaler: Scaler | None, request: Request) -> ArenaModel:
    check_fitted(estimator, "estimator_")
    if not hasattr(estimator.estimator_, "coef_"):
        name = type(estimator.estimator_).__name__
        raise SchemaError(f"RANSACRegressor of {name} is no line: only of linear predictors")
    # The rows that it left out were outliers; it has no rule that would know the next one.
    lines = _lines_of(estimator.estimator_, scaler)
    return _model(estimator, Line(loss=None), lines, request)


def _one_vs_rest(estimator: Any, scaler: Scaler | None, request: Request) -> ArenaModel:
    check_fitted(estimator, "estimators_")
    check_one_target(estimator)
    inner = {type(each).__name__ for each in estimator.estimators_}
    if len(inner) != 1 or not inner <= set(_ONE_OF_TWO):
        raise SchemaError(
            f"OneVsRestClassifier of {', '.join(sorted(inner))} is no model; it is one of "
            f"{', '.join(_ONE_OF_TWO)}"
        )
    rule = _ONE_OF_TWO[inner.pop()](estimator.estimators_[0])
    if len(estimator.estimators_) > 1 and rule.link == "logistic":
        rule = replace(rule, link="one_vs_rest")
    parts = [_lines_of(each, scaler) for each in estimator.estimators_]
    lines = np.concatenate([w for w, _ in parts]), np.concatenate([b for _, b in parts])
    return _model(estimator, rule, lines, request, len(estimator.classes_))


def _components(estimator: Any, scaler: Scaler | None, request: Request) -> ArenaModel:
    """A component is an output, of features about their means."""
    check_fitted(estimator, "components_")
    weights = np.asarray(estimator.components_, float)
    if getattr(estimator, "whiten", False):
        variance = np.asarray(estimator.explained_variance_, float)
        # Not less than the smallest step of a number, as the estimator has it.
        weights = weights / np.sqrt(np.maximum(variance, np.finfo(float).eps))[:, np.newaxis]
    mean = getattr(estimator, "mean_", None)
    bias = np.zeros(len(weights)) if mean is None else -weights @ np.asarray(mean, float)
    lines = (weights, bias) if scaler is None else scaler.folded(weights, bias)
    return _model(estimator, Line(loss=None), lines, request, by_output=True)


def _squared(_: Any) -> Line:
    return Line()


def _no_rule(_: Any) -> Line:
    return Line(loss=None)


def _huber(estimator: Any) -> Line:
    return Line("huber", float(estimator.epsilon * estimator.scale_))


def _sgd(estimator: Any) -> Line:
    """Those of scikit-learn's stochastic gradient descent, each with its own loss."""
    loss, margin = estimator.loss, 0.0
    if loss in ("huber", "epsilon_insensitive", "squared_epsilon_insensitive"):
        margin = float(estimator.epsilon)
    elif loss in ("hinge", "squared_hinge"):
        margin = 1.0
    elif loss == "perceptron":
        loss = "hinge"
    line = replace(Line(loss, margin), lr=rate_of(estimator, 1.0).get("lr", Line.lr))
    several = len(getattr(estimator, "classes_", ())) > 2
    if loss == "log_loss":
        return replace(line, link="one_vs_rest" if several else "logistic", says=_BOTH)
    if loss == "modified_huber":
        return replace(line, link="clipped", says=_BOTH)
    kind = getattr(estimator, "learning_rate", None)
    return replace(line, step=kind, lr=float(estimator.eta0)) if kind in _STEPS else line


def _passive_aggressive(estimator: Any) -> Line:
    """Crammer's first variant for the plain losses, the second for the squared ones."""
    squared = estimator.loss.startswith("squared")
    line = Line(step="pa2" if squared else "pa1", lr=float(estimator.C))
    if "hinge" in estimator.loss:
        return replace(line, loss="hinge", margin=1.0)
    return replace(line, loss="epsilon_insensitive", margin=float(estimator.epsilon))


def _linear_svr(estimator: Any) -> Line:
    return Line(estimator.loss, float(estimator.epsilon))


def _linear_svc(estimator: Any) -> Line:
    return Line(estimator.loss, 1.0)


def _logistic(estimator: Any) -> Line:
    if len(estimator.classes_) == 2:
        link = "logistic"
    else:
        link = "one_vs_rest" if is_one_vs_rest(estimator) else "softmax"
    return Line("log_loss", link=link, says=_BOTH)


def _discriminant(estimator: Any) -> Line:
    """Its classes' means and covariance do not move; the lines go on as those of a regression."""
    link = "logistic" if len(estimator.classes_) == 2 else "softmax"
    return Line("log_loss", link=link, says=_BOTH)


def _deviance(power: float) -> Rule:
    def rule(_: Any) -> Line:
        return Line("deviance", power, "exponential")

    return rule


def _tweedie(estimator: Any) -> Line:
    power = float(estimator.power)
    is_log = estimator.link == "log" or (estimator.link == "auto" and power > 0)
    if not is_log:
        return Line() if power == 0 else Line(loss=None)
    return Line("deviance", power, "exponential")


_ONE_OF_TWO: dict[str, Rule] = {
    "LinearSVC": _linear_svc,
    "LogisticRegression": _logistic,
    "SGDClassifier": _sgd,
}
"""Classifiers that :class:`OneVsRestClassifier` may have fitted."""

LINE_ROWS: dict[str, Callable[[Any, Scaler | None, Request], ArenaModel]] = {
    **{
        name: _numbers(_squared)
        for name in (
            "LinearRegression",
            "Ridge",
            "RidgeCV",
            "Lasso",
            "LassoCV",
            "ElasticNet",
            "ElasticNetCV",
            "Lars",
            "LarsCV",
            "LassoLars",
            "LassoLarsCV",
            "LassoLarsIC",
            "OrthogonalMatchingPursuit",
            "OrthogonalMatchingPursuitCV",
            "BayesianRidge",
            "ARDRegression",
            "MultiTaskLasso",
            "MultiTaskLassoCV",
            "MultiTaskElasticNet",
            "MultiTaskElasticNetCV",
        )
    },
    "TheilSenRegressor": _numbers(_no_rule),
    "QuantileRegressor": _numbers(_no_rule),
    "RANSACRegressor": _ransac,
    "HuberRegressor": _numbers(_huber),
    "SGDRegressor": _numbers(_sgd),
    "PassiveAggressiveRegressor": _numbers(_passive_aggressive),
    "LinearSVR": _numbers(_linear_svr),
    "PoissonRegressor": _numbers(_deviance(1.0)),
    "GammaRegressor": _numbers(_deviance(2.0)),
    "TweedieRegressor": _numbers(_tweedie),
    "LogisticRegression": _classes(_logistic),
    "LogisticRegressionCV": _classes(_logistic),
    "SGDClassifier": _classes(_sgd),
    "Perceptron": _classes(_sgd),
    "PassiveAggressiveClassifier": _classes(_passive_aggressive),
    "LinearSVC": _classes(_linear_svc),
    "RidgeClassifier": _classes(_squared),
    "RidgeClassifierCV": _classes(_squared),
    "LinearDiscriminantAnalysis": _classes(_discriminant),
    "OneVsRestClassifier": _one_vs_rest,
    "PCA": _components,
    "IncrementalPCA": _components,
    "TruncatedSVD": _components,
}
