"""Naive Bayes by counts as models: Bernoulli, categorical and complement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import SchemaError
from wasmstate.models.fitted import entry_points
from wasmstate.models.fitted.arena import ArenaModel, Placed, fixed, number, outputs
from wasmstate.models.fitted.estimator import check_fitted
from wasmstate.models.fitted.links import LINKS
from wasmstate.models.fitted.request import Request
from wasmstate.models.fitted.scaler import Scaler, refuse_scaler
from wasmstate.models.options import WITHIN

Array = NDArray[np.float64]
Row = Callable[[Any, Scaler | None, Request], ArenaModel]

_LEAST_ALPHA = 1e-10
_COUNTS = ("finite", ">= 0")


def _prepared(estimator: Any, scaler: Scaler | None, request: Request) -> float:
    """The number that is added to each count, of what can be a model."""
    check_fitted(estimator, "class_count_")
    refuse_scaler(estimator, scaler)
    request.only(type(estimator).__name__)
    if np.ndim(estimator.alpha):
        raise SchemaError(f"{type(estimator).__name__} has an alpha for each feature, a model one")
    alpha = float(estimator.alpha)
    if alpha < _LEAST_ALPHA and estimator.force_alpha:
        raise SchemaError(
            f"{type(estimator).__name__}(alpha={alpha}) takes logarithms of 0: "
            f"alpha must be {_LEAST_ALPHA} at least"
        )
    return max(alpha, _LEAST_ALPHA)


def _model(
    kernel: str,
    estimator: Any,
    request: Request,
    counts: Array,
    *,
    alpha: float,
    x_bounds: str,
    more: Sequence[Placed],
    behind: Sequence[Placed] = (),
) -> ArenaModel:
    """The model.

    Args:
        kernel: its name.
        estimator: fitted.
        request: of the caller.
        counts: a row for each class.
        alpha: added to each count.
        x_bounds: of the features.
        more: variables of the kernel.
        behind: tensors behind the priors.
    """
    features, classes = int(estimator.n_features_in_), len(estimator.classes_)
    is_free = bool(estimator.fit_prior) and estimator.class_prior is None
    points: Mapping[str, str] = entry_points.of_classes(
        features,
        classes,
        says=("probability", "log_joint"),
        updates=request.learns,
        x_bounds=x_bounds,
    )
    rows = np.asarray(estimator.class_count_, float)
    return ArenaModel(
        kernel,
        (
            fixed("features", features),
            outputs(classes),
            fixed("link", LINKS["softmax"]),
            Placed("count", np.array(round(rows.sum()), "<i8"), "counts", (">= 0",), "updates"),
            number("alpha", alpha, f">= {_LEAST_ALPHA}"),
            fixed("free", int(is_free)),
            *more,
        ),
        (
            Placed("counts", np.ascontiguousarray(counts, float), "sum", _COUNTS),
            Placed("rows_of", rows, "sum", _COUNTS),
            Placed("log_prior", np.asarray(estimator.class_log_prior_, float), bounds=("finite",)),
            *behind,
        ),
        points,
        features,
        "naive Bayes that was fitted",
    )


def _categories(
    estimator: Any,
    request: Request,
    parts: Sequence[Array],
    *,
    alpha: float,
    threshold: float | None,
) -> ArenaModel:
    """The model of counts of categories, a matrix for each feature.

    Args:
        estimator: fitted.
        request: of the caller.
        parts: a row for each class, a column for each category.
        alpha: added to each count.
        threshold: above which a feature is of the second of two categories; ``None`` if it is a
            category itself.
    """
    counts = np.concatenate(parts, axis=1)
    first = np.cumsum([0, *(part.shape[1] for part in parts)]).astype("<u4")
    columns = int(first[-1])
    most = max(part.shape[1] for part in parts)
    return _model(
        "categorical_nb",
        estimator,
        request,
        counts,
        alpha=alpha,
        x_bounds=f"finite >= 0 < {most}" if threshold is None else WITHIN,
        more=[
            fixed("columns", columns),
            fixed("binary", int(threshold is not None)),
            number("threshold", threshold or 0.0),
        ],
        behind=[Placed("first", first, bounds=(f"<= {columns}",))],
    )


def _bernoulli(estimator: Any, scaler: Scaler | None, request: Request) -> ArenaModel:
    alpha = _prepared(estimator, scaler, request)
    above = np.asarray(estimator.feature_count_, float)
    below = np.asarray(estimator.class_count_, float)[:, np.newaxis] - above
    parts = list(np.stack([below, above], axis=2).transpose(1, 0, 2))
    # Without a threshold the estimator takes 0 and 1.
    threshold = 0.0 if estimator.binarize is None else float(estimator.binarize)
    return _categories(estimator, request, parts, alpha=alpha, threshold=threshold)


def _categorical(estimator: Any, scaler: Scaler | None, request: Request) -> ArenaModel:
    alpha = _prepared(estimator, scaler, request)
    parts = [np.asarray(each, float) for each in estimator.category_count_]
    return _categories(estimator, request, parts, alpha=alpha, threshold=None)


def _complement(estimator: Any, scaler: Scaler | None, request: Request) -> ArenaModel:
    alpha = _prepared(estimator, scaler, request)
    return _model(
        "complement_nb",
        estimator,
        request,
        np.asarray(estimator.feature_count_, float),
        alpha=alpha,
        x_bounds="finite >= 0 <= 1e50",
        more=[fixed("norm", int(estimator.norm))],
    )


BAYES_ROWS: dict[str, Row] = {
    "BernoulliNB": _bernoulli,
    "CategoricalNB": _categorical,
    "ComplementNB": _complement,
}
