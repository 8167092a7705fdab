"""Estimators of scikit-learn as models: what was fitted becomes S of a kernel that predicts alike.

scikit-learn is never imported: who has an estimator has imported it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.binary.module import Module
from wasmstate.errors import SchemaError
from wasmstate.models.estimator import dense, feature_names, full_name, refuse_overrides
from wasmstate.models.families import FAMILIES
from wasmstate.state.attach.describe import with_state
from wasmstate.state.schema import Schema
from wasmstate.state.state import State

Array = NDArray[np.float64]

_NOT_CARRIED_ON = ("class_weight", "positive")
"""Settings of estimators that shape what is learned, beside penalties, and that no kernel has."""


@dataclass(frozen=True)
class _Fitted:
    """A family, the options of a model of it, and values of its tensors."""

    family: str
    options: Mapping[str, float]
    values: Mapping[str, Any]


@dataclass(frozen=True)
class _Scaler:
    """What a StandardScaler does: ``(x - mean) / scale``; ``m2`` if a kernel can go on with it."""

    mean: Array
    scale: Array
    count: int = 0
    m2: Array | None = None

    def folded(self, weights: Array, bias: Any) -> tuple[Array, Array]:
        """Weights and bias for features that are not scaled."""
        raw = weights / self.scale
        return raw, np.asarray(bias - raw @ self.mean)


def from_sklearn(estimator: Any, /, **options: float) -> Module:
    """A model that predicts as a fitted estimator does, and goes on learning.

    ====================================== ====================== ==================================
    estimator                              model                  goes on
    ====================================== ====================== ==================================
    LinearRegression, Ridge, SGDRegressor  ``linear``             by gradient descent
    LogisticRegression, SGDClassifier      ``logistic``           by gradient descent
    LogisticRegression, more classes       ``softmax_regression`` by gradient descent
    MLPClassifier, one hidden layer        ``mlp``                by gradient descent
    GaussianNB                             ``gaussian_nb``        as with all rows from the start
    MultinomialNB                          ``multinomial_nb``     as with all rows from the start
    KMeans, MiniBatchKMeans                ``kmeans``             row by row
    StandardScaler                         ``moments``            as with all rows from the start
    ====================================== ====================== ==================================

    A pipeline of a StandardScaler and one of those that have weights is one model. The metadata
    keep ``classes_`` and ``feature_names_in_``, by which a session takes labels and frames, and the
    name of the estimator.
    Penalties are not carried on: what was fitted holds, further rows are learned without. The same
    holds for ``positive`` and ``class_weight``, of which a warning and the metadata tell.

    Args:
        estimator: fitted.
        options: of the model, such as ``lr``; else as the estimator has them, or by default.

    Raises:
        SchemaError: the estimator is not fitted, there is no model for it, it does not fit one
            page of memory, or there is no such option. The message says what.
        StateBoundsError: what was fitted is not finite.

    Warns:
        UserWarning: further rows are learned without ``positive`` or ``class_weight``.
    """
    scaler, last = _steps(estimator)
    kind = _kind(last)
    if kind is None:
        raise SchemaError(
            f"there is no model for {full_name(last)}; there are models for scikit-learn's "
            f"{', '.join(sorted(_KINDS))}"
        )
    refuse_overrides(last, kind)
    fitted = _KINDS[kind](last, scaler)
    seed = 0 if FAMILIES[fitted.family].takes_seed else None
    module = FAMILIES[fitted.family].make(seed, {**fitted.options, **options})
    state = State.of(module).with_values(fitted.values)
    state.check_bounds()
    metadata = {**state.metadata, "estimator": f"sklearn.{kind}"}
    if hasattr(last, "classes_"):
        metadata["classes"] = np.asarray(last.classes_).tolist()
    left = [name for name in _NOT_CARRIED_ON if getattr(last, name, None)]
    if left:
        metadata["not_carried_on"] = left
        said = ", ".join(f"{name}={getattr(last, name)!r}" for name in left)
        warnings.warn(
            f"{kind}: {said} is in what was fitted; further rows are learned without",
            UserWarning,
            stacklevel=2,
        )
    names = feature_names(estimator)
    if names:
        metadata["feature_names_in"] = names
    schema = Schema(state.tensors, state.entry_points, metadata)
    return with_state(module, State(replace(state.record, schema=schema.encode()), schema))


def _kind(estimator: Any) -> str | None:
    """The name of the class of scikit-learn that it is."""
    for each in type(estimator).__mro__:
        if each.__module__.split(".")[0] == "sklearn" and each.__name__ in _KINDS:
            return each.__name__
    return None


def _steps(estimator: Any) -> tuple[_Scaler | None, Any]:
    if not hasattr(estimator, "steps"):
        return None, estimator
    steps = [step for _, step in estimator.steps if step not in (None, "passthrough")]
    if len(steps) == 1:
        return None, steps[0]
    if len(steps) != 2 or _kind(steps[0]) != "StandardScaler":
        raise SchemaError("of pipelines only a StandardScaler and an estimator can be one model")
    return _scaler(steps[0]), steps[1]


def _scaler(scaler: Any) -> _Scaler:
    _check_fitted(scaler, "n_samples_seen_")
    size = int(scaler.n_features_in_)
    mean = np.zeros(size) if not scaler.with_mean else np.asarray(scaler.mean_, float)
    scale = np.ones(size) if not scaler.with_std else np.asarray(scaler.scale_, float)
    count = np.unique(scaler.n_samples_seen_)
    if not (scaler.with_mean and scaler.with_std and len(count) == 1 and count[0] % 1 == 0):
        return _Scaler(mean, scale)
    variance = np.asarray(scaler.var_, float)
    if not np.array_equal(np.sqrt(variance), scale):  # a feature that never changed
        return _Scaler(mean, scale)
    return _Scaler(mean, scale, int(count[0]), variance * int(count[0]))


def _moments(scaler: Any, before: _Scaler | None) -> _Fitted:
    _refuse_scaler(scaler, before)
    _check_fitted(scaler, "n_samples_seen_")
    count = np.unique(scaler.n_samples_seen_)
    if scaler.var_ is None or len(count) != 1 or count[0] % 1:
        raise SchemaError(
            "StandardScaler: mean and variance of every feature are needed, of whole rows: "
            "with_std=True, no missing numbers, no weights"
        )
    number = int(count[0])
    values = {"count": number, "mean": scaler.mean_, "m2": np.asarray(scaler.var_) * number}
    return _Fitted("moments", {"features": int(scaler.n_features_in_)}, values)


def _linear(estimator: Any, scaler: _Scaler | None) -> _Fitted:
    if getattr(estimator, "loss", "squared_error") != "squared_error":
        raise SchemaError(
            f"the model linear learns from squared errors, not by loss={estimator.loss!r}"
        )
    weights, bias = _line(estimator, scaler)
    # The gradient of our squared error has the factor 2, scikit-learn's has not.
    lr = _rate(estimator, 0.5)
    values = {"weights": weights, "bias": bias, "count": _seen(estimator)}
    return _Fitted("linear", {"features": len(weights), **lr}, values)


def _logistic(estimator: Any, scaler: _Scaler | None) -> _Fitted:
    if getattr(estimator, "loss", "log_loss") != "log_loss":
        raise SchemaError(f"the model logistic learns by log_loss, not by {estimator.loss!r}")
    _check_fitted(estimator, "coef_")
    scale = scaler is not None and scaler.m2 is not None
    values: dict[str, Any] = {"count": _seen(estimator)}
    if scaler is not None and scale:
        values |= {"mean": scaler.mean, "m2": scaler.m2, "count": scaler.count}
    options = {"scale": int(scale), **_rate(estimator, 1.0)}
    if len(estimator.classes_) > 2:
        return _softmax(estimator, None if scale else scaler, options, values)
    weights, bias = _line(estimator, None if scale else scaler)
    values |= {"weights": weights, "bias": bias}
    return _Fitted("logistic", {"features": len(weights), **options}, values)


def _softmax(
    estimator: Any,
    scaler: _Scaler | None,
    options: Mapping[str, float],
    values: Mapping[str, Any],
) -> _Fitted:
    settings = [getattr(estimator, name, "") for name in ("multi_class", "solver")]
    if hasattr(estimator, "loss") or "ovr" in settings or "liblinear" in settings:
        raise SchemaError(
            f"{type(estimator).__name__} tells {len(estimator.classes_)} classes apart one against "
            "the rest; the model softmax_regression is LogisticRegression's of all together"
        )
    weights = dense(estimator.coef_)
    bias = np.broadcast_to(np.asarray(estimator.intercept_, float), len(weights))
    if scaler is not None:
        weights, bias = scaler.folded(weights, bias)
    classes, features = weights.shape
    options = {"features": features, "classes": classes, **options}
    return _Fitted("softmax_regression", options, {**values, "weights": weights, "bias": bias})


def _line(estimator: Any, scaler: _Scaler | None) -> tuple[Array, Any]:
    _check_fitted(estimator, "coef_")
    coef = dense(estimator.coef_)
    if coef.ndim > 1 and len(coef) > 1:
        raise SchemaError(f"a model gives one number, not the {len(coef)} that this one predicts")
    weights = coef.reshape(-1)
    bias = np.asarray(estimator.intercept_, float).reshape(-1)[0]
    return (weights, bias) if scaler is None else scaler.folded(weights, bias)


def _rate(estimator: Any, factor: float) -> dict[str, float]:
    """The learning rate that a descent had come to; none if it has no formula of its own."""
    kind = getattr(estimator, "learning_rate", None)
    if kind == "constant":
        return {"lr": factor * float(estimator.eta0)}
    if kind == "invscaling":
        return {"lr": factor * float(estimator.eta0) / float(estimator.t_) ** estimator.power_t}
    return {}


def _seen(estimator: Any) -> int:
    return max(round(getattr(estimator, "t_", 1.0)) - 1, 0)


def _mlp(estimator: Any, scaler: _Scaler | None) -> _Fitted:
    _check_fitted(estimator, "coefs_")
    if len(estimator.coefs_) != 2 or estimator.activation != "relu":
        raise SchemaError(
            "the model mlp has one hidden layer of rectified linear units, not "
            f"{len(estimator.coefs_) - 1} of {estimator.activation!r}"
        )
    if estimator.out_activation_ not in ("softmax", "logistic") or (
        estimator.out_activation_ == "logistic" and estimator.n_outputs_ != 1
    ):
        raise SchemaError("the model mlp predicts one class of several, not many labels at once")
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
    return _Fitted("mlp", {**options, "lr": float(estimator.learning_rate_init)}, values)


def _gaussian_nb(estimator: Any, scaler: _Scaler | None) -> _Fitted:
    _check_fitted(estimator, "var_")
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
    return _Fitted("gaussian_nb", options, {"count": count, "mean": mean, "m2": m2})


def _multinomial_nb(estimator: Any, scaler: _Scaler | None) -> _Fitted:
    _refuse_scaler(estimator, scaler)
    _check_fitted(estimator, "feature_count_")
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
    return _Fitted("multinomial_nb", options, values)


def _kmeans(estimator: Any, scaler: _Scaler | None) -> _Fitted:
    _refuse_scaler(estimator, scaler)
    _check_fitted(estimator, "cluster_centers_")
    centers = np.asarray(estimator.cluster_centers_, float)
    clusters, features = centers.shape
    count = getattr(estimator, "_counts", None)
    if count is None:
        count = np.bincount(estimator.labels_, minlength=clusters)
    # A center without rows would be one that is still to be placed.
    count = np.maximum(np.rint(count).astype(np.int64), 1)
    return _Fitted(
        "kmeans", {"clusters": clusters, "features": features}, {"count": count, "centers": centers}
    )


def _whole(values: Any, what: str) -> NDArray[np.int64]:
    found = np.asarray(values, float)
    if (found % 1).any():
        raise SchemaError(
            f"numbers of {what} are not whole: rows with weights cannot be carried on"
        )
    return found.astype(np.int64)


def _refuse_scaler(estimator: Any, scaler: _Scaler | None) -> None:
    if scaler is not None:
        raise SchemaError(f"{type(estimator).__name__} after a StandardScaler is no single model")


def _check_fitted(estimator: Any, attribute: str) -> None:
    if not hasattr(estimator, attribute):
        raise SchemaError(f"{type(estimator).__name__} is not fitted: it has no {attribute}")


_KINDS: dict[str, Callable[[Any, _Scaler | None], _Fitted]] = {
    "LinearRegression": _linear,
    "Ridge": _linear,
    "SGDRegressor": _linear,
    "LogisticRegression": _logistic,
    "SGDClassifier": _logistic,
    "MLPClassifier": _mlp,
    "GaussianNB": _gaussian_nb,
    "MultinomialNB": _multinomial_nb,
    "KMeans": _kmeans,
    "MiniBatchKMeans": _kmeans,
    "StandardScaler": _moments,
}
