"""A module without what only people and tools read: names, debug information, notes."""

from __future__ import annotations

from collections.abc import Collection

from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.binary.section_list import matching
from wasmstate.binary.sections.nested import NestedSection

NEEDED = ("dylink*", "linking", "reloc.*", "component-type*", "metadata.code.*")
"""Custom sections that a linker, an engine or a runtime reads, as patterns of a shell's kind."""


def strip(module: ModuleLike, keep: Collection[str] = NEEDED) -> Module:
    """A copy with only some of the custom sections; all other sections keep their bytes.

    The sections of wasmstate itself always stay.

    Args:
        module: a path, bytes or a Module; the modules in a component are stripped, too.
        keep: names of the sections that stay, or patterns as for a shell: ``metadata.code.*``.
    """
    module = as_module(module)
    stays = {
        each.index
        for pattern in (*keep, "wasmstate.*")
        for each in matching(module.custom_sections(), pattern)
    }
    for section in module.sections:
        if isinstance(section, NestedSection):
            module = module.with_nested(section.index, strip(section.open(), keep))
    custom = {each.index for each in module.custom_sections()}
    return module.with_sections(s for s in module.sections if s.index not in custom - stays)
