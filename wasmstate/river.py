"""Models of River that learn in a WebAssembly module.

A model is made with the first row, whose keys name its features. With ``path`` it is a file, and
each row ends with a crash-safe commit; a file that is there goes on from its state.

Source: River, "river.base".
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from river import base

from wasmstate import models
from wasmstate.binary.module import Module
from wasmstate.errors import SchemaError
from wasmstate.models.kept import Kept

Row = Mapping[Any, Any]


class _WasmModel:
    """Makes the model when the features are known."""

    def __init__(
        self,
        model: str,
        options: Mapping[str, float] | None,
        seed: int | None,
        path: str | os.PathLike[str] | None,
    ) -> None:
        self.model = model
        self.options = options
        self.seed = seed
        self.path = path
        self._kept: Kept | None = None

    @property
    def module(self) -> Module:
        """The model with what was learned: save it, and any runtime goes on with it.

        Raises:
            SchemaError: no row has given the features yet.
        """
        if self._kept is None:
            raise SchemaError("the first row makes the model, and there was none")
        return self._kept.module

    def _made(self, x: Row, labels: Sequence[Any] | None = None) -> Kept:
        if self._kept is None:
            names = [str(key) for key in x]
            family = models.describe(self.model)
            module = family.make(self.seed, self.options or {}, names, labels)
            self._kept = Kept(module, self.path)
        return self._kept


class WasmRegressor(_WasmModel, base.Regressor):
    """A regressor of River that is a WebAssembly module.

    Args:
        model: a family that learns numbers: ``linear``, ``rls``, ``ols``.
        options: of the family, such as ``{"lr": 0.005}``.
        seed: of a family with random numbers.
        path: of the file; ``None`` keeps the model in memory.
    """

    def __init__(
        self,
        model: str = "linear",
        options: Mapping[str, float] | None = None,
        seed: int | None = None,
        path: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(model, options, seed, path)

    def learn_one(self, x: Row, y: Any) -> None:
        """Learn a row.

        Raises:
            ArgumentError: its features are not those of the first row.
            CallError, CommitError: as :meth:`wasmstate.Session.update`.
        """
        self._made(x).session.update(_named(x), float(y))

    def predict_one(self, x: Row) -> float:
        """The number that the model expects. Raises as :meth:`learn_one`."""
        return float(self._made(x).session.predict(_named(x)))


class WasmClassifier(_WasmModel, base.Classifier):
    """A classifier of River that is a WebAssembly module.

    Args:
        labels: all that there can be.
        model: a family that learns labels: ``softmax_regression``, ``gaussian_nb``, ``mlp``, and
            for two labels ``logistic``, ``ftrl``.
        options, seed, path: as for :class:`WasmRegressor`.
    """

    def __init__(
        self,
        labels: Sequence[Any] = (False, True),
        model: str = "softmax_regression",
        options: Mapping[str, float] | None = None,
        seed: int | None = None,
        path: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(model, options, seed, path)
        self.labels = labels

    @property
    def _multiclass(self) -> bool:
        return any(option.name == "classes" for option in models.describe(self.model).options)

    def learn_one(self, x: Row, y: Any) -> None:
        """Learn a row. Raises as a regressor's."""
        self._made(x, self.labels).session.update(_named(x), y)

    def predict_proba_one(self, x: Row, **_: Any) -> dict[Any, float]:
        """The probability of each label. Raises as :meth:`learn_one`."""
        found = self._made(x, self.labels).probabilities(_named(x), self.labels)
        return dict(zip(self.labels, found.tolist(), strict=True))


class WasmAnomalyDetector(_WasmModel, base.AnomalyDetector):
    """An anomaly detector of River that is a WebAssembly module.

    Args:
        model: a family whose ``predict`` gives a score: ``half_space_trees``.
        options, seed, path: as for :class:`WasmRegressor`.
    """

    def __init__(
        self,
        model: str = "half_space_trees",
        options: Mapping[str, float] | None = None,
        seed: int | None = None,
        path: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(model, options, seed, path)

    def learn_one(self, x: Row) -> None:
        """Learn a row. Raises as a regressor's."""
        self._made(x).session.update(_named(x))

    def score_one(self, x: Row) -> float:
        """How unusual a row is, the larger the more. Raises as :meth:`learn_one`."""
        return float(self._made(x).session.predict(_named(x)))


def _named(x: Row) -> dict[str, Any]:
    return {str(key): value for key, value in x.items()}
