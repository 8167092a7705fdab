"""Names of the indices of an axis: what element 2 of the weights means, in old code and in new.

Two tensors of one type and shape hold different things if the features stand in another order. No
schema says which axis of a tensor goes over the features, so a tensor with axes is suspect as soon
as names differ, and its user decides: move its values by name, or take them as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.escapes import listed
from wasmstate.state.metadata_keys import CLASSES_KEY, FEATURES_KEY
from wasmstate.state.state import State
from wasmstate.state.tensor import Tensor


@dataclass(frozen=True, slots=True)
class AxisNames:
    """Names that differ between old code and new.

    Attributes:
        what: ``features`` or ``classes``.
        old: in the order of the indices; empty where the metadata keep none.
        new: likewise.
    """

    what: str
    old: tuple[Any, ...]
    new: tuple[Any, ...]

    @property
    def contradict(self) -> bool:
        """True if an index may mean another thing now; names given for the first time do not."""
        return bool(self.old)

    def __str__(self) -> str:
        old, new = (listed(list(map(str, each))) or "not named" for each in (self.old, self.new))
        return f"the {self.what} were {old}, now {new}"


def differing_names(old: State, new: State) -> list[AxisNames]:
    """The names of features and the labels of classes, where the two states differ in them."""
    found = []
    for what, key in (("features", FEATURES_KEY), ("classes", CLASSES_KEY)):
        before, after = (_names(each.schema.metadata.get(key)) for each in (old, new))
        if before != after:
            found.append(AxisNames(what, before, after))
    return found


def problems_of_moving(old: Tensor, new: Tensor, names: Sequence[AxisNames]) -> Iterator[str]:
    """Why the values of a tensor cannot be moved by name; nothing if they can."""
    if len(old.shape) != len(new.shape):
        yield "it has another number of axes: its values cannot be moved by name"
        return
    moved = 0
    for axis, sizes in enumerate(zip(old.shape, new.shape, strict=True)):
        fitting = _fitting(sizes, names)
        moved += len(fitting)
        if len(fitting) > 1:
            yield f"axis {axis} may be that of the features or of the classes"
        elif not fitting and sizes[0] != sizes[1]:
            yield f"axis {axis} had {sizes[0]} elements, now {sizes[1]}, and none of the names"
        for each in fitting:
            lost = [str(name) for name in each.old if name not in each.new]
            if lost:
                yield f"the values of {listed(lost)} would be lost"
    if not moved:
        yield "no axis is as long as the names"


def move(values: NDArray[Any], initial: NDArray[Any], names: Sequence[AxisNames]) -> NDArray[Any]:
    """The values at the indices that their names have now; elsewhere the initial ones."""
    moved, targets = initial.copy(), []
    for sizes in zip(values.shape, initial.shape, strict=True):
        fitting = _fitting(sizes, names)
        order = [fitting[0].new.index(name) for name in fitting[0].old] if fitting else None
        targets.append(range(sizes[0]) if order is None else order)
    moved[np.ix_(*targets)] = values
    return moved


def _fitting(sizes: tuple[int, int], names: Sequence[AxisNames]) -> list[AxisNames]:
    return [each for each in names if (len(each.old), len(each.new)) == sizes]


def _names(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list) else ()
