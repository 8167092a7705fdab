"""What the timeline panel shows: lines along the steps, marks, and what the shown step was."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wasmstate.errors import SchemaError
from wasmstate.state.compare.diff import changed_cells as changed
from wasmstate.state.state import State
from wasmstate_gui.core.calls.call_form import value_text
from wasmstate_gui.core.texts import counted
from wasmstate_gui.core.timeline.branches import Branch, branches
from wasmstate_gui.core.timeline.timeline import Timeline

MOST_LINES = 6
_MOST_COMPARED = 1 << 20  # bytes of S that are compared in a turn of the window
STEP_SIZE = "\u2016\u0394S\u2016"


@dataclass(frozen=True, slots=True)
class Line:
    """A plotted quantity: a value for each step of the branch.

    Attributes:
        colour: which one of the theme's; the line keeps it as long as it is plotted.
    """

    name: str
    values: Sequence[float]
    colour: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """Something about a step: ``disk``, ``external``, ``drift``, ``trouble`` or ``fork``."""

    position: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class HistoryView:
    """The panel's contents.

    Attributes:
        count: of steps on the branch.
        first: the number of its first step; not 0 once the oldest steps were left out.
        position: of the shown step.
        caption: what that step was.
        s1: the position of the step that is compared with, if one was chosen on this branch.
        s1_text: which it is; empty if none was chosen.
        branches: beside the shown one.
    """

    count: int
    first: int
    position: int
    caption: str
    lines: tuple[Line, ...]
    marks: tuple[Mark, ...]
    s1: int | None = None
    s1_text: str = ""
    branches: tuple[Branch, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """An element that is plotted: ``theta[0]``, at an offset of the regions taken together."""

    name: str
    offset: int
    dtype: str


def cell_of(state: State, tensor_name: str, index: int) -> Cell:
    """The cell of a tensor, by its place among the tensor's elements."""
    tensor = state.tensor(tensor_name)
    values = state[tensor_name]
    start = sum(region.size for region in state.regions[: tensor.region])
    offset = start + tensor.offset + index * values.itemsize
    if not tensor.shape:
        return Cell(tensor.name, offset, values.dtype.name)
    place = []
    for size in reversed(tensor.shape):
        index, here = divmod(index, size)
        place.append(str(here))
    return Cell(f"{tensor.name}[{','.join(reversed(place))}]", offset, values.dtype.name)


def first_cells(state: State) -> list[Cell]:
    """What is plotted at first: the first elements of the first floating-point tensor.

    Numbers that stand alone are plotted if there are no arrays: most are set, not learned.
    """
    floats = [tensor for tensor in state.tensors if tensor.dtype.startswith("f")]
    for tensor in sorted(floats, key=lambda each: not each.shape):
        return [cell_of(state, tensor.name, i) for i in range(min(2, state[tensor.name].size))]
    return []


def changed_cells(before: State, after: State) -> list[Cell]:
    """The first elements that differ, at most two: floating-point ones if there are any."""
    tensors = sorted(after.tensors, key=lambda each: (each.dtype[0] != "f", not each.shape))
    found: list[Cell] = []
    for tensor in tensors:
        if found and found[0].dtype[0] == "f" and tensor.dtype[0] != "f":
            break
        different = changed(before[tensor.name], after[tensor.name])
        found += [cell_of(after, tensor.name, int(i)) for i in np.flatnonzero(different)[:2]]
    return found[:2]


class Plots:
    """The cells that are plotted, and their values along the branch.

    Args:
        cells: the ones that are plotted at first.
        state: if given, the first cells that change take the place of those that do not, until the
            user plots others.
    """

    def __init__(self, cells: Sequence[Cell] = (), state: State | None = None) -> None:
        self._colours = {cell: colour for colour, cell in enumerate(cells)}
        self._state = state
        self._sizes = array("d")
        self._path: list[int] | None = None
        self._branches: tuple[Branch, ...] = ()

    @property
    def cells(self) -> list[Cell]:
        """The cells that are plotted."""
        return list(self._colours)

    def toggle(self, cell: Cell) -> bool:
        """Plot a cell, or no longer; whether there was room for it."""
        self._state = None
        if cell in self._colours:
            del self._colours[cell]
            return True
        free = set(range(MOST_LINES - 1)) - set(self._colours.values())
        if free:
            self._colours[cell] = min(free)
        return bool(free)

    def lines(self, timeline: Timeline) -> tuple[Line, ...]:
        """All lines; only what is new since the last time is worked out."""
        if self._state is not None and len(timeline.path) > 1:
            self._choose(self._state, timeline)
        if timeline.path is not self._path:
            self._path = timeline.path
            self._branches = branches(timeline)
            self._sizes = array("d")
        new = (timeline.event(id).size or 0.0 for id in timeline.path[len(self._sizes) :])
        # Another array: the window may be painting the one that was shown last.
        self._sizes = self._sizes + array("d", new)
        found = timeline.series((cell.offset, cell.dtype) for cell in self._colours)
        cells = [
            Line(cell.name, values, colour)
            for (cell, colour), values in zip(self._colours.items(), found, strict=True)
        ]
        return (*cells, Line(STEP_SIZE, self._sizes, MOST_LINES - 1))

    @property
    def branches(self) -> tuple[Branch, ...]:
        """Those beside the one of the lines; they grow no more."""
        return self._branches

    def _choose(self, state: State, timeline: Timeline) -> None:
        """Plot what changes, once something has."""
        if sum(region.size for region in state.regions) > _MOST_COMPARED:
            return
        try:
            first, last = (
                state.with_contents(timeline.contents(timeline.path[i])) for i in (0, -1)
            )
        except SchemaError:  # a memory has grown, or is another one
            return
        found = changed_cells(first, last)
        if found:
            self._colours = {cell: colour for colour, cell in enumerate(found)}
            self._state = None


def history_view(timeline: Timeline, plots: Plots) -> HistoryView:
    """What is to be shown of a timeline."""
    first, lines = timeline.number(timeline.path[0]), plots.lines(timeline)
    return HistoryView(
        len(timeline.path),
        first,
        timeline.position,
        _caption(timeline),
        lines,
        tuple(_marks(timeline)),
        *_compared(timeline),
        plots.branches,
    )


def mark_from(view: HistoryView, by: int) -> int | None:
    """The position of the next (1) or last (-1) step with a mark, seen from the shown one."""
    places = {mark.position for mark in view.marks}
    ahead = [place for place in places if (place - view.position) * by > 0]
    return min(ahead, key=lambda place: abs(place - view.position), default=None)


def _compared(timeline: Timeline) -> tuple[int | None, str]:
    s1 = timeline.s1
    if s1 is None:
        return None, ""
    position = timeline.position_of(s1) if timeline.is_on_path(s1) else None
    return position, f"S1: {timeline.number(s1):,}"


def _caption(timeline: Timeline) -> str:
    here = timeline.here
    event = timeline.event(here)
    value = "" if event.value is None else f" \u2192 {value_text(event.value)}"
    parts = [f"{event.text}{value}"]
    if event.kind != "opened":
        changed = timeline.changed_bytes(here)
        parts.append(f"{counted(changed, 'byte')} changed" if changed else "S unchanged")
    parts.append("on disk" if timeline.on_disk == here else "not on disk")
    branches = timeline.branches(here)
    if len(branches) > 1:
        parts.append(f"branch {branches.index(here) + 1} of {len(branches)}")
    # First what is rare: arguments may be long, and what is behind them cut off.
    return " \u00b7 ".join(filter(None, (event.drift, *parts, timeline.trouble(here))))


def _marks(timeline: Timeline) -> list[Mark]:
    marks = [Mark(timeline.position_of(id), "fork", "branches go off") for id in timeline.forks()]
    for id in timeline.notable:
        if not timeline.is_on_path(id):
            continue
        position = timeline.position_of(id)
        event = timeline.event(id)
        if event.kind == "external":
            marks.append(Mark(position, "external", event.text))
        if event.drift:
            marks.append(Mark(position, "drift", event.drift))
        if timeline.trouble(id):
            marks.append(Mark(position, "trouble", timeline.trouble(id)))
    if timeline.on_disk is not None and timeline.is_on_path(timeline.on_disk):
        marks.append(Mark(timeline.position_of(timeline.on_disk), "disk", "this is on disk"))
    return marks
