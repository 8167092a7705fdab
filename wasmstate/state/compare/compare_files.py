"""Two files, or two generations in one: how they are related and what differs."""

from __future__ import annotations

from dataclasses import dataclass

from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.errors import StateError
from wasmstate.html_table import html_table
from wasmstate.state.compare.byte_diff import (
    ByteRange,
    SectionDiff,
    byte_ranges,
    section_diffs,
)
from wasmstate.state.compare.diff import LIMIT, CellChange, TensorDiff, diff_states
from wasmstate.state.compare.history import history
from wasmstate.state.compare.relation import Relation, ancestry, relate
from wasmstate.state.older import STATE_SECTION
from wasmstate.state.state import State


@dataclass(frozen=True)
class Diff:
    """What is different about a second state and the file that it stands in.

    Attributes:
        before: the first state.
        after: the second.
        relation: of the two.
        tensors: those that differ.
        ranges: of the bytes that differ, in the second file's state section; ``None`` if the two
            records are not laid out alike.
        sections: other than state and history, that differ.
    """

    before: State
    after: State
    relation: Relation
    tensors: tuple[TensorDiff, ...]
    ranges: tuple[ByteRange, ...] | None
    sections: tuple[SectionDiff, ...]

    @property
    def is_empty(self) -> bool:
        """Whether all values and all other sections are the same."""
        return not self.tensors and not self.sections

    def _repr_html_(self) -> str:
        """The tensors that differ as a table, for a notebook."""
        rows = [
            (each.name, each.kind, f"{each.count:,} of {each.size:,}", _largest(each.largest))
            for each in self.tensors
        ]
        head = ("tensor", "is", "cells that differ", "largest relative change")
        return html_table(str(self.relation), head, rows)


def _largest(change: CellChange | None) -> str:
    if change is None:
        return ""
    return f"{list(change.index)}: {change.before!r} to {change.after!r} ({change.relative:.3g})"


def diff(
    a: ModuleLike,
    b: ModuleLike | None = None,
    *,
    limit: int = LIMIT,
) -> Diff:
    """What is different about the state in ``b``, and about the file around it.

    Args:
        a: a path, bytes or a Module.
        b: another; if not given, the newest generation in the history of ``a`` is compared with
            the state that holds.
        limit: how many cells of each tensor are told; all of them are counted.

    Raises:
        StateError: if one of them carries no readable state, or no readable history if there is
            one file.
        MalformedError, OSError: if one of them cannot be read.
    """
    first = as_module(a, "a")
    older_first, before = _states(first)
    second, after, older_second = first, before, older_first
    if b is not None:
        second = as_module(b, "b")
        older_second, after = _states(second)
    elif not older_first:
        raise StateError("the file keeps no older generation to compare with")
    else:
        before = older_first[-1]
    (section,) = second.custom_sections(STATE_SECTION)
    return Diff(
        before,
        after,
        relate(before, after, ancestry(before, older_first), ancestry(after, older_second)),
        tuple(diff_states(before, after, limit=limit)),
        byte_ranges(before, after, section.content_offset),
        tuple(section_diffs(first, second)) if second is not first else (),
    )


def _states(module: Module) -> tuple[list[State], State]:
    """The older states that can be read, and the one that holds."""
    current = State.of(module)
    return [each.state for each in history(module)[:-1] if each.state is not None], current
