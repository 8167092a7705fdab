"""Linear predictors as models: what they predict, and the step of each loss."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from estimators import classifier, fitted, line
from guest import Guest
from wasmstate import ArgumentError, CallError, Module, SchemaError, Session, State, from_fitted
from wasmstate.binary.spaces import Spaces

X = np.array([0.5, 2.0])


def session_on(module: Module, folder: Path) -> Session:
    """A session on a file with the model."""
    module.save(folder / "model.wasm")
    return Session.open(folder / "model.wasm")


def sgd(kind: str, loss: str, **attributes: Any) -> Any:
    """An estimator of stochastic gradient descent, with a constant rate of 0.1."""
    rate = {"learning_rate": "constant", "eta0": 0.1, "t_": 1.0, "epsilon": 0.25}
    make = line if kind == "SGDRegressor" else classifier
    return make(kind, loss=loss, **{**rate, **attributes})


REGRESSORS: dict[str, Callable[[float], float]] = {
    "huber": lambda error: float(np.clip(error, -0.25, 0.25)),
    "epsilon_insensitive": lambda error: np.sign(error) * (abs(error) > 0.25),
    "squared_epsilon_insensitive": lambda error: 2 * np.sign(error) * max(abs(error) - 0.25, 0.0),
}
"""The derivative of each loss by the prediction."""

CLASSIFIERS: dict[str, Callable[[float, float], float]] = {
    "hinge": lambda z, y: -y if z * y < 1 else 0.0,
    "perceptron": lambda z, y: -y if z * y <= 0 else 0.0,
    "squared_hinge": lambda z, y: -2 * y * max(1 - z * y, 0.0),
    "modified_huber": lambda z, y: -4 * y if z * y < -1 else -2 * y * max(1 - z * y, 0.0),
    "squared_error": lambda z, y: z - y,
}


@pytest.mark.parametrize("loss", REGRESSORS)
@pytest.mark.parametrize("target", [-3.1, -2.9, 4.0])
def test_a_number_moves_the_weights_down_the_slope_of_the_loss(loss: str, target: float) -> None:
    model = Guest(from_fitted(sgd("SGDRegressor", loss)))
    z = model.call("predict", X)
    assert z == X @ [1.0, -2.0] + 0.5
    model.call("update", X, target)
    step = 0.1 * REGRESSORS[loss](z - target)
    assert model["weights"].tolist() == [(np.array([1.0, -2.0]) - step * X).tolist()]
    assert model["bias"].tolist() == [0.5 - step]


@pytest.mark.parametrize("loss", CLASSIFIERS)
@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("row", [X, X * 0.1])
def test_a_label_moves_the_weights_down_the_slope_of_the_loss(
    loss: str, label: int, row: Any
) -> None:
    model = Guest(from_fitted(sgd("SGDClassifier", loss)))
    z = model.call("decision", row, 1)
    model.call("update", row, label)
    step = 0.1 * CLASSIFIERS[loss](z, 2 * label - 1)
    np.testing.assert_allclose(model["weights"][0], [1.0, -2.0] - step * row, rtol=1e-15)


def test_one_class_against_the_rest_each_has_its_own_step() -> None:
    model = Guest(
        from_fitted(
            sgd(
                "SGDClassifier",
                "hinge",
                coef_=np.eye(3),
                intercept_=np.zeros(3),
                classes_=np.arange(3),
            )
        )
    )
    model.call("update", np.array([0.5, 2.0, -2.0]), 0)
    assert model["bias"].tolist() == [0.1, -0.1, 0.0]
    assert model.call("predict", np.array([0.0, 0.0, 5.0])) == 2


@pytest.mark.parametrize(
    ("loss", "tau"), [("hinge", min(0.5, 4.5 / 4.25)), ("squared_hinge", 4.5 / 5.25)]
)
def test_a_passive_aggressive_step_makes_good_the_loss_or_goes_as_far_as_it_may(
    loss: str, tau: float
) -> None:
    model = Guest(from_fitted(classifier("PassiveAggressiveClassifier", loss=loss, C=0.5)))
    model.call("update", X, 1)  # the decision is -3.5
    np.testing.assert_allclose(model["weights"][0], [1.0, -2.0] + tau * X, rtol=1e-15)


def test_a_log_link_predicts_the_exponential_and_descends_the_deviance() -> None:
    model = Guest(from_fitted(line("PoissonRegressor")))
    mean = np.exp(X @ [1.0, -2.0] + 0.5)
    assert model.call("predict", X) == pytest.approx(mean, rel=1e-15)
    model.call("update", X, 2.0)
    assert model["bias"][0] == pytest.approx(0.5 - 0.01 * (mean - 2.0), rel=1e-14)


def test_many_rows_at_once_are_the_same_bit_for_bit() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 2))
    estimators = {
        "y": (sgd("SGDRegressor", "huber"), rng.normal(size=50)),
        "label": (
            sgd(
                "SGDClassifier",
                "hinge",
                coef_=rng.normal(size=(3, 2)),
                intercept_=np.zeros(3),
                classes_=np.arange(3),
            ),
            rng.integers(0, 3, 50),
        ),
    }
    for estimator, targets in estimators.values():
        one, many = Guest(from_fitted(estimator)), Guest(from_fitted(estimator))
        for row, target in zip(x, targets, strict=True):
            one = one.resumed()
            one.call("update", row, target)
        many.feed(x, targets)
        assert one.state.contents() == many.state.contents()
        assert one["count"] == 50


def test_several_outputs_are_predicted_one_a_call(tmp_path: Path) -> None:
    estimator = line("LinearRegression", [[1.0, 2.0], [3.0, 4.0]], intercept_=np.array([0.0, 1.0]))
    with session_on(from_fitted(estimator), tmp_path) as session:
        assert [session.predict(X, k) for k in (0, 1)] == [4.5, 10.5]
        assert "update" not in session.state.entry_points
        with pytest.raises(ArgumentError, match="output"):
            session.predict(X, 2)


def test_a_model_that_is_not_to_learn_exports_no_update(tmp_path: Path) -> None:
    for estimator in (line("Lasso"), line("LinearRegression")):
        module = from_fitted(estimator, update="none")
        assert not {"update", "update_many"} & set(Spaces(module).exports)
        module.save(tmp_path / "model.wasm", overwrite=True)
        with Session.open(tmp_path / "model.wasm") as session:
            assert session.predict(X) == -3.0
            with pytest.raises(CallError, match="exports no function 'update'"):
                session.update(X, 1.0)


def test_an_update_or_an_option_that_there_is_not_is_refused() -> None:
    with pytest.raises(SchemaError) as caught:
        from_fitted(line("Lasso"), update="sometimes")
    assert str(caught.value) == "no update 'sometimes'; there are auto, none"
    with pytest.raises(SchemaError) as caught:
        from_fitted(line("Lasso"), color=3)
    assert str(caught.value) == "a model of Lasso has no option 'color'; it has lr"
    assert State.of(from_fitted(line("Lasso"), lr=0.25))["lr"] == 0.25


def test_a_model_that_needs_more_pages_says_how_many() -> None:
    wide = line("Lasso", np.arange(9000.0))
    with pytest.raises(SchemaError) as caught:
        from_fitted(wide)
    assert str(caught.value) == (
        "the model needs 19 pages of memory (64 KiB each), not 1: give pages=19"
    )
    module = from_fitted(wide, pages=19)
    (memory,) = Spaces(module).memories
    assert (memory.limits.min, memory.limits.max) == (19, 19)
    model = Guest(module)
    assert model.call("predict", np.eye(9000)[8999]) == 8999.5
    model.feed(np.zeros((40, 9000)), np.zeros(40))
    with pytest.raises(SchemaError, match="pages must be a whole number from 1 to 65536, not 0"):
        from_fitted(wide, pages=0)


def test_a_scaler_in_front_becomes_part_of_the_weights() -> None:
    scalers: dict[str, dict[str, Any]] = {
        "MaxAbsScaler": {"scale_": np.array([2.0, 4.0])},
        "MinMaxScaler": {
            "scale_": np.array([0.5, 0.25]),
            "min_": np.array([-1.0, 0.5]),
            "clip": False,
        },
        "RobustScaler": {"center_": np.array([1.0, 2.0]), "scale_": None, "n_features_in_": 2},
    }
    said = {
        "MaxAbsScaler": X / [2, 4],
        "MinMaxScaler": X * [0.5, 0.25] + [-1.0, 0.5],
        "RobustScaler": X - [1.0, 2.0],
    }
    for name, attributes in scalers.items():
        steps = [("scale", fitted(name, **attributes)), ("line", line("Lasso"))]
        model = Guest(from_fitted(fitted("Pipeline", steps=steps)))
        assert model.call("predict", X) == pytest.approx(said[name] @ [1.0, -2.0] + 0.5, rel=1e-15)


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (fitted("Lasso"), "Lasso is not fitted: it has no coef_"),
        (
            fitted("RANSACRegressor", estimator_=fitted("DecisionTreeRegressor")),
            "RANSACRegressor of DecisionTreeRegressor is no line: only of linear predictors",
        ),
        (
            fitted("OneVsRestClassifier", classes_=np.arange(2), estimators_=[fitted("SVC")]),
            "OneVsRestClassifier of SVC is no model",
        ),
        (
            classifier("RidgeClassifier", np.eye(3), classes_=np.arange(2)),
            "RidgeClassifier has 3 lines for 2 classes: it predicts several labels of a row",
        ),
        (
            fitted("Pipeline", steps=[("a", fitted("PCA")), ("b", line("Lasso"))]),
            (
                "of pipelines only one of StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler "
                "and an estimator can be one model, not sklearn.stand_in.PCA, sklearn.stand_in."
            ),
        ),
    ],
)
def test_what_is_no_line_is_refused_with_the_reason(estimator: Any, reason: str) -> None:
    with pytest.raises(SchemaError) as caught:
        from_fitted(estimator)
    assert str(caught.value).startswith(reason)


def test_a_number_that_is_missing_is_named_by_cell_and_row(tmp_path: Path) -> None:
    with session_on(from_fitted(line("Lasso")), tmp_path) as session:
        with pytest.raises(ArgumentError, match=r"x\[1\] = nan is not finite"):
            session.predict([1.0, np.nan])
        with pytest.raises(ArgumentError, match=r"row 1: .*x\[0\] = nan is not finite"):
            session.predict_many([[1.0, 2.0], [np.nan, 2.0]])
