"""What an estimator of scikit-learn says of itself: its class, its features, its coefficients."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import SchemaError

_PREDICTING = ("decision_function", "predict", "predict_log_proba", "predict_proba", "transform")


def feature_names(estimator: Any) -> list[str]:
    """The names of the columns that it was fitted on; none if it was fitted on an array."""
    steps = [step for _, step in getattr(estimator, "steps", ())]
    for each in (estimator, *steps):
        names = getattr(each, "feature_names_in_", None)
        if names is not None:
            return list(map(str, names))
    return []


def full_name(estimator: Any) -> str:
    """With its package, because others have classes of the same names."""
    kind = type(estimator)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return f"{module}{kind.__qualname__}"


def refuse_overrides(estimator: Any, kind: str) -> None:
    """A subclass that predicts in its own way is not what the model would be.

    Raises:
        SchemaError: naming the methods.
    """
    own = itertools.takewhile(
        lambda each: each.__module__.split(".")[0] != "sklearn", type(estimator).__mro__
    )
    changed = sorted({name for each in own for name in _PREDICTING if name in vars(each)})
    if changed:
        raise SchemaError(
            f"{full_name(estimator)} has its own {', '.join(changed)}: the model would predict "
            f"as {kind} of scikit-learn does"
        )


def kind_of(estimator: Any, kinds: Collection[str]) -> str | None:
    """The name of the class of scikit-learn that it is, if it is one of these."""
    for each in type(estimator).__mro__:
        if each.__module__.split(".")[0] == "sklearn" and each.__name__ in kinds:
            return each.__name__
    return None


def check_fitted(estimator: Any, attribute: str) -> None:
    """Check that it has what fitting gives. Raises SchemaError."""
    if not hasattr(estimator, attribute):
        raise SchemaError(f"{type(estimator).__name__} is not fitted: it has no {attribute}")


def check_one_target(estimator: Any) -> None:
    """Check that it predicts one class a row, and not several. Raises SchemaError."""
    classes = getattr(estimator, "classes_", ())
    if isinstance(classes, list) or getattr(estimator, "multilabel_", False):
        raise SchemaError(
            f"{type(estimator).__name__} predicts several labels of a row, and a model one: "
            "make a model of an estimator for each"
        )


def dense(coefficients: Any) -> NDArray[np.float64]:
    """Return coefficients as an array; ``sparsify()`` makes a sparse matrix of them."""
    if hasattr(coefficients, "toarray"):
        coefficients = coefficients.toarray()
    return np.asarray(coefficients, float)
