"""The branches of a timeline as lines: which steps each has, and where it goes off."""

from __future__ import annotations

from dataclasses import dataclass

from wasmstate_gui.core.timeline.timeline import Timeline

MOST_BRANCHES = 6


@dataclass(frozen=True, slots=True)
class Branch:
    """Steps beside those of the shown branch.

    Attributes:
        fork: the position of the step from which it goes off.
        end: the position of its last step.
        row: the row of the branch that it goes off from; 0 is the shown one, others follow.
        step: the id of its first step.
    """

    fork: int
    end: int
    row: int
    step: int


def branches(timeline: Timeline) -> tuple[Branch, ...]:
    """The branches beside the shown one, nearest first, at most :data:`MOST_BRANCHES`."""
    found: list[Branch] = []
    waiting = [(fork, id, 0) for fork in timeline.forks() for id in timeline.others(fork)]
    while waiting and len(found) < MOST_BRANCHES:
        fork, first, row = waiting.pop(0)
        steps = timeline.line_from(first)
        position = timeline.position_of
        found.append(Branch(position(fork), position(steps[-1]), row, first))
        here = len(found)
        waiting += [(id, each, here) for id in steps for each in timeline.others(id)]
    return tuple(found)
