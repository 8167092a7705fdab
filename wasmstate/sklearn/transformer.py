"""Rows, transformed by what was learned of rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import TransformerMixin

from wasmstate.sklearn.estimator import WasmEstimator
from wasmstate.state.state import State

Array = NDArray[Any]


def _standardised(state: State, rows: Array) -> Array:
    deviation = np.sqrt(state["m2"] / max(int(state["count"]), 1))
    return np.asarray((rows - state["mean"]) / np.where(deviation > 0.0, deviation, 1.0))


def _distances(state: State, rows: Array) -> Array:
    return np.asarray(np.linalg.norm(rows[:, np.newaxis] - state["centers"], axis=2))


_TRANSFORMS: Mapping[str, Callable[[State, Array], Array]] = {
    "moments": _standardised,
    "kmeans": _distances,
}


class WasmTransformer(TransformerMixin, WasmEstimator):
    """A transformer that is a WebAssembly module.

    Args:
        model: ``moments`` standardises features by their running mean and variance; ``kmeans``
            gives the distances to the centres.
        options: of the family, such as ``{"clusters": 8}``.
        passes: how often ``fit`` learns all rows.
        random_state: gives the seed of a family with random numbers.
        path: as for :class:`WasmClassifier`.

    Attributes:
        module_: the model.
    """

    def __init__(
        self,
        model: str = "moments",
        *,
        options: Mapping[str, float] | None = None,
        passes: int = 1,
        random_state: Any = None,
        path: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(
            model, options=options, passes=passes, random_state=random_state, path=path
        )

    def fit(self, x: ArrayLike, y: object = None) -> Self:
        """Learn the rows, ``(rows, features)``, as a new model. Raises as a classifier's."""
        return self._learn(x, restart=True)

    def partial_fit(self, x: ArrayLike, y: object = None) -> Self:
        """Learn further rows once."""
        return self._learn(x, restart=False)

    def transform(self, x: ArrayLike) -> Array:
        """The transformed rows."""
        rows = self._rows(x, reset=False)
        return _TRANSFORMS[self.model](self._fitted().session.state, rows)

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """The features for ``moments``, ``kmeans0``, ``kmeans1`` and so on for ``kmeans``."""
        state = self._fitted().session.state
        if "clusters" in state:
            return np.array([f"kmeans{k}" for k in range(int(state["clusters"]))], object)
        known = getattr(self, "feature_names_in_", None)
        if input_features is None:
            named = [f"x{i}" for i in range(self.n_features_in_)] if known is None else known
            return np.array(named, object)
        if known is not None and not np.array_equal(known, input_features):
            raise ValueError("input_features is not equal to feature_names_in_")
        if len(input_features) != self.n_features_in_:
            raise ValueError(
                f"input_features should have length equal to number of features "
                f"({self.n_features_in_}), got {len(input_features)}"
            )
        return np.array(input_features, object)

    def _learn(self, x: Any, *, restart: bool) -> Self:
        if self.model not in _TRANSFORMS:
            known = ", ".join(_TRANSFORMS)
            raise ValueError(f"{self.model!r} transforms nothing; {known} do")
        rows = self._rows(x, reset=restart or not self.__sklearn_is_fitted__())
        session = self._begin(restart=restart, features=self.n_features_in_)
        for _ in range(self.passes if restart else 1):
            session.update_many(rows)
        return self
