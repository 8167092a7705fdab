"""Cells along the steps of a branch.

Their values are noted while the steps are made: to find them out afterwards, each delta has to be
unpacked once more.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from wasmstate_gui.core.document.delta import decode_delta

CellPlace = tuple[int, str]
"""The offset of a cell in the regions one after the other, and NumPy's name of its type."""


class Tracks:
    """The values of some cells after each step of a path, as far as they are known."""

    def __init__(self) -> None:
        self._values: dict[CellPlace, array[float]] = {}

    def note(self, position: int, contents: NDArray[np.uint8]) -> None:
        """The step at this position of the path led to this state."""
        for place, values in self._values.items():
            if len(values) == position:
                values.append(_number(place, contents))

    def cut(self, start: int, end: int) -> None:
        """Only these of the steps are still on the path; others may follow them."""
        for values in self._values.values():
            del values[end:]
            del values[:start]

    def along(
        self,
        places: Iterable[CellPlace],
        path: Sequence[int],
        state_at: Callable[[int], bytes],
        delta_of: Callable[[int], bytes],
    ) -> list[array[float]]:
        """The values of these cells, which alone are noted from now on.

        Args:
            places: the cells.
            path: the ids of all steps.
            state_at: gives the state after a step.
            delta_of: gives what a step changed.
        """
        places = list(places)
        self._values = {place: self._values.get(place, array("d")) for place in places}
        for place, values in self._values.items():
            known = len(values)
            if known < len(path):
                first = np.frombuffer(state_at(path[max(known - 1, 0)]), np.uint8)
                deltas = (delta_of(id) for id in path[max(known, 1) :])
                found = _follow(place, first, deltas)
                if known:
                    next(found)
                values.extend(found)
        # Others: the window may be painting them when the next step is noted.
        return [self._values[place][:] for place in places]


def _follow(
    place: CellPlace, contents: NDArray[np.uint8], deltas: Iterable[bytes]
) -> Iterator[float]:
    """A cell's value in a state, and after each of the changes that follow."""
    offset, dtype = place
    size = np.dtype(dtype).itemsize
    cell = np.zeros(size, np.uint8)
    known = contents[offset : offset + size]
    cell[: len(known)] = known
    yield _number((0, dtype), cell)
    for delta in deltas:
        if delta:
            cell ^= decode_delta(delta).between(offset, offset + size)
        yield _number((0, dtype), cell)


def _number(place: CellPlace, contents: NDArray[np.uint8]) -> float:
    offset, dtype = place
    kind = np.dtype(dtype).newbyteorder("<")
    cell = contents[offset : offset + kind.itemsize].tobytes().ljust(kind.itemsize, b"\0")
    return float(np.frombuffer(cell, kind)[0])
