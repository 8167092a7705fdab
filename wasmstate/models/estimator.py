"""What an estimator of scikit-learn says of itself: its class, its features, its coefficients."""

from __future__ import annotations

import itertools
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


def dense(coefficients: Any) -> NDArray[np.float64]:
    """Return coefficients as an array; ``sparsify()`` makes a sparse matrix of them."""
    if hasattr(coefficients, "toarray"):
        coefficients = coefficients.toarray()
    return np.asarray(coefficients, float)
