"""The features of a model by their names: frames and dicts in any order of their columns.

The metadata of a model may keep the names (docs/decisions/0009). What has names of its own, a frame
of pandas or polars, a Series, a dict, is then matched by them; a plain array goes by position.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from wasmstate.errors import ArgumentError
from wasmstate.escapes import listed
from wasmstate.state.signature import Param

KEY = "feature_names_in"
"""The key in the metadata."""


class FeatureNames:
    """The names of the features, in the order of the model.

    Args:
        names: no two of them alike.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)

    @classmethod
    def of(cls, metadata: Mapping[str, Any]) -> FeatureNames | None:
        """Those that the metadata keep."""
        names = metadata.get(KEY)
        if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
            return None
        return cls(names) if names and len(set(names)) == len(names) else None

    def are_of(self, param: Param) -> bool:
        """Whether they are the names of the elements of a parameter of one row."""
        return param.shape == (len(self.names),)

    def row(self, what: str, value: Any) -> Any:
        """The numbers of one row in the order of the model.

        Args:
            what: the argument, for errors.
            value: a dict, a Series, a frame of one row; anything else goes by position.

        Raises:
            ArgumentError: naming the features that are missing, and the names that are no features.
        """
        given = _names_of(value)
        if given is None:
            return value
        order = self._order(what, given)
        if not isinstance(value, Mapping) and not hasattr(value, "columns"):  # a Series
            return np.asarray(value)[order]
        row = [value[name] for name in self.names]
        if isinstance(value, Mapping):
            return row
        rows = np.column_stack([np.asarray(each) for each in row])
        if len(rows) != 1:
            raise ArgumentError(f"{what}: a frame of one row is needed, this one has {len(rows)}")
        return rows[0]

    def rows(self, what: str, value: Any) -> Any:
        """The numbers of many rows. Args and raises as :meth:`row`."""
        if isinstance(value, (list, tuple)) and any(_names_of(each) is not None for each in value):
            return [self.row(f"{what}, row {i}", each) for i, each in enumerate(value)]
        given = _names_of(value)
        if given is None:
            return value
        self._order(what, given)
        columns = [np.asarray(value[name]) for name in self.names]
        if len({column.shape for column in columns}) > 1 or columns[0].ndim != 1:
            raise ArgumentError(f"{what}: the columns are not of one length")
        return np.column_stack(columns)

    def _order(self, what: str, given: Sequence[Any]) -> list[int]:
        missing = [name for name in self.names if name not in given]
        unexpected = [str(name) for name in given if name not in self.names]
        twice = [str(name) for name in dict.fromkeys(given) if given.count(name) > 1]
        reasons = [
            f"{text} {listed(names)}"
            for text, names in (
                ("missing:", missing),
                ("unexpected:", unexpected),
                ("more than once:", twice),
            )
            if names
        ]
        if reasons:
            raise ArgumentError(
                f"{what}: the names are not those of the model's features: {'; '.join(reasons)}. "
                "Give columns of these names, or a plain array, which goes by position"
            )
        return [given.index(name) for name in self.names]


def _names_of(value: Any) -> list[Any] | None:
    """The names that a value has of its own; ``None`` if it has none, or numbers alone."""
    if isinstance(value, Mapping):
        return list(value)
    if isinstance(value, (np.ndarray, list, tuple)):
        return None
    names = getattr(value, "columns", None)
    if names is None:
        names = getattr(value, "index", None)  # of a Series; of a sequence it is a method
    if names is None or callable(names):
        return None
    found = list(names)
    return found if any(isinstance(each, str) for each in found) else None
