"""Boosted trees in the dumps of xgboost (JSON) and LightGBM (text), without either package."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.binary.module import Module
from wasmstate.errors import SchemaError
from wasmstate.models.fitted.boosting import Boosting
from wasmstate.models.fitted.from_fitted import with_metadata
from wasmstate.models.fitted.request import Request
from wasmstate.models.fitted.trees import Tree

Array = NDArray[Any]

_MOST_BYTES = 1 << 30

_RATE = 0.1
"""What shrinks an update if the dump does not say what shrank the trees."""

_XGBOOST: dict[str, tuple[str, str]] = {
    "reg:squarederror": ("squared_error", "identity"),
    "binary:logistic": ("log_loss", "logistic"),
    "multi:softprob": ("log_loss", "softmax"),
    "multi:softmax": ("log_loss", "softmax"),
    "count:poisson": ("poisson", "exponential"),
    "reg:gamma": ("gamma", "exponential"),
    "reg:tweedie": ("tweedie", "exponential"),
    "reg:absoluteerror": ("absolute_error", "identity"),
    "reg:pseudohubererror": ("huber", "identity"),
}
_LIGHTGBM: dict[str, tuple[str, str]] = {
    "regression": ("squared_error", "identity"),
    "binary": ("log_loss", "logistic"),
    "multiclass": ("log_loss", "softmax"),
    "poisson": ("poisson", "exponential"),
    "gamma": ("gamma", "exponential"),
    "tweedie": ("tweedie", "exponential"),
    "regression_l1": ("absolute_error", "identity"),
    "huber": ("huber", "identity"),
    "quantile": ("quantile", "identity"),
}
"""Objectives: the loss, and what the outputs go through."""


def from_dump(
    path: str | os.PathLike[str], *, update: str = "auto", pages: int = 1, **options: float
) -> Module:
    """A model of boosted trees that xgboost or LightGBM has saved with ``save_model()``.

    xgboost's is JSON, LightGBM's is text. Both keep the sums of curvatures of leaves, so leaves go
    on as Newton's steps. What has shrunk xgboost's is not kept: 0.1 shrinks updates. xgboost adds
    up in single precision, the model in double.

    Args:
        path: of the file.
        update: as of :func:`from_fitted`.
        pages: as of :func:`from_fitted`.
        **options: as of :func:`from_fitted`; trees have none.

    Raises:
        SchemaError: the file is no dump of the two, has what no model has, or needs more pages; the
            message says what.
        StateBoundsError: a number is not finite.
        OSError: the file cannot be read.
    """
    request = Request(update, options)
    request.check()
    with open(path, "rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise SchemaError(f"it has more than {_MOST_BYTES} bytes")
    read = _xgboost if content.lstrip().startswith(b"{") else _lightgbm
    if read is _lightgbm and not content.startswith(b"tree"):
        raise SchemaError("it is no dump of xgboost (JSON) and none of LightGBM (text)")
    try:
        boosting = read(content.decode())
        module = boosting.model(request).module(pages)
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise SchemaError(
            f"it is not as {read.__name__[1:]} writes it: {type(error).__name__}: {error}"
        ) from error
    more: dict[str, Any] = {"classes": list(boosting.classes)} if boosting.classes else {}
    if boosting.names:
        more["feature_names_in"] = list(boosting.names)
    return with_metadata(module, {"estimator": boosting.kind, **more})


def _xgboost(text: str) -> Boosting:
    """The trees of a model that ``Booster.save_model("model.json")`` wrote."""
    learner = json.loads(text)["learner"]
    param, objective = learner["learner_model_param"], learner["objective"]["name"]
    loss, link = _known("xgboost", objective, _XGBOOST)
    booster = learner["gradient_booster"]
    if booster["name"] != "gbtree":
        raise SchemaError(f"xgboost's booster {booster['name']!r} is no sum of trees: only gbtree")
    model = booster["model"]
    outputs = max(int(param["num_class"]), 1)
    found = model["trees"]
    best = learner["attributes"].get("best_iteration")
    if best is not None:
        parallel = int(model["gbtree_model_param"].get("num_parallel_tree", 1))
        found = found[: (int(best) + 1) * outputs * parallel]
    if model["tree_info"][: len(found)] != [t % outputs for t in range(len(found))]:
        raise SchemaError("xgboost's trees do not take turns: num_parallel_tree must be 1")
    score = np.array(json.loads(f"[{param['base_score'].strip('[]')}]"), float)
    base = np.broadcast_to(score, outputs)
    if link == "logistic":
        base = np.log(base / (1.0 - base))
    elif link == "exponential":
        base = np.log(base)
    return Boosting(
        "xgboost",
        int(param["num_feature"]),
        _classes(loss, outputs),
        [_of_xgboost(each) for each in found],
        base,
        loss,
        link,
        _RATE,
        single=True,
        missing=True,
        names=list(learner["feature_names"]),
    )


def _of_xgboost(tree: Mapping[str, Any]) -> Tree:
    if any(tree["split_type"]) or int(tree["tree_param"]["size_leaf_vector"]) > 1:
        raise SchemaError("a tree of xgboost splits categories, or has leaves of several numbers")
    left = np.array(tree["left_children"])
    limit = np.array(tree["split_conditions"], np.float32)
    return Tree(
        left,
        np.array(tree["right_children"]),
        left < 0,
        np.array(tree["split_indices"]),
        # A row goes left that is below the limit: not above the number before it.
        np.nextafter(limit, np.float32(-np.inf)),
        np.array(tree["default_left"]),
        limit.astype(float),
        np.array(tree["sum_hessian"], float),
    )


def _lightgbm(text: str) -> Boosting:
    """The trees of a model that ``Booster.save_model("model.txt")`` wrote."""
    head, *parts = re.split(r"^Tree=\d+$", text.partition("end of trees")[0], flags=re.MULTILINE)
    header = _pairs(head)
    objective, *settings = header["objective"].split()
    loss, link = _known("LightGBM", objective, _LIGHTGBM)
    wrong = [each for each in settings if each == "sqrt" or re.fullmatch(r"sigmoid:(?!1$).*", each)]
    if wrong or re.search("^average_output$", head, re.MULTILINE):
        raise SchemaError(f"LightGBM's {' '.join(wrong) or 'random forest'} is in no model")
    outputs = int(header["num_tree_per_iteration"])
    trees = [_pairs(part) for part in parts]
    return Boosting(
        "lightgbm",
        int(header["max_feature_idx"]) + 1,
        _classes(loss, outputs),
        [_of_lightgbm(each) for each in trees],
        np.zeros(outputs),
        loss,
        link,
        float(trees[-1]["shrinkage"]),
        single=False,
        missing=True,
        names=[n for n in header["feature_names"].split() if not re.fullmatch(r"Column_\d+", n)],
    )


def _of_lightgbm(tree: Mapping[str, str]) -> Tree:
    if int(tree["num_cat"]) or int(tree.get("is_linear", "0")):
        raise SchemaError("a tree of LightGBM splits categories, or has lines for leaves")
    nodes, leaves = int(tree["num_leaves"]) - 1, int(tree["num_leaves"])
    value = _numbers(tree, "leaf_value")
    weight = _numbers(tree, "leaf_weight") if nodes else np.ones(1)
    threshold = _numbers(tree, "threshold") if nodes else np.zeros(0)
    kind = _numbers(tree, "decision_type").astype(int) if nodes else np.zeros(0, int)
    if ((kind >> 2) & 3 == 1).any():
        raise SchemaError("LightGBM's zero_as_missing is in no model")
    is_nan = (kind >> 2) & 3 == 2
    # Without a branch for missing numbers they are taken for 0.
    missing_left = np.where(is_nan, (kind >> 1) & 1, threshold >= 0.0)
    pad = np.zeros(leaves)

    def children(key: str) -> Array:
        found = _numbers(tree, key).astype(int) if nodes else np.zeros(0, int)
        # A leaf is the complement of its index; here leaves stand behind the nodes.
        return np.concatenate([np.where(found < 0, nodes + ~found, found), pad.astype(int)])

    return Tree(
        children("left_child"),
        children("right_child"),
        np.arange(nodes + leaves) >= nodes,
        np.concatenate([_numbers(tree, "split_feature") if nodes else [], pad]).astype(int),
        np.concatenate([threshold, pad]),
        np.concatenate([missing_left, pad]).astype(int),
        np.concatenate([np.zeros(nodes), value]),
        np.concatenate([np.ones(nodes), weight]),
    )


def _pairs(text: str) -> dict[str, str]:
    return dict(line.partition("=")[::2] for line in text.splitlines() if "=" in line)


def _numbers(tree: Mapping[str, str], key: str) -> Array:
    return np.array(tree[key].split(), float)


def _classes(loss: str, outputs: int) -> Sequence[int]:
    return range(max(outputs, 2)) if loss == "log_loss" else ()


def _known(package: str, objective: str, known: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    if objective not in known:
        raise SchemaError(
            f"there is no model for the objective {objective!r} of {package}; there are models for "
            f"{', '.join(known)}"
        )
    return known[objective]
