"""Numbers, learned from rows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin

from wasmstate.sklearn.estimator import WasmEstimator

Array = NDArray[Any]


class WasmRegressor(RegressorMixin, WasmEstimator):
    """A regressor that is a WebAssembly module.

    Args:
        model: a family that learns numbers: ``ols``, ``rls``, ``linear``.
        options: of the family, such as ``{"l2": 1.0}``.
        passes: how often ``fit`` learns all rows.
        random_state: gives the seed of a family with random numbers.
        path: as for :class:`WasmClassifier`.

    Attributes:
        module_: the model.
    """

    def __init__(
        self,
        model: str = "ols",
        *,
        options: Mapping[str, float] | None = None,
        passes: int = 1,
        random_state: Any = None,
        path: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(
            model, options=options, passes=passes, random_state=random_state, path=path
        )

    def fit(self, x: ArrayLike, y: ArrayLike) -> Self:
        """Learn the rows as a new model: ``(rows, features)`` and a number for each row.

        Raises: as :meth:`WasmClassifier.fit`.
        """
        return self._learn(x, y, restart=True)

    def partial_fit(self, x: ArrayLike, y: ArrayLike) -> Self:
        """Learn further rows once. Args and raises as :meth:`fit`."""
        return self._learn(x, y, restart=False)

    def predict(self, x: ArrayLike) -> Array:
        """The number of each row."""
        rows = self._rows(x, reset=False)
        return np.asarray(self._fitted().session.predict_many(rows))

    def _learn(self, x: Any, y: Any, *, restart: bool) -> Self:
        rows, y = self._rows_and_targets(x, y, restart=restart, y_numeric=True)
        session = self._begin(restart=restart, features=self.n_features_in_)
        for _ in range(self.passes if restart else 1):
            session.update_many(rows, np.asarray(y, np.float64))
        return self
