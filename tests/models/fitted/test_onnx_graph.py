"""Graphs of ONNX are followed node by node; onnx itself is not needed for that."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wasmstate import SchemaError, from_onnx
from wasmstate.models.fitted.onnx_graph import Layers, layers_of


@dataclass
class Node:
    """What is read of a node."""

    op_type: str
    input: list[str]
    output: list[str]
    given: dict[str, Any] = field(default_factory=dict)
    name: str = ""


W = np.array([[1.0, 2.0], [3.0, -4.0]])
CONSTANTS = {"w": W, "b": np.array([0.5, -0.5]), "two": np.array(2.0), "one": np.array([1.0])}


def followed(*nodes: tuple[Any, ...]) -> Layers:
    """The layers of a chain: each node's kind, its inputs (_ is the node before), attributes."""
    chain, before = [], "x"
    for index, (kind, others, *given) in enumerate(nodes):
        names = [before if each == "_" else each for each in others.split()]
        before = f"v{index}"
        chain.append(Node(kind, names, [before], given[0] if given else {}))
    return layers_of(chain, "x", CONSTANTS, lambda node: node.given)


X = np.array([0.3, -0.7])


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([("MatMul", "_ w"), ("Add", "_ b")], X @ W + CONSTANTS["b"]),
        ([("Gemm", "_ w b", {"transB": 1})], W @ X + CONSTANTS["b"]),
        ([("Gemm", "_ w b", {"alpha": 3.0, "beta": 2.0})], 3 * X @ W + 2 * CONSTANTS["b"]),
        ([("Div", "_ two"), ("MatMul", "_ w"), ("Mul", "_ b")], (X / 2) @ W * CONSTANTS["b"]),
        ([("Sub", "b _"), ("MatMul", "_ w"), ("Sub", "_ one")], (CONSTANTS["b"] - X) @ W - 1),
        (
            [("Scaler", "_", {"scale": [2.0, 3.0], "offset": [0.1, 0.2]}), ("MatMul", "_ w")],
            ((X - [0.1, 0.2]) * [2.0, 3.0]) @ W,
        ),
        (
            [("MatMul", "_ w"), ("Identity", "_"), ("MatMul", "_ w"), ("Add", "b _")],
            X @ W @ W + CONSTANTS["b"],
        ),
        (
            [("LinearRegressor", "_", {"coefficients": [1.0, 2.0], "intercepts": [3.0]})],
            np.array([X @ [1.0, 2.0] + 3.0]),
        ),
    ],
)
def test_lines_without_an_activation_between_them_are_one(nodes: Any, expected: Any) -> None:
    (line,) = followed(*nodes).done
    assert line.activation is None
    np.testing.assert_allclose(line.weights @ X + line.bias, expected, rtol=1e-14)


def test_an_activation_ends_a_layer() -> None:
    net = followed(
        ("MatMul", "_ w"), ("Relu", "_"), ("Mul", "_ two"), ("MatMul", "_ w"), ("Softmax", "_")
    )
    first, last = net.done
    assert (first.activation, last.activation) == ("relu", "softmax")
    assert np.array_equal(last.weights, 2.0 * W.T)


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        ([("Conv", "_ w")], "node 'v0', Conv, is in no model: there are Add, ArgMax,"),
        ([("Relu", "_")], "node 'v0', Relu, is in no model: ValueError: an activation of no line"),
        ([("MatMul", "w _")], "node 'v0', MatMul, is in no model: ValueError: only x MatMul"),
        ([("Add", "_ _")], "node 'v0', Add, is in no model: there are"),
        ([("MatMul", "_ w"), ("Softmax", "_", {"axis": 0})], "node 'v1', Softmax, is in no model"),
        ([("MatMul", "_ w"), ("Add", "_ three")], "node 'v1', Add, is in no model: IndexError"),
    ],
)
def test_what_is_no_layer_is_named(nodes: Any, reason: str) -> None:
    with pytest.raises(SchemaError) as caught:
        followed(*nodes)
    assert str(caught.value).startswith(reason)


def test_without_onnx_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(SchemaError) as caught:
        from_onnx(tmp_path / "net.onnx")
    assert str(caught.value) == "reading it needs onnx: pip install 'wasmstate[onnx]'"
