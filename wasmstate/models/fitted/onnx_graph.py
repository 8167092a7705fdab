"""What a graph of ONNX computes, as layers: lines, each with an activation behind it.

A value that depends on the input is followed from node to node. Lines without an activation between
them become one. Whatever is no such layer is named with its node.

Source: ONNX, "Operator Schemas" and "ai.onnx.ml".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import SchemaError

Array = NDArray[Any]

ACTIVATIONS = {"Relu": "relu", "Sigmoid": "logistic", "Tanh": "tanh", "Softmax": "softmax"}
_ONE, _ZERO = np.ones(1), np.zeros(1)


@dataclass(frozen=True)
class Layer:
    """``activation(weights @ x + bias)``."""

    weights: Array
    bias: Array
    activation: str | None = None


@dataclass(frozen=True)
class Layers:
    """What the nodes up to one compute.

    Attributes:
        done: in order.
        scale, offset: of what comes out of them, element by element.
        labels: of classes, if the graph has them.
    """

    done: tuple[Layer, ...] = ()
    scale: Array = field(default_factory=lambda: _ONE)
    offset: Array = field(default_factory=lambda: _ZERO)
    labels: tuple[Any, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether the last layer has no activation yet."""
        return bool(self.done) and self.done[-1].activation is None

    @property
    def is_softmax(self) -> bool:
        """Whether they end with probabilities that add up to 1."""
        return bool(self.done) and self.done[-1].activation == "softmax"

    def line(self, weights: Array, bias: Array) -> Layers:
        """A line behind them."""
        raw = weights * self.scale
        moved = bias + weights @ np.broadcast_to(self.offset, weights.shape[1])
        if not self.is_open:
            return Layers((*self.done, Layer(raw, moved)), labels=self.labels)
        last = self.done[-1]
        joined = Layer(raw @ last.weights, moved + raw @ last.bias)
        return Layers((*self.done[:-1], joined), labels=self.labels)

    def diagonal(self, scale: Array, offset: Array) -> Layers:
        """Scaled and moved, element by element."""
        if not self.is_open:
            return replace(self, scale=self.scale * scale, offset=self.offset * scale + offset)
        last = self.done[-1]
        size = len(last.bias)
        factor = np.broadcast_to(scale, size)
        line = Layer(last.weights * factor[:, np.newaxis], last.bias * factor + offset)
        return replace(self, done=(*self.done[:-1], line))

    def activated(self, activation: str) -> Layers:
        """Through an activation. Raises ValueError if there is one already."""
        if not self.is_open:
            raise ValueError("an activation of no line")
        return replace(self, done=(*self.done[:-1], replace(self.done[-1], activation=activation)))


Node = Any  # onnx.NodeProto
OPERATORS = (
    *("Add", "ArgMax", "ArrayFeatureExtractor", "Cast", "Concat", "Div", "Dropout", "Flatten"),
    "Gemm",
    *("Identity", "LinearClassifier", "LinearRegressor", "MatMul", "Mul", "Normalizer"),
    *("Relu", "Reshape"),
    *("Scaler", "Sigmoid", "Softmax", "Sub", "Tanh", "ZipMap"),
)
"""What a model can have, with one input that is not constant."""


def layers_of(
    nodes: list[Node], source: str, constants: Mapping[str, Array], given: Callable[[Node], Any]
) -> Layers:
    """Follow the input through the nodes.

    Args:
        nodes: in their order.
        source: the name of the input.
        constants: initialisers by name.
        given: gives the attributes of a node by name.

    Raises:
        SchemaError: a node is no layer; the message names it.
    """
    values = {source: Layers()}
    last = values[source]
    for node in nodes:
        inside = [name for name in node.input if name in values]
        fixed = [constants[name] for name in node.input if name in constants]
        if node.op_type == "Concat" and _is_both(*(values[name] for name in inside)):
            inside = inside[1:]
        if len(inside) != 1 or node.op_type not in OPERATORS:
            raise _unknown(node, f"there are {', '.join(OPERATORS)}, of one input and constants")
        value = values[inside[0]]
        try:
            if node.op_type == "ArrayFeatureExtractor":  # the label of the largest
                last = replace(last, labels=tuple(fixed[0].reshape(-1).tolist()))
            elif node.op_type != "ArgMax":
                is_first = node.input[0] == inside[0]
                numbers = [np.asarray(each, float) for each in fixed]
                value = _applied(node.op_type, value, given(node), numbers, is_first=is_first)
                last = replace(value, labels=value.labels or last.labels)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise _unknown(node, f"{type(error).__name__}: {error}") from error
        values |= dict.fromkeys(node.output, value)
    return last


def _applied(
    kind: str, value: Layers, given: Mapping[str, Any], fixed: list[Array], *, is_first: bool
) -> Layers:
    """The layers with one node more.

    Args:
        kind: of the node.
        value: the layers before it.
        given: its attributes.
        fixed: its constants.
        is_first: whether the input stands before the constants.

    Raises:
        ValueError, LookupError: it is of another form.
    """
    if kind in ACTIVATIONS and given.get("axis", -1) in (-1, 1):
        return value.activated(ACTIVATIONS[kind])
    match kind:
        case "Add":
            return value.diagonal(_ONE, fixed[0].reshape(-1))
        case "Mul":
            return value.diagonal(fixed[0].reshape(-1), _ZERO)
        case "Sub" if is_first:
            return value.diagonal(_ONE, -fixed[0].reshape(-1))
        case "Sub":
            return value.diagonal(-_ONE, fixed[0].reshape(-1))
        case "Div" if is_first:
            return value.diagonal(1.0 / fixed[0].reshape(-1), _ZERO)
        case "Scaler":
            scale = np.array(given["scale"])
            return value.diagonal(scale, -np.array(given["offset"]) * scale)
        case "MatMul" if is_first:
            return value.line(fixed[0].T, np.zeros(fixed[0].shape[1]))
        case "Gemm" if is_first and not given.get("transA"):
            weights, *bias = fixed
            turned = given.get("alpha", 1.0) * (weights if given.get("transB") else weights.T)
            moved = given.get("beta", 1.0) * bias[0].reshape(-1) if bias else _ZERO
            return value.line(turned, np.broadcast_to(moved, len(turned)))
        case "LinearRegressor" if given.get("post_transform", "NONE") == "NONE":
            outputs = int(given.get("targets", 1))
            bias_of = np.array(given.get("intercepts", [0.0] * outputs))
            return value.line(np.array(given["coefficients"]).reshape(outputs, -1), bias_of)
        case "LinearClassifier":
            return _classifier(value, given)
        case "Normalizer" if given.get("norm") != "L1" or not value.is_softmax:
            raise ValueError("only L1 of probabilities")
        case "Softmax" | "Div" | "MatMul" | "Gemm" | "LinearRegressor":
            raise ValueError(f"only x {kind} constant, and no {given or 'other form'}")
    return value


def _is_both(*values: Layers) -> bool:
    """Whether they are the probabilities 1 - p and p of two classes."""
    if len(values) != 2 or values[0].done is not values[1].done:
        return False
    turned, straight = values
    found = (turned.scale, turned.offset, straight.scale, straight.offset)
    return all(np.all(each == wanted) for each, wanted in zip(found, (-1, 1, 1, 0), strict=True))


def _classifier(value: Layers, given: Mapping[str, Any]) -> Layers:
    labels = given.get("classlabels_strings") or given.get("classlabels_ints") or []
    bias = np.array(given["intercepts"])
    weights = np.array(given["coefficients"]).reshape(len(bias), -1)
    after = given.get("post_transform", "NONE")
    if after not in ("LOGISTIC", "SOFTMAX") or (after == "LOGISTIC" and len(labels) > 2):
        raise ValueError(f"post_transform {after} of {len(labels)} classes")
    if after == "LOGISTIC":  # the line of the first class is that of the second, turned round
        weights, bias = weights[-1:], bias[-1:]
    return replace(value.line(weights, bias).activated(after.lower()), labels=tuple(labels))


def _unknown(node: Node, why: str) -> SchemaError:
    name = node.name or node.output[0]
    return SchemaError(f"node {name!r}, {node.op_type}, is in no model: {why}")
