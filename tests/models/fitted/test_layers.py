"""Neural networks as models: what they predict, and a step down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from estimators import fitted, network
from guest import Guest
from wasmstate import SchemaError, from_fitted

X = np.array([0.5, -2.0])
ACTIVATIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "identity": (lambda z: z, np.ones_like),
    "relu": (lambda z: np.maximum(z, 0), lambda a: (a > 0) * 1.0),
    "tanh": (np.tanh, lambda a: 1 - a**2),
    "logistic": (lambda z: 1 / (1 + np.exp(-z)), lambda a: a * (1 - a)),
}
"""Each with its derivative, by what it gives."""


def forward(estimator: Any, x: Any) -> list[Any]:
    """What each layer gives; the last one its sums."""
    given = [x]
    for weights, bias in zip(estimator.coefs_, estimator.intercepts_, strict=True):
        z = given[-1] @ weights + bias
        last = len(given) == len(estimator.coefs_)
        given.append(z if last else ACTIVATIONS[estimator.activation][0](z))
    return given


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", [(2, 3, 1), (2, 5, 4, 3, 1), (2, 1)])
def test_a_step_goes_down_the_gradient_through_all_layers(activation: str, sizes: Any) -> None:
    estimator = network("MLPRegressor", sizes, activation)
    model = Guest(from_fitted(estimator))
    given = forward(estimator, X)
    assert model.call("predict", X) == pytest.approx(given[-1][0], rel=1e-14)
    model.call("update", X, 3.0)
    slope = given[-1] - 3.0
    for layer in range(len(sizes) - 1, 0, -1):
        weights = estimator.coefs_[layer - 1]
        stepped = weights - 0.1 * np.outer(given[layer - 1], slope)
        np.testing.assert_allclose(model[f"weights_{layer}"], stepped.T, rtol=1e-12)
        bias = estimator.intercepts_[layer - 1] - 0.1 * slope
        np.testing.assert_allclose(model[f"bias_{layer}"], bias, rtol=1e-12)
        slope = (weights @ slope) * ACTIVATIONS[activation][1](given[layer - 1])
    assert model["count"] == 5


def test_classes_have_the_probabilities_of_a_softmax() -> None:
    estimator = network(
        "MLPClassifier", (2, 4, 3), out_activation_="softmax", classes_=np.arange(3), n_outputs_=3
    )
    model = Guest(from_fitted(estimator))
    z = forward(estimator, X)[-1]
    shares = np.exp(z) / np.exp(z).sum()
    found = [model.call("probability", X, k) for k in range(3)]
    np.testing.assert_allclose(found, shares, rtol=1e-14)
    assert model.call("predict", X) == np.argmax(z)


def test_many_rows_at_once_are_the_same_bit_for_bit() -> None:
    rng = np.random.default_rng(1)
    rows, targets = rng.normal(size=(40, 2)), rng.normal(size=40)
    module = from_fitted(network("MLPRegressor", (2, 3, 3, 1)))
    one, many = Guest(module), Guest(module).feed(rows, targets)
    for row, target in zip(rows, targets, strict=True):
        one = one.resumed()
        one.call("update", row, target)
    assert one.state.contents() == many.state.contents()


def test_one_hidden_layer_of_relu_is_the_family_mlp_if_it_has_room() -> None:
    attributes: dict[str, Any] = {
        "out_activation_": "softmax",
        "classes_": np.arange(3),
        "n_outputs_": 3,
        "activation": "relu",
    }
    for sizes, kernel, pages in (((2, 16, 3), "mlp", 1), ((64, 100, 3), "layer_classifier", 2)):
        module = from_fitted(network("MLPClassifier", sizes, **attributes), pages=pages)
        assert Guest(module).state.metadata["model"] == kernel
    with pytest.raises(SchemaError, match="the model needs 2 pages"):
        from_fitted(network("MLPClassifier", (64, 100, 3), **attributes))


def test_too_many_layers_and_an_unfitted_network_are_refused() -> None:
    with pytest.raises(SchemaError, match="33 layers of weights; a model has 32 at most"):
        from_fitted(network("MLPRegressor", (2, *[1] * 33)))
    with pytest.raises(SchemaError, match="MLPRegressor is not fitted: it has no coefs_"):
        from_fitted(fitted("MLPRegressor"))
