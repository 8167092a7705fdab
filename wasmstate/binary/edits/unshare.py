"""Shared memories as memories of one thread.

Atomic instructions work on both. What differs: ``memory.atomic.wait`` traps, where it would wait
for another thread.

Source: WebAssembly threads proposal, "Shared Linear Memory".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wasmstate.binary.module import Module
from wasmstate.binary.sections.base import Section
from wasmstate.binary.sections.import_ import ImportSection
from wasmstate.binary.sections.memory import MemorySection
from wasmstate.binary.spaces import Spaces
from wasmstate.binary.types import MemType

_SHARED = 0x02


def unshared(module: Module) -> Module:
    """A copy of the module whose memories are not shared; the module itself if none is.

    Raises:
        MalformedError: if a section that is needed cannot be decoded.
    """
    if not any(memory.limits.is_shared for memory in Spaces(module).memories):
        return module
    changes: dict[type[Section], Sequence[object]] = {}
    if (imports := module.section(ImportSection)) is not None:
        changes[ImportSection] = [
            replace(each, type=_unshared(each.type)) if isinstance(each.type, MemType) else each
            for each in imports.entries
        ]
    if (memories := module.section(MemorySection)) is not None:
        changes[MemorySection] = list(map(_unshared, memories.entries))
    return module.with_entries(changes)


def _unshared(memory: MemType) -> MemType:
    limits = memory.limits
    return replace(memory, limits=replace(limits, flag=limits.flag & ~_SHARED))
