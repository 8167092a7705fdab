"""``make models``: graphs of ONNX as models, which predict as onnxruntime does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agreement import agree, peer
from guest import session_on
from wasmstate import SchemaError, State, from_onnx


def data(name: str) -> tuple[Any, Any]:
    x, y = peer(f"sklearn.datasets.load_{name}")(return_X_y=True)
    return np.asarray(x, np.float32), y


def written(path: Path, estimator: Any, x: Any, **options: Any) -> Path:
    """The estimator, as skl2onnx writes it."""
    path.write_bytes(peer("skl2onnx.to_onnx")(estimator, x[:1], **options).SerializeToString())
    return path


def fitted(path: str, *data: Any, scale: bool = True, **options: Any) -> Any:
    estimator = peer(f"sklearn.{path}")(**options)
    if scale:
        scaler = peer("sklearn.preprocessing.StandardScaler")()
        estimator = peer("sklearn.pipeline.make_pipeline")(scaler, estimator)
    return estimator.fit(*data)


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_a_network_of_numbers_predicts_alike(tmp_path: Path, activation: str) -> None:
    x, y = data("diabetes")
    net = fitted(
        "neural_network.MLPRegressor", x, y, activation=activation, hidden_layer_sizes=(9, 5)
    )
    path = written(tmp_path / "net.onnx", net, x)
    (theirs,) = peer("onnxruntime.InferenceSession")(path).run(None, {"X": x})
    with session_on(from_onnx(path, pages=2)) as session:
        agree(f"network, {activation}", session.predict_many(x), theirs[:, 0], 1e-6)
        session.update(x[0], y[0])
        assert session.state["count"] == 1


@pytest.mark.parametrize("name", ["iris", "breast_cancer"])
@pytest.mark.parametrize(
    "kind", ["linear_model.LogisticRegression", "neural_network.MLPClassifier"]
)
def test_a_classifier_predicts_alike(tmp_path: Path, name: str, kind: str) -> None:
    x, y = data(name)
    labels = np.array(["no", "yes", "perhaps"])[y]
    found = fitted(kind, x, labels)
    options = {type(found[-1]): {"zipmap": False}}
    path = written(tmp_path / "classes.onnx", found, x, options=options)
    label, probability = peer("onnxruntime.InferenceSession")(path).run(None, {"X": x})
    with session_on(from_onnx(path, pages=2)) as session:
        assert np.array_equal(session.predict_many(x), label)
        ours = [[session.call("probability", row, k) for k in found.classes_] for row in x]
        agree(f"{kind}, {name}", ours, probability, 1e-6)


def test_a_line_predicts_alike(tmp_path: Path) -> None:
    x, y = data("diabetes")
    line = fitted("linear_model.Ridge", x, y)
    path = written(tmp_path / "line.onnx", line, x)
    (theirs,) = peer("onnxruntime.InferenceSession")(path).run(None, {"X": x})
    with session_on(from_onnx(path, update="none")) as session:
        agree("line", session.predict_many(x), theirs[:, 0], 1e-6)
        assert "update" not in session.state.entry_points


def test_a_node_that_is_in_no_model_is_named(tmp_path: Path) -> None:
    x, y = data("iris")
    path = written(tmp_path / "forest.onnx", fitted("ensemble.RandomForestClassifier", x, y), x)
    with pytest.raises(SchemaError, match=r"node '.*', TreeEnsembleClassifier, is in no model"):
        from_onnx(path)
    path.write_bytes(b"no graph")
    with pytest.raises(SchemaError, match="onnx cannot read it"):
        from_onnx(path)


def test_gemm_in_single_precision_and_by_hand(tmp_path: Path) -> None:
    """As PyTorch writes them: Gemm with transB, Relu, Gemm, Softmax."""
    onnx, helper = peer("onnx.helper"), peer("onnx.numpy_helper")
    rng = np.random.default_rng(0)
    shapes = {"w": (4, 3), "b": (4,), "v": (2, 4), "c": (2,)}
    arrays = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    nodes = [
        onnx.make_node("Div", ["x", "k"], ["s"]),
        onnx.make_node("Gemm", ["s", "w", "b"], ["h"], transB=1),
        onnx.make_node("Relu", ["h"], ["r"]),
        onnx.make_node("Gemm", ["r", "v", "c"], ["z"], transB=1, alpha=0.5),
        onnx.make_node("Softmax", ["z"], ["p"], axis=1),
    ]
    double = peer("onnx.TensorProto").DOUBLE
    graph = onnx.make_graph(
        nodes,
        "net",
        [onnx.make_tensor_value_info("x", double, ["n", 3])],
        [onnx.make_tensor_value_info("p", double, ["n", 2])],
        [helper.from_array(v, name) for name, v in {**arrays, "k": np.array(2.0)}.items()],
    )
    model = onnx.make_model(graph, opset_imports=[onnx.make_opsetid("", 17)])
    path = tmp_path / "net.onnx"
    path.write_bytes(model.SerializeToString())
    x = rng.normal(size=(20, 3))
    (theirs,) = peer("onnx.reference.ReferenceEvaluator")(model).run(None, {"x": x})
    with session_on(from_onnx(path)) as session:
        assert State.of(from_onnx(path)).metadata["classes"] == [0, 1]
        ours = [[session.call("probability", row, k) for k in (0, 1)] for row in x]
        agree("by hand, double", ours, theirs, 1e-12)
