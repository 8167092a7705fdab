"""A model of a graph in a file of ONNX: its initialisers become tensors of S."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.binary.module import Module
from wasmstate.errors import SchemaError
from wasmstate.models.fitted.from_fitted import with_metadata
from wasmstate.models.fitted.onnx_graph import Layer, Layers, layers_of
from wasmstate.models.fitted.request import Request
from wasmstate.models.fitted.to_layers import network_model

Array = NDArray[Any]

_RATE = 0.001
"""The learning rate: a file of ONNX has none."""


@dataclass(frozen=True)
class Network:
    """A network, with the names that scikit-learn's have."""

    coefs_: list[Array]
    intercepts_: list[Array]
    classes_: tuple[Any, ...]
    activation: str
    out_activation_: str
    learning_rate_init: float = _RATE
    t_: int = 0


def from_onnx(
    path: str | os.PathLike[str], *, update: str = "auto", pages: int = 1, **options: float
) -> Module:
    """A model of a graph of ONNX that is a line or a neural network.

    docs/models.md, "Fitted estimators", lists the operators. The model computes in double
    precision, and goes on by gradient descent, ``lr=0.001`` if nothing is said.

    Args:
        path: of the file.
        update: as of :func:`from_fitted`.
        pages: as of :func:`from_fitted`.
        **options: ``lr``.

    Raises:
        SchemaError: the file is no ONNX, a node is in no model, the model needs more pages, or onnx
            is not installed; the message says what.
        StateBoundsError: a number is not finite.
        OSError: the file cannot be read.
    """
    request = Request(update, options)
    request.check()
    network = _network(_read(path))
    module = network_model(network, None, request).module(pages)
    more = {"classes": list(network.classes_)} if network.classes_ else {}
    return with_metadata(module, {"estimator": "onnx", **more})


def _read(path: str | os.PathLike[str]) -> Layers:
    onnx, helper = _onnx("onnx"), _onnx("onnx.numpy_helper")
    with open(path, "rb") as file:
        content = file.read()
    try:
        graph = onnx.load_model_from_string(content).graph
        constants = {
            each.name: np.asarray(helper.to_array(each))
            for each in graph.initializer
            if each.data_location != onnx.TensorProto.EXTERNAL
        }
        nodes = []
        for node in graph.node:
            if node.op_type == "Constant":
                constants[node.output[0]] = np.asarray(helper.to_array(node.attribute[0].t))
            else:
                nodes.append(node)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise SchemaError(f"onnx cannot read it: {type(error).__name__}: {error}") from error
    except _onnx("google.protobuf.message").DecodeError as error:
        raise SchemaError(f"onnx cannot read it: {error}") from error
    inputs = [each.name for each in graph.input if each.name not in constants]
    if len(inputs) != 1:
        raise SchemaError(f"a model takes one array of features, and the graph {len(inputs)}")
    return layers_of(nodes, inputs[0], constants, lambda node: _attributes(onnx, node))


def _attributes(onnx: Any, node: Any) -> dict[str, Any]:
    found = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    return [_plain(each) for each in value] if hasattr(value, "__iter__") else value


def _network(layers: Layers) -> Network:
    *hidden, last = layers.done or (None,)
    if last is None:
        raise SchemaError("the graph has no line: nothing to make a model of")
    if np.any(layers.scale != 1.0) or np.any(layers.offset != 0.0):
        raise SchemaError("something is added to or multiplied with the last activation")
    kinds = sorted({str(layer.activation) for layer in hidden if layer is not None})
    out = last.activation or "identity"
    if len(kinds) > 1 or out in ("relu", "tanh") or "softmax" in kinds:
        raise SchemaError(
            f"activations {', '.join([*kinds, out])}: a model has one of relu, logistic and tanh, "
            "and identity, logistic or softmax behind the last layer"
        )
    classes = layers.labels or (tuple(range(len(last.bias))) if out == "softmax" else ())
    done = [*layers.done[:-1], last]
    if out == "softmax" and len(last.bias) == 2:  # the difference of the two decides
        done[-1] = Layer(last.weights[1:] - last.weights[:1], last.bias[1:] - last.bias[:1])
        out = "logistic"
    return Network(
        [layer.weights.T for layer in done],
        [layer.bias for layer in done],
        classes,
        kinds[0] if kinds else "identity",
        out,
    )


def _onnx(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise SchemaError("reading it needs onnx: pip install 'wasmstate[onnx]'") from error
