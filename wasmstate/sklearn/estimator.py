"""What all estimators have: parameters, the model that they keep, checked rows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from wasmstate import models
from wasmstate.binary.module import Module
from wasmstate.models.kept import Kept
from wasmstate.session.session import Session
from wasmstate.state.state import State

Array = NDArray[Any]

_COUNTS = ("multinomial_nb",)
"""Families whose rows are numbers of occurrences."""


class WasmEstimator(BaseEstimator):
    """A model of a family, with the parameters that all of them have."""

    def __init__(
        self,
        model: str,
        *,
        options: Mapping[str, float] | None,
        passes: int,
        random_state: Any,
        path: str | os.PathLike[str] | None,
    ) -> None:
        self.model = model
        self.options = options
        self.passes = passes
        self.random_state = random_state
        self.path = path

    @property
    def module_(self) -> Module:
        """The model with what was learned: save it, and any runtime goes on with it."""
        return self._fitted().module

    def __sklearn_is_fitted__(self) -> bool:
        is_there = self.path is not None and Path(os.fsdecode(self.path)).exists()
        return hasattr(self, "_kept") or is_there

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = self.model in _COUNTS
        return tags

    def _fitted(self) -> Kept:
        """What was learned, here or by whoever made the file."""
        check_is_fitted(self)
        if not hasattr(self, "_kept"):
            assert self.path is not None
            self._keep(Kept(Module.open(self.path), self.path))
        return self._kept

    def _keep(self, kept: Kept) -> None:
        self._kept = kept
        state = kept.session.state
        self.n_features_in_ = int(state["features"])
        if "feature_names_in" in state.metadata:
            self.feature_names_in_ = np.array(state.metadata["feature_names_in"], object)

    def _begin(self, *, restart: bool, labels: Array | None = None, **sizes: int) -> Session:
        """The session to learn in; ``restart`` gives it the state of a model without rows."""
        family = models.describe(self.model)
        if not restart and self.__sklearn_is_fitted__():
            return self._fitted().session
        drawn = check_random_state(self.random_state).randint(2**31)
        module = family.make(
            int(drawn) if family.takes_seed else None,
            {**sizes, **(self.options or {})},
            getattr(self, "feature_names_in_", None),
            None if labels is None else labels.tolist(),
        )
        self._keep(Kept(module, self.path))
        if restart:
            self._kept.session.restore(State.of(module))
        return self._kept.session

    def _rows(self, x: Any, *, reset: bool) -> Array:
        """Checked rows, as the family takes them."""
        if not reset:
            self._fitted()
        checked: Array = validate_data(self, x, reset=reset, dtype=np.float64)
        return self._as_taken(checked)

    def _rows_and_targets(
        self, x: Any, y: Any, *, restart: bool, **options: Any
    ) -> tuple[Array, Any]:
        is_first = restart or not self.__sklearn_is_fitted__()
        if not is_first:
            self._fitted()
        rows, y = validate_data(self, x, y, reset=is_first, dtype=np.float64, **options)
        return self._as_taken(rows), y

    def _as_taken(self, rows: Array) -> Array:
        if self.model not in _COUNTS:
            return rows
        if (rows < 0.0).any():
            raise ValueError(f"Negative values in data passed to {self.model}")
        if (rows != np.trunc(rows)).any():
            raise ValueError(f"{self.model} takes whole numbers of occurrences")
        return rows.astype(np.int64)
