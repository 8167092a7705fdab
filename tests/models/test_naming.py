"""Models that keep the names of their features and the labels of their classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support import message
from wasmstate import ArgumentError, SchemaError, Session, State, models
from wasmstate.models import resize

NAMES = ["wind", "sun"]


def opened(folder: Path, family: str, **options: Any) -> Session:
    path = folder / f"{family}.wasm"
    models.new(family, **options).save(path)
    return Session.open(path)


def test_names_say_how_many_features_and_labels_how_many_classes_there_are(tmp_path: Path) -> None:
    with opened(tmp_path, "gaussian_nb", feature_names=NAMES, labels=["dry", "wet"]) as session:
        session.update({"sun": 1.0, "wind": 5.0}, "wet")
        session.update({"sun": 9.0, "wind": 0.0}, "dry")
        session.update([4.0, 2.0], "wet")
        assert session.state["mean"].tolist() == [[0.0, 9.0], [4.5, 1.5]]
        assert session.predict({"sun": 1.0, "wind": 4.0}) == "wet"
        assert session.predict_many(np.array([[4.0, 1.0], [0.0, 9.0]])).tolist() == ["wet", "dry"]
        said = message(ArgumentError, lambda: session.update({"sun": 1.0}, "wet"))
        assert "missing: wind" in said


def test_a_model_of_two_classes_takes_labels_without_an_option_for_them(tmp_path: Path) -> None:
    with opened(tmp_path, "logistic", features=1, labels=["no", "yes"]) as session:
        for x, label in [(3.0, "yes"), (-3.0, "no"), (3.0, "yes"), (-3.0, "no")]:
            session.update([x], label)
        assert session.predict([3.0]) > 0.5 > session.predict([-3.0])


@pytest.mark.parametrize(
    ("family", "options", "reason"),
    [
        (
            "linear",
            {"features": 3, "feature_names": NAMES},
            "2 names for 3 features: 'wind', 'sun'",
        ),
        ("logistic", {"features": 1, "labels": [1, 2, 3]}, "3 names for 2 classes: 1, 2, 3"),
        ("thompson", {"arms": 2, "feature_names": NAMES}, "thompson has no features to name"),
        ("linear", {"features": 1, "labels": ["a", "b"]}, "linear has no classes to name"),
        ("linear", {"feature_names": ["a", "a"]}, "two names of features are alike: 'a'"),
        (
            "linear",
            {"feature_names": ["a", 1]},
            "the names of features must be texts, not ['a', 1]",
        ),
        ("logistic", {"features": 1, "labels": [1, 1.0]}, "two labels are alike: 1"),
        (
            "logistic",
            {"features": 1, "labels": [None, "a"]},
            "labels must be numbers or texts, not [None, 'a']",
        ),
    ],
)
def test_names_that_do_not_fit_are_refused(
    family: str, options: dict[str, Any], reason: str
) -> None:
    assert message(SchemaError, lambda: models.new(family, **options)) == reason


def test_features_leave_and_come_by_name_and_the_others_keep_what_they_learned() -> None:
    before = models.new("linear", feature_names=["wind", "sun", "rain"])
    state = State.of(before).with_values({"weights": [1.0, 2.0, 3.0]})
    after = resize(
        with_values(before, state), add={"features": ["fog"]}, drop={"features": ["sun"]}
    )
    changed = State.of(after)
    assert changed.metadata["feature_names_in"] == ["wind", "rain", "fog"]
    assert changed["weights"].tolist() == [1.0, 3.0, 0.0]


def test_classes_leave_and_come_by_label() -> None:
    before = models.new("gaussian_nb", features=1, labels=[10, 20, 30])
    state = State.of(before).with_values({"count": [1, 2, 3]})
    after = State.of(
        resize(with_values(before, state), add={"classes": [40]}, drop={"classes": [20]})
    )
    assert after.metadata["classes"] == [10, 30, 40]
    assert after["count"].tolist() == [1, 3, 0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"sizes": {"features": 3}},
            "the features have names: 'wind', 'sun'; name each one that is added",
        ),
        ({"add": {"features": ["sun"]}}, "two names of features are alike: 'sun'"),
        ({"drop": {"features": ["fog"]}}, "there is no 'fog' among the features: 'wind', 'sun'"),
        ({"drop": {"features": [2]}}, "there is no features[2] to drop: there are 2"),
    ],
)
def test_a_change_that_would_leave_a_feature_without_a_name_is_refused(
    change: dict[str, Any], reason: str
) -> None:
    module = models.new("linear", feature_names=NAMES)
    assert message(SchemaError, lambda: resize(module, **change)) == reason


def test_without_names_there_is_nothing_to_add_by_name() -> None:
    module = models.new("linear", features=2)
    assert message(SchemaError, lambda: resize(module, add={"features": ["fog"]})) == (
        "the features of this model have no names: say how many there are"
    )
    assert message(SchemaError, lambda: resize(module, drop={"features": ["fog"]})) == (
        "the features have no names: give the index, not 'fog'"
    )


def with_values(module: Any, state: State) -> Any:
    return module.with_custom("wasmstate.state", state.to_content())
