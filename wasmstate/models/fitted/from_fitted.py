"""A model of an estimator that was fitted: which kernel, and what of the estimator goes into S."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from wasmstate.binary.module import Module
from wasmstate.errors import SchemaError
from wasmstate.models.fitted.estimator import (
    feature_names,
    full_name,
    kind_of,
    refuse_overrides,
)
from wasmstate.models.fitted.exports import without_updates
from wasmstate.models.fitted.request import Request
from wasmstate.models.fitted.scaler import Scaler, steps_of
from wasmstate.models.fitted.to_bayes import BAYES_ROWS
from wasmstate.models.fitted.to_family import FAMILY_ROWS
from wasmstate.models.fitted.to_layers import LAYER_ROWS
from wasmstate.models.fitted.to_lines import LINE_ROWS
from wasmstate.models.fitted.to_trees import TREE_ROWS
from wasmstate.state.attach.describe import with_state
from wasmstate.state.schema import Schema
from wasmstate.state.state import State

_NOT_CARRIED_ON = ("class_weight", "positive")
"""Settings of estimators that shape what is learned, beside penalties, and that no kernel has."""

_ARENA_ROWS = {**LINE_ROWS, **TREE_ROWS, **LAYER_ROWS, **BAYES_ROWS}
_OUTLIERS = ("IsolationForest",)
"""Their predictions are -1 and 1, but they have no ``classes_``."""

KINDS = tuple(sorted({*FAMILY_ROWS, *_ARENA_ROWS}))
"""The classes of scikit-learn that there are models for."""


def from_fitted(
    estimator: Any, /, *, update: str = "auto", pages: int = 1, **options: float
) -> Module:
    """A model that predicts as a fitted estimator does, and goes on learning.

    docs/models.md, "Fitted estimators", lists the estimators of scikit-learn, what their models
    are, and how they go on. A scaler in front of an estimator that has weights becomes part of the
    model. The metadata keep ``classes_`` and ``feature_names_in_``, by which a session takes labels
    and frames, and the name of the estimator.

    Penalties of the fit are not applied to later updates, nor are ``positive`` and
    ``class_weight``, of which a warning and the metadata tell.

    Args:
        estimator: fitted.
        update: ``auto`` to go on by the rule of the estimator, if it has one; ``none`` for a model
            that predicts alone.
        pages: of memory, 64 KiB each; a model that needs more says how many.
        options: of the model, such as ``lr``; else as the estimator has them, or by default.

    Raises:
        SchemaError: the estimator is not fitted, there is no model for it, it needs more pages, or
            there is no such option. The message says what.
        StateBoundsError: what was fitted is not finite.

    Warns:
        UserWarning: further rows are learned without ``positive`` or ``class_weight``.
    """
    request = Request(update, options)
    request.check()
    scaler, last = steps_of(estimator)
    kind = kind_of(last, KINDS)
    if kind is None:
        raise SchemaError(
            f"there is no model for {full_name(last)}: docs/models.md, 'Fitted estimators', lists "
            "the estimators of scikit-learn that there are models for"
        )
    refuse_overrides(last, kind)
    module = _module(kind, last, scaler, request, pages)
    state = State.of(module)
    metadata: dict[str, Any] = {"estimator": f"sklearn.{kind}"}
    if kind in _OUTLIERS:
        metadata["classes"] = [-1, 1]
    elif hasattr(last, "classes_"):
        metadata["classes"] = np.asarray(last.classes_).tolist()
    if "update" in state.entry_points:
        metadata |= _not_carried_on(last, kind)
    names = feature_names(estimator)
    if names:
        metadata["feature_names_in"] = names
    return with_metadata(module, metadata)


def with_metadata(module: Module, metadata: Mapping[str, Any]) -> Module:
    """The model with more metadata."""
    state = State.of(module)
    schema = Schema(state.tensors, state.entry_points, {**state.metadata, **metadata})
    return with_state(module, State(replace(state.record, schema=schema.encode()), schema))


from_sklearn = from_fitted
"""The name that it had when its models were those of families alone."""


def _module(
    kind: str, estimator: Any, scaler: Scaler | None, request: Request, pages: int
) -> Module:
    family = FAMILY_ROWS[kind](estimator, scaler) if kind in FAMILY_ROWS else None
    if family is not None and (family.fits or kind not in _ARENA_ROWS):
        module = family.module(request.options)
        return module if request.learns else without_updates(module)
    return _ARENA_ROWS[kind](estimator, scaler, request).module(pages)


def _not_carried_on(estimator: Any, kind: str) -> Mapping[str, Any]:
    left = [name for name in _NOT_CARRIED_ON if getattr(estimator, name, None)]
    if not left:
        return {}
    said = ", ".join(f"{name}={getattr(estimator, name)!r}" for name in left)
    warnings.warn(
        f"{kind}: {said} is in what was fitted; further rows are learned without",
        UserWarning,
        stacklevel=3,
    )
    return {"not_carried_on": left}
