"""Trees, forests and boosted trees as models: how a row finds its leaf, and how that goes on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from estimators import fitted, of_trees, stump, tree
from guest import Guest, session_on
from wasmstate import ArgumentError, SchemaError, State, from_fitted, merge
from wasmstate.binary.spaces import Spaces
from wasmstate.state.record import successor

LOW, HIGH = np.array([0.0, 0.0]), np.array([1.0, 0.0])


def forest(*trees: Any, **attributes: Any) -> Any:
    return of_trees("RandomForestRegressor", *trees, **attributes)


def classes(*trees: Any, **attributes: Any) -> Any:
    known = {"criterion": "gini", "classes_": np.array(["no", "yes"])}
    return of_trees("RandomForestClassifier", *trees, **{**known, **attributes})


def boosting(kind: str, *stages: Any, **attributes: Any) -> Any:
    """Stages of stumps, a row for each, one for each output."""
    rows = [[fitted("Tree", tree_=each) for each in stage] for stage in stages]
    known = {
        "estimators_": np.array(rows, object),
        "n_features_in_": 2,
        "learning_rate": 0.5,
        "init_": "zero",
        "_raw_predict_init": lambda _, x: np.full((len(x), len(rows[0])), 0.25),
    }
    return fitted(kind, **{**known, **attributes})


def taking_missing(estimator: Any) -> Any:
    """The estimator, that predicts rows with NaN."""
    tags = fitted("Tags", input_tags=fitted("InputTags", allow_nan=True))
    type(estimator).__sklearn_tags__ = lambda _: tags
    return estimator


def test_a_row_goes_left_that_is_not_above_the_threshold() -> None:
    deep = tree(
        [
            (1, 4, 1, 5.0, [0.0], 10),
            (2, 3, 0, -1.0, [0.0], 6),
            (-1, -1, -2, 0.0, [1.0], 4),
            (-1, -1, -2, 0.0, [2.0], 2),
            (-1, -1, -2, 0.0, [3.0], 4),
        ]
    )
    model = Guest(
        from_fitted(
            fitted("DecisionTreeRegressor", tree_=deep, n_features_in_=2, criterion="squared_error")
        )
    )
    rows = {(-1.0, 5.0): 1.0, (-0.999, 5.0): 2.0, (-9.0, 5.001): 3.0}
    assert {row: model.call("predict", row) for row in rows} == rows


def test_features_are_compared_in_single_precision_as_the_estimator_does() -> None:
    model = Guest(from_fitted(forest(stump([1.0], [2.0]))))
    assert float(np.float32(0.1)) > 0.1
    assert model.call("predict", [0.1, 0.0]) == 2.0
    assert model.call("predict", [0.1 - 1e-8, 0.0]) == 1.0


def test_the_average_of_the_trees_is_predicted() -> None:
    model = Guest(from_fitted(forest(stump([1.0], [2.0]), stump([5.0], [9.0]))))
    assert [model.call("predict", row) for row in (LOW, HIGH)] == [3.0, 5.5]


def test_a_leaf_goes_on_as_the_mean_of_its_rows() -> None:
    model = Guest(from_fitted(forest(stump([1.0], [2.0]), stump([5.0], [9.0], (1, 7)))))
    model.call("update", LOW, 9.0)
    assert model.call("predict", LOW) == ((3 * 1.0 + 9.0) / 4 + (5.0 + 9.0) / 2) / 2
    assert model.call("predict", HIGH) == 5.5
    assert model["count"] == 1


def test_a_leaf_goes_on_as_the_shares_of_its_classes() -> None:
    model = Guest(from_fitted(classes(stump([2 / 3, 1 / 3], [0.2, 0.8]))))
    assert model["sums"].tolist() == [[2.0, 1.0], [1.0, 4.0]]
    assert model.call("probability", LOW, 1) == 1 / 3
    model.call("update", LOW, 1)
    assert model.call("probability", LOW, 1) == 0.5
    assert model.call("predict", LOW) == 0  # of equal ones the first
    model.call("update", LOW, 1)
    assert model.call("predict", LOW) == 1


def test_forests_of_two_devices_are_merged_as_one_that_saw_all_rows() -> None:
    module = from_fitted(classes(stump([2 / 3, 1 / 3], [0.2, 0.8])))
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(40, 2)), rng.integers(0, 2, 40)
    both = Guest(module).feed(rows, labels)
    devices = []
    for part in (slice(25), slice(25, None)):
        state = Guest(module).feed(rows[part], labels[part]).state
        record = successor(state.record, State.of(module).record)
        devices.append(module.with_custom("wasmstate.state", record.encode()))
    merged = Guest(merge(module, devices).module)
    for tensor in ("sums", "weight", "count"):
        assert merged[tensor].tolist() == both[tensor].tolist()


@pytest.mark.parametrize("y", [4.0, -1.0])
def test_boosted_trees_each_take_in_what_those_before_leave(y: float) -> None:
    stages = [[stump([1.0], [2.0])], [stump([0.5], [-0.5], (2, 6))]]
    estimator = boosting("GradientBoostingRegressor", *stages, loss="squared_error")
    model = Guest(from_fitted(estimator))
    assert model.call("predict", LOW) == 0.25 + 0.5 * 1.0 + 0.5 * 0.5
    model.call("update", LOW, y)
    first = (3 * 1.0 + (y - 0.25)) / 4
    second = (2 * 0.5 + (y - (0.25 + 0.5 * first))) / 3
    assert model.call("predict", LOW) == pytest.approx(0.25 + 0.5 * (first + second), rel=1e-15)
    assert model.call("predict", HIGH) == 0.25 + 0.5 * 2.0 - 0.5 * 0.5


def test_boosted_classes_go_on_by_newtons_steps() -> None:
    estimator = boosting(
        "GradientBoostingClassifier", [stump([1.0], [-2.0])], loss="log_loss", classes_=np.arange(2)
    )
    model = Guest(from_fitted(estimator))
    share = 1 / (1 + np.exp(-0.25))
    weight = 3 * share * (1 - share)
    assert model.call("decision", LOW, 1) == 0.75
    assert model.call("decision", LOW, 0) == -0.75
    model.call("update", LOW, 0)
    leaf = (weight * 1.0 + (0 - share)) / (weight + share * (1 - share))
    assert model.call("decision", LOW, 1) == pytest.approx(0.25 + 0.5 * leaf, rel=1e-14)


def test_many_rows_at_once_are_the_same_bit_for_bit() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(60, 2))
    estimators = {
        "y": (forest(stump([1.0], [2.0]), stump([5.0], [9.0])), rng.normal(size=60)),
        "label": (classes(stump([2 / 3, 1 / 3], [0.2, 0.8])), rng.integers(0, 2, 60)),
        "boosted": (
            boosting("GradientBoostingRegressor", [stump([1.0], [2.0])], loss="squared_error"),
            rng.normal(size=60),
        ),
    }
    for estimator, targets in estimators.values():
        module = from_fitted(estimator)
        one, many = Guest(module), Guest(module).feed(rows, targets)
        for row, target in zip(rows, targets, strict=True):
            one = one.resumed()
            one.call("update", row, target)
        assert one.state.contents() == many.state.contents()


def test_a_missing_number_goes_where_the_node_sends_it_if_the_estimator_takes_it() -> None:
    left, right = stump([1.0], [2.0], missing_left=[1, 0, 0]), stump([1.0], [2.0])
    for each, predicted in ((left, 1.0), (right, 2.0)):
        model = Guest(from_fitted(taking_missing(forest(each))))
        assert model.call("predict", [np.nan, 0.0]) == predicted
        model.call("update", [np.nan, 0.0], 7.0)
    refused = pytest.raises(ArgumentError, match=r"row 1: .*x\[0\] = nan is not finite")
    with session_on(from_fitted(forest(left))) as session, refused:
        session.predict_many([[1.0, 2.0], [np.nan, 2.0]])


def test_several_targets_are_predicted_one_a_call() -> None:
    several = stump([1.0, 10.0], [2.0, 20.0])
    several.value = several.value.transpose(0, 2, 1)  # an axis of targets
    module = from_fitted(forest(several))
    assert "update" not in Spaces(module).exports
    assert [Guest(module).call("predict", HIGH, k) for k in (0, 1)] == [2.0, 20.0]


@pytest.mark.parametrize(
    "estimator",
    [
        forest(stump([1.0], [2.0]), criterion="absolute_error"),
        forest(stump([1.0], [2.0]), monotonic_cst=[1, 0]),
        boosting("GradientBoostingRegressor", [stump([1.0], [2.0])], loss="huber"),
    ],
)
def test_leaves_that_are_no_means_do_not_go_on(estimator: Any) -> None:
    module = from_fitted(estimator)
    assert "update" not in Spaces(module).exports
    assert set(Guest(module)["weight"].tolist()) == {1.0}


def test_a_model_that_does_not_learn_gives_labels_too() -> None:
    with session_on(
        from_fitted(classes(stump([0.75, 0.25], [0.25, 0.75])), update="none")
    ) as session:
        assert session.predict(HIGH) == "yes"
        assert session.predict_many([LOW, HIGH]).tolist() == ["no", "yes"]
        assert session.call("probability", HIGH, "yes") == 0.75


def test_paths_shorter_than_usual_are_rare() -> None:
    estimator = of_trees(
        "IsolationForest",
        stump([0.0], [0.0], (1, 7)),
        estimators_features_=[np.array([1, 0])],
        max_samples_=8,
        offset_=-0.5,
    )
    path = 2 * (np.log(7 - 1) + np.euler_gamma) - 2 * (7 - 1) / 7
    usual = 2 * (np.log(8 - 1) + np.euler_gamma) - 2 * (8 - 1) / 8
    with session_on(from_fitted(estimator)) as session:
        # The first feature of the tree is the second of the row.
        for row, depth, label in (([9.0, 0.0], 1.0, -1), ([0.0, 9.0], 1.0 + path, 1)):
            assert session.call("decision", row) == pytest.approx(
                0.5 - 2 ** (-depth / usual), rel=1e-14
            )
            assert session.predict(row) == label


def test_a_damaged_tree_ends_in_a_trap_and_not_in_a_circle() -> None:
    model = Guest(from_fitted(forest(stump([1.0], [2.0]), stump([1.0], [2.0]))))
    for child in (0, -9):
        broken = model.with_values(children=np.full_like(model["children"], child))
        with pytest.raises(Exception, match="wasm trap"):
            broken.call("predict", LOW)


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (fitted("DecisionTreeRegressor"), "DecisionTreeRegressor is not fitted: it has no tree_"),
        (
            fitted(
                "HistGradientBoostingRegressor",
                _predictors=[],
                n_features_in_=2,
                is_categorical_=[True, False],
            ),
            "HistGradientBoostingRegressor splits categories, and a model only numbers",
        ),
        (
            boosting("GradientBoostingRegressor", [stump([1.0], [2.0])], init_=fitted("Ridge")),
            "GradientBoostingRegressor begins with the predictions of Ridge, which is no tree",
        ),
        (
            classes(stump([1.0, 0.0], [0.0, 1.0]), classes_=[np.arange(2), np.arange(2)]),
            "RandomForestClassifier predicts several labels of a row, and a model one",
        ),
        (
            forest(stump([1.0], [2.0]), n_features_in_=40_000),
            "40000 features; a model of trees has 32767 at most",
        ),
        (
            fitted(
                "Pipeline",
                steps=[
                    ("a", fitted("RobustScaler", n_features_in_=2, center_=None, scale_=None)),
                    ("b", forest(stump([1.0], [2.0]))),
                ],
            ),
            "RandomForestRegressor after a scaler is no single model: fit it without",
        ),
    ],
)
def test_what_is_no_model_of_trees_is_refused_with_the_reason(estimator: Any, reason: str) -> None:
    with pytest.raises(SchemaError) as caught:
        from_fitted(estimator)
    assert str(caught.value).startswith(reason)
