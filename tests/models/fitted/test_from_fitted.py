"""Estimators as models, without scikit-learn; tests/slow/sklearn_models.py has what needs it."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from estimators import fitted
from wasmstate import SchemaError, State, from_fitted
from wasmstate.models.fitted.from_fitted import KINDS


class _Sparse:
    """A matrix as scipy.sparse has it."""

    def __init__(self, content: list[list[float]]) -> None:
        self._content = content

    def toarray(self) -> np.ndarray[Any, Any]:
        return np.array(self._content)


def logistic(**attributes: Any) -> Any:
    known = {"coef_": np.array([[1.0, -2.0]]), "intercept_": np.array([0.5])}
    return fitted("LogisticRegression", **{**known, "classes_": np.array([0, 1]), **attributes})


def test_what_is_no_estimator_is_refused_with_what_there_are_models_for() -> None:
    with pytest.raises(SchemaError) as caught:
        from_fitted([1.0, 2.0])
    assert str(caught.value) == (
        "there is no model for list: docs/models.md, 'Fitted estimators', lists the estimators of "
        "scikit-learn that there are models for"
    )


def test_the_package_of_a_class_without_a_model_is_named() -> None:
    with pytest.raises(
        SchemaError, match=r"^there is no model for river\.linear\.LinearRegression"
    ):
        from_fitted(fitted("LinearRegression", "river.linear"))


def test_sparse_weights_are_weights() -> None:
    models = [from_fitted(logistic()), from_fitted(logistic(coef_=_Sparse([[1.0, -2.0]])))]
    assert State.of(models[0]).contents() == State.of(models[1]).contents()


def test_two_labels_at_once_are_refused_for_an_mlp() -> None:
    estimator = fitted(
        "MLPClassifier",
        coefs_=[np.zeros((3, 4)), np.zeros((4, 2))],
        intercepts_=[np.zeros(4), np.zeros(2)],
        activation="relu",
        out_activation_="logistic",
        classes_=np.array([0, 1]),
        n_outputs_=2,
    )
    with pytest.raises(SchemaError, match="several labels of a row, and a model one"):
        from_fitted(estimator)


def test_a_subclass_that_predicts_otherwise_is_refused_and_one_that_does_not_is_taken() -> None:
    base = type(logistic())
    other = type("Flipped", (base,), {"predict_proba": lambda _, rows: 1 - rows})
    with pytest.raises(SchemaError) as caught:
        from_fitted(other())
    assert str(caught.value) == (
        f"{__name__}.Flipped has its own predict_proba: the model would predict as "
        "LogisticRegression of scikit-learn does"
    )
    from_fitted(type("Named", (base,), {"color": "blue"})())


@pytest.mark.parametrize(
    ("setting", "value"), [("positive", True), ("class_weight", {0: 10, 1: 1})]
)
def test_what_further_rows_are_learned_without_is_told_and_kept(setting: str, value: Any) -> None:
    text = (
        f"LogisticRegression: {setting}={value!r} is in what was fitted; further rows are learned"
    )
    with pytest.warns(UserWarning, match=re.escape(text)):
        module = from_fitted(logistic(**{setting: value}))
    assert State.of(module).metadata["not_carried_on"] == [setting]
    with warnings.catch_warnings(action="error"):
        metadata = State.of(from_fitted(logistic(**{setting: None}))).metadata
    assert "not_carried_on" not in metadata


def test_the_names_of_the_columns_and_the_classes_are_kept() -> None:
    estimator = logistic(feature_names_in_=np.array(["b", "a"], object), classes_=np.array([-1, 1]))
    metadata = State.of(from_fitted(estimator)).metadata
    assert metadata["feature_names_in"] == ["b", "a"]
    assert metadata["classes"] == [-1, 1]


def test_the_documentation_lists_every_kind_with_how_it_goes_on() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "models.md").read_text(encoding="utf-8")
    table = page[page.index("| estimator | goes on by |") :].partition("\n\n")[0]
    listed = {
        row.partition("`")[2].partition("`")[0].partition("(")[0] for row in table.split("\n")
    }
    assert listed - {""} == set(KINDS) - {"StandardScaler", "KMeans", "MiniBatchKMeans"}
