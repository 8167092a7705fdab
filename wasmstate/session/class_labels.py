"""The classes of a model by their own labels: 1, 2, 3 or "no", "yes" instead of 0, 1, 2.

A kernel numbers its classes from 0. The metadata of a model may keep the labels in that order
(docs/decisions/0014); then calls take and give labels, and no indices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import ArgumentError
from wasmstate.escapes import listed
from wasmstate.session.numerals import parse_number
from wasmstate.state.metadata_keys import CLASSES_KEY
from wasmstate.state.signature import Param

PARAM = "label"
"""The parameter that is a class."""


class ClassLabels:
    """The labels, in the order of the classes.

    Args:
        labels: numbers, truth values or texts, no two of them equal.
    """

    def __init__(self, labels: Sequence[Any]) -> None:
        self.labels = [_plain(label) for label in labels]
        self._indices = {label: index for index, label in enumerate(self.labels)}

    @classmethod
    def of(cls, metadata: Mapping[str, Any]) -> ClassLabels | None:
        """Those that the metadata keep; ``None`` if there are none but the indices themselves."""
        labels = metadata.get(CLASSES_KEY)
        if not isinstance(labels, list) or labels == list(range(len(labels))):
            return None
        if not all(isinstance(label, (int, float, str)) for label in labels):
            return None
        found = cls(labels)
        return found if len(found._indices) == len(labels) else None

    def index(self, what: str, label: Any) -> int:
        """The index of a label: ``1``, ``1.0`` and NumPy's are one label.

        Args:
            what: the argument, for errors.
            label: of a class.

        Raises:
            ArgumentError: it is no label of a class.
        """
        plain = _plain(label)
        try:
            return self._indices[plain]
        except (KeyError, TypeError):
            raise ArgumentError(f"{what}: {plain!r} is not a class; {self._known}") from None

    def indices(self, what: str, labels: Any) -> NDArray[np.int64]:
        """The index of each label of a column. Raises as :meth:`index`, naming the row."""
        if not isinstance(labels, (list, tuple)):  # NumPy would make texts of a mixed list
            column = np.asarray(labels)
            if column.ndim == 2 and column.shape[1] == 1:
                column = column[:, 0]
            if column.ndim != 1:
                raise ArgumentError(f"{what}: one label a row is needed, not {list(column.shape)}")
            labels = column.tolist()
        found = [self.index(f"{what}, row {i}", each) for i, each in enumerate(labels)]
        return np.array(found, np.int64)

    def parse(self, text: str) -> Any:
        """The label that a text stands for. Raises ArgumentError."""
        stripped = text.strip()
        if stripped in self._indices:
            return stripped
        for label in self.labels:
            if isinstance(label, bool) and stripped.lower() == str(label).lower():
                return label
        try:
            number = _plain(parse_number(stripped))
        except ArgumentError:
            number = None
        if number is None or number not in self._indices:
            raise ArgumentError(f"{stripped!r} is not a class; {self._known}")
        return self.labels[self._indices[number]]

    def read(self, cell: Any) -> Any:
        """The label of a cell of a table, a text or a number. Raises ArgumentError."""
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            raise ArgumentError("the value is empty")
        if isinstance(cell, str):
            return self.parse(cell)
        return self.labels[self.index("the cell", cell)]

    def label(self, index: int) -> Any:
        """The label of an index that a kernel gave."""
        return self.labels[index] if 0 <= index < len(self.labels) else index

    @property
    def _known(self) -> str:
        return f"the classes are {listed([repr(label) for label in self.labels])}"


def position(params: Sequence[Param]) -> int | None:
    """Which of the parameters is a class; ``None`` if there is none."""
    for i, param in enumerate(params):
        if param.name == PARAM and param.dtype.startswith(("i", "u")):
            return i
    return None


def _plain(label: Any) -> Any:
    if isinstance(label, (np.generic, np.ndarray)) and not label.ndim:
        label = label.item()
    return int(label) if isinstance(label, float) and label.is_integer() else label
