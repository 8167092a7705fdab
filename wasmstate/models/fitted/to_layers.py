"""Neural networks of any layers as models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wasmstate.errors import SchemaError
from wasmstate.models.fitted import entry_points
from wasmstate.models.fitted.arena import ArenaModel, Placed, fixed, number, outputs
from wasmstate.models.fitted.estimator import check_fitted, check_one_target
from wasmstate.models.fitted.links import LINKS
from wasmstate.models.fitted.request import Request
from wasmstate.models.fitted.scaler import Scaler
from wasmstate.models.options import FINITE

_ACTIVATIONS = {"identity": 0, "logistic": 1, "tanh": 2, "relu": 3}
_LAST = {"identity": "identity", "logistic": "logistic", "softmax": "softmax", "exp": "exponential"}
"""Links by what the estimator calls the activation of its last layer."""

_MOST_LAYERS = 32


def network_model(estimator: Any, scaler: Scaler | None, request: Request) -> ArenaModel:
    """The model of a neural network, given as scikit-learn keeps it.

    Raises:
        SchemaError: it has too many layers or outputs, or several labels a row.
    """
    check_fitted(estimator, "coefs_")
    check_one_target(estimator)
    layers = [
        (np.asarray(coef, float).T, np.asarray(bias, float))
        for coef, bias in zip(estimator.coefs_, estimator.intercepts_, strict=True)
    ]
    if scaler is not None:
        layers[0] = scaler.folded(*layers[0])
    sizes = [layers[0][0].shape[1], *(len(weights) for weights, _ in layers)]
    if len(layers) > _MOST_LAYERS:
        raise SchemaError(f"{len(layers)} layers of weights; a model has {_MOST_LAYERS} at most")
    classes, width = len(getattr(estimator, "classes_", ())), sizes[-1]
    if classes and width != (1 if classes == 2 else classes):
        raise SchemaError(
            f"{type(estimator).__name__} predicts several labels of a row, and a model one"
        )
    learns = request.learns and (classes > 0 or width == 1)
    request.only(type(estimator).__name__, *(["lr"] if learns else []))
    if classes:
        points = entry_points.of_classes(sizes[0], classes, says=("probability",), updates=learns)
    elif width > 1:
        points = entry_points.of_outputs(sizes[0], width, "predict")
    else:
        points = entry_points.of_numbers(sizes[0], updates=learns)
    lr = float(request.options.get("lr", estimator.learning_rate_init))
    within = (f">= {min(sizes)}", f"<= {max(sizes)}")
    return ArenaModel(
        "layer_classifier" if classes else "layer_regressor",
        (
            fixed("features", sizes[0]),
            outputs(width),
            fixed("link", LINKS[_LAST[estimator.out_activation_]]),
            Placed("count", np.array(round(estimator.t_), "<i8"), "counts", (">= 0",), "updates"),
            fixed("layers", len(layers)),
            fixed("activation", _ACTIVATIONS[estimator.activation]),
            number("lr", lr, "> 0"),
            Placed("sizes", np.array(sizes, "<u4"), bounds=within),
        ),
        [
            Placed(f"{name}_{index}", np.ascontiguousarray(values), "mean", FINITE)
            for index, layer in enumerate(layers, 1)
            for name, values in zip(("weights", "bias"), layer, strict=True)
        ],
        points,
        sizes[0],
        "a neural network that was fitted",
        {"output": "predict"} if width > 1 and not classes else {},
        scratch=2 * 8 * sum(sizes),
    )


LAYER_ROWS: dict[str, Callable[[Any, Scaler | None, Request], ArenaModel]] = {
    "MLPClassifier": network_model,
    "MLPRegressor": network_model,
}
