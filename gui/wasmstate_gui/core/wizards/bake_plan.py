"""Baking and its undoing: what would change, before it does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import wasmstate
from wasmstate.binary.module import Module
from wasmstate.binary.sections import CUSTOM_ID
from wasmstate.binary.sections.data import Data
from wasmstate.binary.spaces import Spaces
from wasmstate.state.change.bake import unbake
from wasmstate_gui.core.texts import counted
from wasmstate_gui.core.wizards.file_plan import FilePlan
from wasmstate_gui.core.wizards.plan import Say, Verdict, silently

_BYTES, _LINES = 12, 200
_NOTHING = "\u2013"

Line = tuple[str, str, str]


@dataclass(frozen=True)
class BakingPlan(FilePlan):
    """A file with a state, and the same file baked; or the other way round.

    Attributes:
        is_undo: whether baking is undone.
    """

    is_undo: bool = False

    @cached_property
    def after(self) -> Module:
        """The file that would be written. Raises as :func:`~wasmstate.session.bake.bake`."""
        return unbake(self.module) if self.is_undo else wasmstate.bake(self.module)

    def offer(self, *, say: Say = silently) -> None:
        """Nothing can be chosen."""

    def judge(self, choice: None, *, say: Say = silently) -> Verdict:
        """What would change."""
        say("Trying what would change")
        lines = changes(self.module, self.after)
        text = f"File: {self.growth(self.after)}. Code and S stay as they are."
        return Verdict(text if lines else "Nothing changes.", lines=tuple(lines))

    def make(self, choice: None, *, say: Say = silently) -> Module:
        """The module."""
        return self.after


def changes(before: Module, after: Module) -> list[Line]:
    """What differs, now and then: globals, memories, data segments, sections."""
    one, two = Spaces(before), Spaces(after)
    lines = [*_globals(one, two), *_memories(one, two), *_data(one, two)]
    if len(lines) > _LINES:
        lines[_LINES:] = [(f"and {len(lines) - _LINES:,} more", "", "")]
    return [*lines, *_sections(before, after)]


def _globals(before: Spaces, after: Spaces) -> list[Line]:
    names = {e.index: name for name, e in before.exports.items() if e.kind == "global"}
    return [
        (names.get(index, f"global {index}"), _value(one.value), _value(two.value))
        for index, (one, two) in enumerate(zip(before.globals, after.globals, strict=True))
        if one.value != two.value
    ]


def _value(value: int | bytes | None) -> str:
    if isinstance(value, bytes):
        return value.hex(" ").upper()
    return _NOTHING if value is None else f"{value:,}"


def _memories(before: Spaces, after: Spaces) -> list[Line]:
    return [
        (f"memory {index}", counted(one.limits.min, "page"), counted(two.limits.min, "page"))
        for index, (one, two) in enumerate(zip(before.memories, after.memories, strict=True))
        if one.limits.min != two.limits.min
    ]


def _data(before: Spaces, after: Spaces) -> list[Line]:
    shared = min(len(before.data), len(after.data))
    lines = [
        (f"data segment {index}", _segment(one, before), _segment(two, after))
        for index, (one, two) in enumerate(zip(before.data, after.data, strict=False))
        if one != two
    ]
    for index, each in enumerate(before.data[shared:], shared):
        lines.append((f"data segment {index}", _segment(each, before), _NOTHING))
    for index, each in enumerate(after.data[shared:], shared):
        lines.append((f"data segment {index}", _NOTHING, _segment(each, after)))
    return lines


def _segment(segment: Data, spaces: Spaces) -> str:
    start = None
    if segment.offset is not None:
        start = segment.offset.evaluate([each.value for each in spaces.globals])
    at = f" at 0x{start % (1 << 64):X}" if isinstance(start, int) else ""
    shown = segment.init[:_BYTES].hex(" ").upper()
    more = " \u2026" if len(segment.init) > _BYTES else ""
    return f"{counted(len(segment.init), 'byte')}{at}: {shown}{more}"


def _sections(before: Module, after: Module) -> list[Line]:
    one = {(s.id, s.name): len(s.content) for s in before.sections}
    two = {(s.id, s.name): len(s.content) for s in after.sections}
    return [
        (f"{key[1]} section", _size(one.get(key)), _size(two.get(key)))
        for key in sorted({*one, *two}, key=lambda key: (key[0] == CUSTOM_ID, key))
        if one.get(key) != two.get(key)
    ]


def _size(size: int | None) -> str:
    return _NOTHING if size is None else counted(size, "byte")
