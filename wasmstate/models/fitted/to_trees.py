"""Trees, forests and boosted trees as models: where their numbers are, and how leaves go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import SchemaError
from wasmstate.models.fitted import entry_points
from wasmstate.models.fitted.arena import ArenaModel, number
from wasmstate.models.fitted.boosting import Boosting, curvature, link_of
from wasmstate.models.fitted.estimator import check_fitted, check_one_target
from wasmstate.models.fitted.request import Request
from wasmstate.models.fitted.scaler import Scaler, refuse_scaler
from wasmstate.models.fitted.trees import SINGLE, Tree, tree_model

Array = NDArray[np.float64]
Row = Callable[[Any, Scaler | None, Request], ArenaModel]

_MEANS = ("squared_error", "friedman_mse", "poisson", "gini", "entropy", "log_loss")
"""Criteria under which a leaf is the mean of its rows."""


def _takes_missing(estimator: Any) -> bool:
    """Whether the estimator predicts rows with numbers that are missing (NaN)."""
    tags = getattr(estimator, "__sklearn_tags__", None)
    return bool(tags().input_tags.allow_nan) if tags else False


def _x_bounds(estimator: Any, bounds: str) -> str:
    return "" if _takes_missing(estimator) else bounds


def _prepared(estimator: Any, scaler: Scaler | None, request: Request, attribute: str) -> int:
    """The number of features of what can be a model."""
    check_fitted(estimator, attribute)
    check_one_target(estimator)
    refuse_scaler(estimator, scaler)
    request.only(type(estimator).__name__)
    return int(estimator.n_features_in_)


def _forest(estimator: Any, scaler: Scaler | None, request: Request) -> ArenaModel:
    """One tree or the average of many."""
    attribute = "estimators_" if hasattr(estimator, "n_estimators") else "tree_"
    features = _prepared(estimator, scaler, request, attribute)
    trees = [each.tree_ for each in getattr(estimator, "estimators_", [estimator])]
    is_classifier = hasattr(estimator, "classes_")
    # One axis is of the outputs, the other of the classes of each.
    values = [tree.value[:, 0, :] if is_classifier else tree.value[:, :, 0] for tree in trees]
    width = values[0].shape[1]
    learns = (
        request.learns
        and estimator.criterion in _MEANS
        and getattr(estimator, "monotonic_cst", None) is None
        and (is_classifier or width == 1)
    )
    bounds = _x_bounds(estimator, SINGLE)
    if is_classifier:
        points = entry_points.of_classes(
            features, width, says=("probability",), updates=learns, x_bounds=bounds
        )
    elif width > 1:
        points = entry_points.of_outputs(features, width, "predict", bounds)
    else:
        points = entry_points.of_numbers(features, updates=learns, x_bounds=bounds)
    return tree_model(
        "forest_classifier" if is_classifier else "forest_regressor",
        features,
        [
            Tree.of(tree, each, tree.weighted_n_node_samples if learns else None)
            for tree, each in zip(trees, values, strict=True)
        ],
        points,
        base=np.zeros(width),
        missing=_takes_missing(estimator),
    )


def _gradient_boosting(estimator: Any, scaler: Scaler | None, request: Request) -> ArenaModel:
    features = _prepared(estimator, scaler, request, "estimators_")
    kind = type(estimator.init_).__name__
    if not isinstance(estimator.init_, str) and not kind.startswith("Dummy"):
        raise SchemaError(
            f"{type(estimator).__name__} begins with the predictions of {kind}, which is no tree: "
            "fit it with init=None or init='zero'"
        )
    base = np.asarray(estimator._raw_predict_init(np.zeros((1, features))), float)[0]
    classes = getattr(estimator, "classes_", ())
    if len(classes) and len(base) == 1:
        # A tie is of the second class here; any other sum swallows this.
        base = np.where(base == 0.0, np.nextafter(0.0, 1.0), base)
    stages, rate = estimator.estimators_, float(estimator.learning_rate)
    link = link_of(estimator.loss, classes)
    trees = [
        Tree.of(
            each.tree_, rate * each.tree_.value[:, 0, 0], each.tree_.weighted_n_node_samples * h
        )
        for stage in stages
        for each, h in zip(stage, curvature(base, link), strict=True)
    ]
    return Boosting(
        type(estimator).__name__,
        features,
        classes,
        trees,
        base,
        estimator.loss,
        link,
        rate,
        single=True,
    ).model(request)


def _histogram_boosting(estimator: Any, scaler: Scaler | None, request: Request) -> ArenaModel:
    features = _prepared(estimator, scaler, request, "_predictors")
    if estimator.is_categorical_ is not None:
        raise SchemaError(
            f"{type(estimator).__name__} splits categories, and a model only numbers: encode them "
            "(OneHotEncoder) and fit it with categorical_features=None"
        )
    rate, classes = float(estimator.learning_rate), getattr(estimator, "classes_", ())
    link = link_of(estimator.loss, classes)
    base = np.asarray(estimator._baseline_prediction, float).reshape(-1)
    trees = [
        _of_nodes(each.nodes, h)
        for stage in estimator._predictors
        for each, h in zip(stage, curvature(base, link), strict=True)
    ]
    missing = _takes_missing(estimator)
    return Boosting(
        type(estimator).__name__,
        features,
        classes,
        trees,
        base,
        estimator.loss,
        link,
        rate,
        single=False,
        missing=missing,
    ).model(request)


def _of_nodes(nodes: Any, h: float) -> Tree:
    """A tree of histogram boosting: a record for each node; a row weighs h."""
    return Tree(
        nodes["left"].astype(np.int64),
        nodes["right"].astype(np.int64),
        nodes["is_leaf"].astype(bool),
        nodes["feature_idx"],
        nodes["num_threshold"],
        nodes["missing_go_to_left"],
        nodes["value"],
        nodes["count"] * h,
    )


def _isolation_forest(estimator: Any, scaler: Scaler | None, request: Request) -> ArenaModel:
    features = _prepared(estimator, scaler, request, "estimators_")
    trees = []
    parts = zip(estimator.estimators_, estimator.estimators_features_, strict=True)
    for each, columns in parts:
        tree = each.tree_
        depth = np.ones(tree.node_count)
        for node in np.flatnonzero(tree.children_left >= 0):  # parents stand before children
            depth[[tree.children_left[node], tree.children_right[node]]] = depth[node] + 1
        values = depth + _average_path(tree.n_node_samples) - 1.0
        found = Tree.of(tree, values)
        which = np.asarray(columns)[np.maximum(tree.feature, 0)]
        trees.append(Tree(**{**vars(found), "feature": which}))
    x = entry_points.of_features(features, _x_bounds(estimator, SINGLE))
    usual = len(trees) * float(_average_path(np.array([estimator.max_samples_]))[0])
    return tree_model(
        "isolation_forest",
        features,
        trees,
        {"predict": f"({x}) -> i32", "decision": f"({x}) -> f64"},
        base=np.zeros(1),
        missing=_takes_missing(estimator),
        more=[number("depth", usual, "> 0"), number("offset", float(estimator.offset_))],
    )


def _average_path(rows: Any) -> Array:
    """Mean length of an unsuccessful search in a tree of rows (Liu and others, equation 1)."""
    n = np.asarray(rows, float)
    many = np.maximum(n, 3.0)
    path = 2.0 * (np.log(many - 1.0) + np.euler_gamma) - 2.0 * (many - 1.0) / many
    return np.where(n <= 1, 0.0, np.where(n == 2, 1.0, path))


TREE_ROWS: dict[str, Row] = {
    "DecisionTreeClassifier": _forest,
    "DecisionTreeRegressor": _forest,
    "ExtraTreeClassifier": _forest,
    "ExtraTreeRegressor": _forest,
    "RandomForestClassifier": _forest,
    "RandomForestRegressor": _forest,
    "ExtraTreesClassifier": _forest,
    "ExtraTreesRegressor": _forest,
    "GradientBoostingClassifier": _gradient_boosting,
    "GradientBoostingRegressor": _gradient_boosting,
    "HistGradientBoostingClassifier": _histogram_boosting,
    "HistGradientBoostingRegressor": _histogram_boosting,
    "IsolationForest": _isolation_forest,
}
