"""Rewriting instructions: other bytes in the place of some, all others as they are.

The one pass over code that edits of instructions share. It knows nothing of what the bytes mean:
whoever calls it sees to it that the function stays valid. Indices do not change; positions in code
metadata follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from wasmstate.binary.module import Module
from wasmstate.binary.positions import (
    is_code_metadata,
    is_debug_info,
    moved_metadata,
    recoded,
    warn_stale,
)
from wasmstate.binary.sections.base import Section
from wasmstate.binary.sections.code import CodeSection, Func, Locals, locals_list
from wasmstate.binary.sections.custom import CustomSection
from wasmstate.binary.sections.import_ import ImportSection


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What becomes of one function.

    Attributes:
        replaced: bytes in the place of an instruction, by its offset in the file.
        prologue: bytes of instructions before the first one.
        locals: runs of locals behind those that are there.
    """

    replaced: Mapping[int, bytes] = field(default_factory=dict)
    prologue: bytes = b""
    locals: tuple[Locals, ...] = ()


def rewrite(module: Module, rewrites: Mapping[int, Rewrite], *, is_kept: bool = True) -> Module:
    """A copy of the module with other instructions.

    Args:
        module: a core module.
        rewrites: by the index of the function among those that the module defines.
        is_kept: whether the copy is written somewhere, so that stale debugging information is
            worth a warning.

    Raises:
        MalformedError: if the code cannot be decoded.
    """
    section = module.section(CodeSection)
    if section is None or not rewrites:
        return module
    first = imported_functions(module)
    positions: dict[int, Mapping[int, int]] = {}
    entries = list(section.entries)
    for index, each in enumerate(entries):
        change = rewrites.get(index)
        if change is None:
            positions[first + index] = _Same()
        else:
            entries[index], positions[first + index] = _rewritten(each, change)
    edited = section.with_entries(entries)

    def follow(each: Section) -> Section:
        if each is section:
            return edited
        if isinstance(each, CustomSection) and is_code_metadata(each):
            return recoded(each, lambda value: moved_metadata(value, positions))
        if is_kept and isinstance(each, CustomSection) and is_debug_info(each):
            warn_stale(each)
        return each

    return module.with_sections(map(follow, module.sections))


class _Same(dict[int, int]):
    """The positions of a function that stays as it is."""

    def __contains__(self, _: object) -> bool:
        return True

    def __missing__(self, position: int) -> int:
        return position


def imported_functions(module: Module) -> int:
    """How many functions the module imports: the index of the first that it defines."""
    section = module.section(ImportSection)
    return sum(isinstance(each.type, int) for each in section.entries) if section else 0


def _rewritten(func: Func, change: Rewrite) -> tuple[Func, dict[int, int]]:
    """The function, and where each of its instructions went, both from the start of its locals."""
    locals_ = func.locals()
    instructions = list(func.instructions())
    start = instructions[0][0] - func.offset if instructions else len(func.content) - 1
    head = func.content[:start]
    if change.locals:
        head = locals_list.encode((*locals_, *change.locals))
    pieces = [head + change.prologue]
    size, positions = len(pieces[0]), {}
    for offset, raw, _ in instructions:
        positions[offset - func.offset] = size
        pieces.append(change.replaced.get(offset, raw))
        size += len(pieces[-1])
    return replace(func, content=b"".join([*pieces, func.content[-1:]])), positions
