"""The features of a model by their names: frames and dicts in any order of their columns.

The metadata of a model may keep the names (docs/decisions/0014). What has names of its own, a frame
of pandas, polars or Arrow, a Series, a dict, a named tuple, is then matched by them; a plain array
goes by position.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import ArgumentError, SchemaError
from wasmstate.escapes import listed
from wasmstate.state.metadata_keys import FEATURES_KEY
from wasmstate.state.signature import Param
from wasmstate.state.tensor import check_unmasked


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
        names = metadata.get(FEATURES_KEY)
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
            value: a dict, a Series, a named tuple, a frame of one row; anything else goes by
                position.

        Raises:
            ArgumentError: naming the features that are missing, and the names that are no features.
        """
        given = names_of(value)
        if given is None:
            return value
        order = self._order(what, given)
        if isinstance(value, Mapping):
            return [value[name] for name in self.names]
        if isinstance(value, tuple):
            return [value[at] for at in order]
        if not hasattr(value, "columns") and not hasattr(value, "__dataframe__"):  # a Series
            return np.asarray(value)[order]
        rows = table_of(what, value, self.names)
        if len(rows) != 1:
            raise ArgumentError(f"{what}: a frame of one row is needed, this one has {len(rows)}")
        return rows[0]

    def rows(self, what: str, value: Any) -> Any:
        """The numbers of many rows. Args and raises as :meth:`row`."""
        if isinstance(value, (list, tuple)) and any(names_of(each) is not None for each in value):
            return [self.row(f"{what}, row {i}", each) for i, each in enumerate(value)]
        given = names_of(value)
        if given is None:
            return value
        self._order(what, given)
        return table_of(what, value, self.names)

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


def names_of(value: Any) -> list[Any] | None:
    """The names that a value has of its own; ``None`` if it has none, or numbers alone."""
    if isinstance(value, Mapping):
        return list(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):  # a row of itertuples()
        return list(value._fields)
    if isinstance(value, (np.ndarray, list, tuple)):
        return None
    for attribute in ("column_names", "columns", "index"):
        # Arrow's columns are columns and not names; the index is a Series', of a sequence a method.
        names = getattr(value, attribute, None)
        if names is not None and not callable(names):
            break
    else:
        if not hasattr(value, "__dataframe__"):
            return None
        names = value.__dataframe__().column_names()
    found = list(names)
    return found if any(isinstance(each, str) for each in found) else None


def table_of(what: str, table: Any, names: Sequence[str]) -> NDArray[Any]:
    """The columns of these names, side by side.

    Raises:
        ArgumentError: naming the column that holds no numbers.
    """
    columns = [_column(f"{what}, column {name!r}", table[name]) for name in names]
    if len({len(column) for column in columns}) > 1:
        raise ArgumentError(f"{what}: the columns are not of one length")
    if len({column.dtype for column in columns}) > 1:  # floats would lose digits of integers
        columns = [column.astype(object) for column in columns]
    return np.stack(columns, axis=-1)


def _column(what: str, values: Any) -> NDArray[Any]:
    try:
        check_unmasked(what, values)
        column = np.asarray(values)
    except SchemaError as error:
        raise ArgumentError(str(error)) from error
    except (ValueError, TypeError, OverflowError) as error:
        raise ArgumentError(f"{what}: {error}") from error
    if column.ndim != 1 or column.dtype.kind not in "biufO":
        raise ArgumentError(f"{what} holds no numbers, but {column.dtype}{list(column.shape[1:])}")
    return column
