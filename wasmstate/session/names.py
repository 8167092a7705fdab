"""Calls by the names that the metadata of a model keep: of its features and of its classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from wasmstate.session import class_labels
from wasmstate.session.class_labels import ClassLabels
from wasmstate.session.feature_names import FeatureNames
from wasmstate.state.signature import Param


class Names:
    """What stands between a caller and the functions of a model.

    Args:
        metadata: of the state.

    Attributes:
        features: ``None`` if they have no names.
        classes: ``None`` if their labels are their indices.
        known: whether there are any; each call looks, so it is not a property.
    """

    def __init__(self, metadata: Mapping[str, Any]) -> None:
        self.features = FeatureNames.of(metadata)
        self.classes = ClassLabels.of(metadata)
        self.known = self.features is not None or self.classes is not None

    def is_features(self, param: Param) -> bool:
        """Whether a parameter of one row takes the features."""
        return self.features is not None and self.features.are_of(param)

    def class_position(self, params: Sequence[Param]) -> int | None:
        """Which of the parameters is given as a label."""
        return None if self.classes is None else class_labels.position(params)

    def arguments(self, name: str, params: Sequence[Param], args: Sequence[Any]) -> Sequence[Any]:
        """The arguments of one call, as the function takes them.

        Raises:
            ArgumentError: a name or a label that the model does not know.
        """
        return self._each(name, params, args, FeatureNames.row, ClassLabels.index)

    def columns(self, name: str, params: Sequence[Param], arrays: Sequence[Any]) -> Sequence[Any]:
        """The arrays of many rows, as the function takes them. Raises as :meth:`arguments`.

        Args:
            name: of the function.
            params: of one row.
            arrays: one for each parameter.
        """
        return self._each(name, params, arrays, FeatureNames.rows, ClassLabels.indices)

    def result(self, value: Any, params: Sequence[Param] | None) -> Any:
        """What ``predict`` gave: the label of a class that is an integer.

        Args:
            value: a number, or an array of them.
            params: of ``update``, which say whether the model learns classes; ``None`` for a model
                that does not learn, whose integers are classes if it keeps labels.
        """
        learns_no_class = params is not None and class_labels.position(params) is None
        if self.classes is None or learns_no_class:
            return value
        if isinstance(value, np.ndarray) and value.dtype.kind in "iu":
            return np.array([self.classes.label(index) for index in value.tolist()])
        return self.classes.label(value) if type(value) is int else value

    def _each(
        self,
        name: str,
        params: Sequence[Param],
        values: Sequence[Any],
        by_name: Callable[[FeatureNames, str, Any], Any],
        by_label: Callable[[ClassLabels, str, Any], Any],
    ) -> Sequence[Any]:
        if len(values) != len(params):
            return values  # the function says what it takes
        at = self.class_position(params)
        found = []
        for i, (param, value) in enumerate(zip(params, values, strict=True)):
            what = f"{name}, argument {param.name}"
            if self.features is not None and self.is_features(param):
                found.append(by_name(self.features, what, value))
            elif self.classes is not None and i == at:
                found.append(by_label(self.classes, what, value))
            else:
                found.append(value)
        return found
