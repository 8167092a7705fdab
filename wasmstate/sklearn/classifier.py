"""Labels, learned from rows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from wasmstate import models
from wasmstate.models.kept import Kept
from wasmstate.session.session import Session
from wasmstate.sklearn.estimator import WasmEstimator

Array = NDArray[Any]


class WasmClassifier(ClassifierMixin, WasmEstimator):
    """A classifier that is a WebAssembly module.

    Args:
        model: a family that learns labels: ``softmax_regression``, ``gaussian_nb``, ``mlp``,
            ``multinomial_nb``, and for two classes ``logistic`` or ``ftrl``.
        options: of the family, such as ``{"lr": 0.1}``.
        passes: how often ``fit`` learns all rows.
        random_state: gives the seed of a family with random numbers.
        path: of the file that has the model; ``None`` keeps it in memory. A file that is there is
            a fitted estimator. Clones share it, so give none where estimators are cloned.

    Attributes:
        classes_: sorted.
        module_: the model.
    """

    def __init__(
        self,
        model: str = "softmax_regression",
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
        """Learn the rows as a new model.

        Args:
            x: ``(rows, features)``.
            y: a label for each row.

        Raises:
            ValueError: the rows or labels are not what the model takes.
            SchemaError: an option is invalid, or the file has another model.
            CallError, CommitError: as :meth:`wasmstate.Session.update_many`.
        """
        rows, y = self._rows_and_targets(x, y, restart=True)
        check_classification_targets(y)
        session = self._start(np.unique(y), restart=True)
        for _ in range(self.passes):
            session.update_many(rows, y)
        return self

    def partial_fit(self, x: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None) -> Self:
        """Learn further rows once.

        Args:
            x: ``(rows, features)``.
            y: a label for each row.
            classes: all labels there can be; the first call needs them.

        Raises: as :meth:`fit`.
        """
        is_first = not self.__sklearn_is_fitted__()
        if is_first and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        rows, y = self._rows_and_targets(x, y, restart=False)
        check_classification_targets(y)
        session = self._start(np.unique(np.asarray(classes)) if is_first else None, restart=False)
        if classes is not None and not np.array_equal(
            np.unique(np.asarray(classes)), self.classes_
        ):
            raise ValueError(f"`classes={classes!r}` is not the same as {self.classes_!r}")
        strange = np.setdiff1d(y, self.classes_)
        if strange.size:
            raise ValueError(f"y has labels that are no classes: {strange.tolist()}")
        session.update_many(rows, y)
        return self

    def predict(self, x: ArrayLike) -> Array:
        """The class of each row."""
        best = self.predict_proba(x).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def predict_proba(self, x: ArrayLike) -> Array:
        """The probability of each class, ``(rows, classes)``, by the kernel."""
        rows = self._rows(x, reset=False)
        kept, labels = self._fitted(), self.classes_.tolist()
        return np.array([kept.probabilities(row, labels) for row in rows])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = self._has_sizes("classes")
        return tags

    def _keep(self, kept: Kept) -> None:
        super()._keep(kept)
        self.classes_ = np.array(kept.session.state.metadata["classes"])

    def _has_sizes(self, name: str) -> bool:
        return any(option.name == name for option in models.describe(self.model).options)

    def _start(self, classes: Array | None, *, restart: bool) -> Session:
        if classes is None:
            return self._fitted().session
        if classes.size < 2:
            raise ValueError(f"{self.model} needs two classes; the number of classes is 1 class")
        if classes.size > 2 and not self._has_sizes("classes"):
            raise ValueError(
                "Only binary classification is supported. The type of the target is multiclass."
            )
        session = self._begin(restart=restart, labels=classes, features=self.n_features_in_)
        self.classes_ = classes
        return session
