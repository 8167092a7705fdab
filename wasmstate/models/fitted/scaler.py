"""A scaler in front of an estimator, worked into the numbers of one model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import SchemaError
from wasmstate.models.fitted.estimator import check_fitted, full_name, kind_of

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Scaler:
    """What it does: ``(x - mean) / scale``; ``m2`` if a kernel can go on with it."""

    mean: Array
    scale: Array
    count: int = 0
    m2: Array | None = None

    def folded(self, weights: Array, bias: Any) -> tuple[Array, Array]:
        """Weights and bias for features that are not scaled."""
        raw = weights / self.scale
        return raw, np.asarray(bias - raw @ self.mean)


def steps_of(estimator: Any) -> tuple[Scaler | None, Any]:
    """The scaler of a pipeline, if there is one, and the estimator behind it.

    Raises:
        SchemaError: there are other steps, or the scaler is not fitted.
    """
    if not hasattr(estimator, "steps"):
        return None, estimator
    steps = [step for _, step in estimator.steps if step not in (None, "passthrough")]
    if len(steps) == 1:
        return None, steps[0]
    kind = kind_of(steps[0], _SCALERS) if steps else None
    if len(steps) != 2 or kind is None:
        raise SchemaError(
            f"of pipelines only one of {', '.join(_SCALERS)} and an estimator can be one model, "
            f"not {', '.join(full_name(each) for each in steps) or 'none'}"
        )
    return _SCALERS[kind](steps[0]), steps[1]


def refuse_scaler(estimator: Any, scaler: Scaler | None) -> None:
    """Refuse what cannot take a scaler into its numbers. Raises SchemaError."""
    if scaler is not None:
        raise SchemaError(
            f"{type(estimator).__name__} after a scaler is no single model: fit it without"
        )


def _standard(scaler: Any) -> Scaler:
    check_fitted(scaler, "n_samples_seen_")
    size = int(scaler.n_features_in_)
    mean = np.zeros(size) if not scaler.with_mean else np.asarray(scaler.mean_, float)
    scale = np.ones(size) if not scaler.with_std else np.asarray(scaler.scale_, float)
    count = np.unique(scaler.n_samples_seen_)
    if not (scaler.with_mean and scaler.with_std and len(count) == 1 and count[0] % 1 == 0):
        return Scaler(mean, scale)
    variance = np.asarray(scaler.var_, float)
    if not np.array_equal(np.sqrt(variance), scale):  # a feature that never changed
        return Scaler(mean, scale)
    return Scaler(mean, scale, int(count[0]), variance * int(count[0]))


def _min_max(scaler: Any) -> Scaler:
    check_fitted(scaler, "scale_")
    if scaler.clip:
        raise SchemaError("MinMaxScaler(clip=True) is no line: fit it with clip=False")
    factor = np.asarray(scaler.scale_, float)
    return Scaler(-np.asarray(scaler.min_, float) / factor, 1.0 / factor)


def _max_abs(scaler: Any) -> Scaler:
    check_fitted(scaler, "scale_")
    if getattr(scaler, "clip", False):
        raise SchemaError("MaxAbsScaler(clip=True) is no line: fit it with clip=False")
    scale = np.asarray(scaler.scale_, float)
    return Scaler(np.zeros_like(scale), scale)


def _robust(scaler: Any) -> Scaler:
    check_fitted(scaler, "n_features_in_")
    size = int(scaler.n_features_in_)
    center = np.zeros(size) if scaler.center_ is None else np.asarray(scaler.center_, float)
    scale = np.ones(size) if scaler.scale_ is None else np.asarray(scaler.scale_, float)
    return Scaler(center, scale)


_SCALERS: dict[str, Callable[[Any], Scaler]] = {
    "StandardScaler": _standard,
    "MinMaxScaler": _min_max,
    "MaxAbsScaler": _max_abs,
    "RobustScaler": _robust,
}
