"""Estimators whose model is one of a family that comes with wasmstate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.binary.module import Module
from wasmstate.errors import SchemaError
from wasmstate.models.families import families
from wasmstate.models.fitted.estimator import check_fitted, dense
from wasmstate.models.fitted.scaler import Scaler, refuse_scaler
from wasmstate.state.attach.describe import with_state
from wasmstate.state.state import State

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FamilyModel:
    """A family, the options of a model of it, and values of its tensors."""

    family: str
    options: Mapping[str, float]
    values: Mapping[str, Any]

    @property
    def fits(self) -> bool:
        """Whether the kernel of the family has room for it."""
        try:
            families()[self.family].values(self.options)
        except SchemaError:
            return False
        return True

    def module(self, options: Mapping[str, float]) -> Module:
        """The model.

        Args:
            options: of the family, that go before those of the estimator.

        Raises:
            SchemaError: there is no such option, or the kernel has no room.
            StateBoundsError: a value is not finite.
        """
        family = families()[self.family]
        module = family.make(0 if family.takes_seed else None, {**self.options, **options})
        state = State.of(module).with_values(self.values)
        state.check_bounds()
        return with_state(module, state)


def _moments(scaler: Any, before: Scaler | None) -> FamilyModel:
    refuse_scaler(scaler, before)
    check_fitted(scaler, "n_samples_seen_")
    count = np.unique(scaler.n_samples_seen_)
    if scaler.var_ is None or len(count) != 1 or count[0] % 1:
        raise SchemaError(
            "StandardScaler: mean and variance of every feature are needed, of whole rows: "
            "with_std=True, no missing numbers, no weights"
        )
    number = int(count[0])
    values = {"count": number, "mean": scaler.mean_, "m2": np.asarray(scaler.var_) * number}
    return FamilyModel("moments", {"features": int(scaler.n_features_in_)}, values)


def _linear(estimator: Any, scaler: Scaler | None) -> FamilyModel | None:
    check_fitted(estimator, "coef_")
    one_line = dense(estimator.coef_).ndim == 1 or len(estimator.coef_) == 1
    if getattr(estimator, "loss", "squared_error") != "squared_error" or not one_line:
        return None
    weights, bias = _line(estimator, scaler)
    # The gradient of our squared error has the factor 2, scikit-learn's has not.
    lr = rate_of(estimator, 0.5)
    values = {"weights": weights, "bias": bias, "count": rows_seen(estimator)}
    return FamilyModel("linear", {"features": len(weights), **lr}, values)


def _logistic(estimator: Any, scaler: Scaler | None) -> FamilyModel | None:
    check_fitted(estimator, "coef_")
    if getattr(estimator, "loss", "log_loss") != "log_loss":
        return None
    scale = scaler is not None and scaler.m2 is not None
    values: dict[str, Any] = {"count": rows_seen(estimator)}
    if scaler is not None and scale:
        values |= {"mean": scaler.mean, "m2": scaler.m2, "count": scaler.count}
    options = {"scale": int(scale), **rate_of(estimator, 1.0)}
    if len(estimator.classes_) > 2:
        return _softmax(estimator, None if scale else scaler, options, values)
    weights, bias = _line(estimator, None if scale else scaler)
    values |= {"weights": weights, "bias": bias}
    return FamilyModel("logistic", {"features": len(weights), **options}, values)


def _softmax(
    estimator: Any,
    scaler: Scaler | None,
    options: Mapping[str, float],
    values: Mapping[str, Any],
) -> FamilyModel | None:
    if is_one_vs_rest(estimator):
        return None
    weights = dense(estimator.coef_)
    bias = np.broadcast_to(np.asarray(estimator.intercept_, float), len(weights))
    if scaler is not None:
        weights, bias = scaler.folded(weights, bias)
    classes, features = weights.shape
    options = {"features": features, "classes": classes, **options}
    return FamilyModel("softmax_regression", options, {**values, "weights": weights, "bias": bias})


def is_one_vs_rest(estimator: Any) -> bool:
    """Whether more than two classes are each told apart from the rest."""
    settings = [getattr(estimator, name, "") for name in ("multi_class", "solver")]
    return hasattr(estimator, "loss") or "ovr" in settings or "liblinear" in settings


def _line(estimator: Any, scaler: Scaler | None) -> tuple[Array, Any]:
    weights = dense(estimator.coef_).reshape(-1)
    bias = np.asarray(estimator.intercept_, float).reshape(-1)[0]
    return (weights, bias) if scaler is None else scaler.folded(weights, bias)


def rate_of(estimator: Any, factor: float) -> dict[str, float]:
    """The learning rate that a descent had come to; none if it has no formula of its own."""
    kind = getattr(estimator, "learning_rate", None)
    if kind == "constant":
        return {"lr": factor * float(estimator.eta0)}
    if kind == "invscaling":
        return {"lr": factor * float(estimator.eta0) / float(estimator.t_) ** estimator.power_t}
    return {}


def rows_seen(estimator: Any) -> int:
    """How many rows a descent has learned from."""
    return max(round(getattr(estimator, "t_", 1.0)) - 1, 0)


def _mlp(estimator: Any, scaler: Scaler | None) -> FamilyModel | None:
    check_fitted(estimator, "coefs_")
    if estimator.out_activation_ == "logistic" and estimator.n_outputs_ != 1:
        raise SchemaError(
            "MLPClassifier predicts several labels of a row, and a model one: make a model of an "
            "estimator for each"
        )
    if len(estimator.coefs_) != 2 or estimator.activation != "relu":
        return None
    first, second = (np.asarray(each, float).T for each in estimator.coefs_)
    first_bias, second_bias = (np.asarray(each, float) for each in estimator.intercepts_)
    if scaler is not None:
        first, first_bias = scaler.folded(first, first_bias)
    if estimator.out_activation_ == "logistic":  # the softmax of 0 and z is the logistic of z
        second = np.concatenate([np.zeros_like(second), second])
        second_bias = np.concatenate([[0.0], second_bias])
    options = {"features": first.shape[1], "hidden": len(first), "classes": len(second)}
    values = {
        "first_weights": first,
        "first_bias": first_bias,
        "second_weights": second,
        "second_bias": second_bias,
        "count": round(estimator.t_),
    }
    return FamilyModel("mlp", {**options, "lr": float(estimator.learning_rate_init)}, values)


def _gaussian_nb(estimator: Any, scaler: Scaler | None) -> FamilyModel:
    check_fitted(estimator, "var_")
    if estimator.priors is not None:
        raise SchemaError("the model gaussian_nb has the frequencies of classes as their priors")
    count = _whole(estimator.class_count_, "rows of a class")
    mean, variance = np.asarray(estimator.theta_), np.asarray(estimator.var_)
    rows = count[:, np.newaxis]
    if scaler is not None:
        # What was added to the variances differs by feature now: it stays in them.
        mean = mean * scaler.scale + scaler.mean
        m2, smoothing = variance * scaler.scale**2 * rows, 0.0
    else:
        m2 = np.maximum(variance - estimator.epsilon_, 0.0) * rows
        center = (mean * rows).sum(axis=0) / count.sum()
        pooled = (m2 + rows * (mean - center) ** 2).sum(axis=0) / count.sum()
        smoothing = float(estimator.epsilon_ / pooled.max()) if pooled.max() > 0 else 0.0
    classes, features = mean.shape
    options = {"classes": classes, "features": features, "smoothing": smoothing}
    return FamilyModel("gaussian_nb", options, {"count": count, "mean": mean, "m2": m2})


def _multinomial_nb(estimator: Any, scaler: Scaler | None) -> FamilyModel:
    refuse_scaler(estimator, scaler)
    check_fitted(estimator, "feature_count_")
    if estimator.class_prior is not None or not estimator.fit_prior:
        raise SchemaError("the model multinomial_nb has the frequencies of classes as their priors")
    if np.ndim(estimator.alpha):
        raise SchemaError("the model multinomial_nb has one alpha for all features")
    occurrences = _whole(estimator.feature_count_, "occurrences")
    classes, features = occurrences.shape
    alpha = float(estimator.alpha)
    if not estimator.force_alpha:
        alpha = max(alpha, 1e-10)
    values = {
        "count": _whole(estimator.class_count_, "rows of a class"),
        "occurrences": occurrences,
    }
    options = {"classes": classes, "features": features, "alpha": alpha}
    return FamilyModel("multinomial_nb", options, values)


def _kmeans(estimator: Any, scaler: Scaler | None) -> FamilyModel:
    refuse_scaler(estimator, scaler)
    check_fitted(estimator, "cluster_centers_")
    centers = np.asarray(estimator.cluster_centers_, float)
    clusters, features = centers.shape
    count = getattr(estimator, "_counts", None)
    if count is None:
        count = np.bincount(estimator.labels_, minlength=clusters)
    # A center without rows would be one that is still to be placed.
    count = np.maximum(np.rint(count).astype(np.int64), 1)
    return FamilyModel(
        "kmeans", {"clusters": clusters, "features": features}, {"count": count, "centers": centers}
    )


def _whole(values: Any, what: str) -> NDArray[np.int64]:
    found = np.asarray(values, float)
    if (found % 1).any():
        raise SchemaError(
            f"numbers of {what} are not whole: rows with weights cannot be carried on"
        )
    return found.astype(np.int64)


FAMILY_ROWS: dict[str, Callable[[Any, Scaler | None], FamilyModel | None]] = {
    "LinearRegression": _linear,
    "Ridge": _linear,
    "RidgeCV": _linear,
    "SGDRegressor": _linear,
    "LogisticRegression": _logistic,
    "LogisticRegressionCV": _logistic,
    "SGDClassifier": _logistic,
    "MLPClassifier": _mlp,
    "GaussianNB": _gaussian_nb,
    "MultinomialNB": _multinomial_nb,
    "KMeans": _kmeans,
    "MiniBatchKMeans": _kmeans,
    "StandardScaler": _moments,
}
"""By the class of the estimator; ``None`` where the family has no model of this one."""
