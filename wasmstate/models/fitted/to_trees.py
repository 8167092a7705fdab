"""Trees, forests and boosted trees as models: where their numbers are, and how leaves go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import SchemaError
from wasmstate.models.fitted import entry_points
from wasmstate.models.fitted.arena import ArenaModel, Placed, fixed, number, outputs
from wasmstate.models.fitted.estimator import check_fitted, check_one_target
from wasmstate.models.fitted.links import LINKS
from wasmstate.models.fitted.request import Request
from wasmstate.models.fitted.scaler import Scaler, refuse_scaler
from wasmstate.models.fitted.trees import Tree, placed
from wasmstate.models.options import WITHIN

Array = NDArray[np.float64]
Row = Callable[[Any, Scaler | None, Request], ArenaModel]

_SINGLE = "finite >= -3.4028234663852886e38 <= 3.4028234663852886e38"
"""Numbers that single precision has, in which these trees compare."""

_MEANS = ("squared_error", "friedman_mse", "poisson", "gini", "entropy", "log_loss")
"""Criteria under which a leaf is the mean of its rows."""

_LINKS = {"poisson": "exponential", "gamma": "exponential"}
"""Links of the losses of boosting that predict numbers."""

_CANONICAL = ("squared_error", "poisson", "log_loss")
"""Losses of boosting whose gradient is target minus prediction: their leaves are Newton's steps."""


def _model(
    kernel: str,
    estimator: Any,
    trees: Sequence[Tree],
    points: Mapping[str, str],
    *,
    base: Array,
    single: bool = True,
    link: str = "identity",
    more: Sequence[Placed] = (),
) -> ArenaModel:
    features = int(estimator.n_features_in_)
    sizes, arena = placed(trees, features, base)
    return ArenaModel(
        kernel,
        (
            fixed("features", features),
            outputs(len(base)),
            fixed("link", LINKS[link]),
            Placed("count", np.array(0, "<i8"), "counts", (">= 0",), "updates"),
            fixed("single", int(single)),
            fixed("missing", int(_takes_missing(estimator))),
            *sizes,
            *more,
        ),
        arena,
        points,
        features,
        "trees that were fitted",
        {"output": "predict"} if any("output:" in each for each in points.values()) else {},
    )


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
    bounds = _x_bounds(estimator, _SINGLE)
    if is_classifier:
        points = entry_points.of_classes(
            features, width, says=("probability",), updates=learns, x_bounds=bounds
        )
    elif width > 1:
        points = entry_points.of_outputs(features, width, "predict", bounds)
    else:
        points = entry_points.of_numbers(features, updates=learns, x_bounds=bounds)
    return _model(
        "forest_classifier" if is_classifier else "forest_regressor",
        estimator,
        [
            Tree.of(tree, each, tree.weighted_n_node_samples if learns else None)
            for tree, each in zip(trees, values, strict=True)
        ],
        points,
        base=np.zeros(width),
    )


def _boosted(
    estimator: Any,
    features: int,
    trees: Callable[[Array | None], list[Tree]],
    request: Request,
    *,
    base: Array,
    loss: str,
    rate: float,
    bounds: str,
    single: bool,
) -> ArenaModel:
    """Trees that correct each other.

    Args:
        estimator: fitted.
        features: numbers in a row.
        trees: gives them; with what a row of each output adds to the weight of a leaf if they are
            to go on.
        request: of the caller.
        base: of each output, before the trees.
        loss: of the estimator.
        rate: what shrinks the trees.
        bounds: of the features.
        single: whether features are compared in single precision.
    """
    classes = len(getattr(estimator, "classes_", ()))
    link = _LINKS.get(loss, "identity")
    if loss == "log_loss":
        link = "logistic" if classes == 2 else "softmax"
    learns = request.learns and loss in _CANONICAL
    if classes:
        says = ("decision", "probability") if loss == "log_loss" else ("decision",)
        points = entry_points.of_classes(
            features, classes, says=says, updates=learns, x_bounds=bounds
        )
    else:
        points = entry_points.of_numbers(features, updates=learns, x_bounds=bounds)
    return _model(
        "boosted_classifier" if classes else "boosted_regressor",
        estimator,
        trees(_curvature(base, link) if learns else None),
        points,
        base=base,
        single=single,
        link=link,
        more=[number("rate", rate if learns else 1.0, "> 0")],
    )


def _curvature(base: Array, link: str) -> Array:
    """What a row adds to the weight of a leaf, for each output, at what is predicted at first.

    An estimator keeps no sums of curvatures, so this times the rows of a leaf stands for them.
    """
    if link == "exponential":
        return np.exp(base)
    if link == "logistic":
        share = 1.0 / (1.0 + np.exp(-base))
    elif link == "softmax":
        share = np.exp(base - base.max())
        share /= share.sum()
    else:
        return np.ones_like(base)
    return np.asarray(share * (1.0 - share))


def _gradient_boosting(estimator: Any, scaler: Scaler | None, request: Request) -> ArenaModel:
    features = _prepared(estimator, scaler, request, "estimators_")
    kind = type(estimator.init_).__name__
    if not isinstance(estimator.init_, str) and not kind.startswith("Dummy"):
        raise SchemaError(
            f"{type(estimator).__name__} begins with the predictions of {kind}, which is no tree: "
            "fit it with init=None or init='zero'"
        )
    base = np.asarray(estimator._raw_predict_init(np.zeros((1, features))), float)[0]
    if hasattr(estimator, "classes_") and len(base) == 1:
        # A tie is of the second class here; any other sum swallows this.
        base = np.where(base == 0.0, np.nextafter(0.0, 1.0), base)
    stages = estimator.estimators_
    rate = float(estimator.learning_rate)

    def trees(curvature: Array | None) -> list[Tree]:
        if curvature is None:
            return [Tree.of(each.tree_, rate * each.tree_.value[:, 0, 0]) for each in stages.flat]
        return [
            Tree.of(each.tree_, each.tree_.value[:, 0, 0], each.tree_.weighted_n_node_samples * h)
            for stage in stages
            for each, h in zip(stage, curvature, strict=True)
        ]

    return _boosted(
        estimator,
        features,
        trees,
        request,
        base=base,
        loss=estimator.loss,
        rate=rate,
        bounds=_SINGLE,
        single=True,
    )


def _histogram_boosting(estimator: Any, scaler: Scaler | None, request: Request) -> ArenaModel:
    features = _prepared(estimator, scaler, request, "_predictors")
    if estimator.is_categorical_ is not None:
        raise SchemaError(
            f"{type(estimator).__name__} splits categories, and a model only numbers: encode them "
            "(OneHotEncoder) and fit it with categorical_features=None"
        )
    rate = float(estimator.learning_rate)

    def trees(curvature: Array | None) -> list[Tree]:
        return [
            _of_nodes(each.nodes, None if curvature is None else curvature[k], rate)
            for stage in estimator._predictors
            for k, each in enumerate(stage)
        ]

    return _boosted(
        estimator,
        features,
        trees,
        request,
        base=np.asarray(estimator._baseline_prediction, float).reshape(-1),
        loss=estimator.loss,
        rate=rate,
        bounds=_x_bounds(estimator, WITHIN),
        single=False,
    )


def _of_nodes(nodes: Any, curvature: float | None, rate: float) -> Tree:
    """A tree of histogram boosting: a record for each node; its values are shrunk already."""
    is_leaf = nodes["is_leaf"].astype(bool)
    learns = curvature is not None
    return Tree(
        nodes["left"].astype(np.int64),
        nodes["right"].astype(np.int64),
        is_leaf,
        nodes["feature_idx"],
        nodes["num_threshold"],
        nodes["missing_go_to_left"],
        nodes["value"] / rate if learns else nodes["value"],
        nodes["count"] * curvature if learns else np.ones(len(nodes)),
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
    x = entry_points.of_features(features, _x_bounds(estimator, _SINGLE))
    usual = len(trees) * float(_average_path(np.array([estimator.max_samples_]))[0])
    return _model(
        "isolation_forest",
        estimator,
        trees,
        {"predict": f"({x}) -> i32", "decision": f"({x}) -> f64"},
        base=np.zeros(1),
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
