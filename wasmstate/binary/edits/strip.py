"""A module without what only people and tools read: names, debug information, notes."""

from __future__ import annotations

from collections.abc import Collection

from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.binary.section_list import matching
from wasmstate.binary.sections.nested import NestedSection
from wasmstate.errors import SectionError

_OWN = ("wasmstate.*",)
_NEEDED = ("dylink*", "linking", "reloc.*", "component-type*", "metadata.code.*")
"""Custom sections that a linker, an engine or a runtime reads."""


def strip(module: ModuleLike, keep: Collection[str] = (), *, keep_needed: bool = True) -> Module:
    """A copy with only some of the custom sections; all other sections keep their bytes.

    The sections of wasmstate itself always stay.

    Args:
        module: a path, bytes or a Module; the modules in a component are stripped, too.
        keep: names of sections that stay, or patterns as for a shell: ``.debug*``.
        keep_needed: whether those stay that a linker, an engine or a runtime reads.

    Raises:
        SectionError: no section has one of the names: a mistyped one takes none away.
        MalformedError: a module in a component cannot be read.
    """
    module = as_module(module)
    everywhere = [module, *(inner for _, inner in module.modules())]
    for name in keep:
        if not any(matching(each.custom_sections(), name) for each in everywhere):
            raise SectionError(f"no custom section is named {name!r}")
    return _stripped(module, (*keep, *_OWN, *(_NEEDED if keep_needed else ())))


def _stripped(module: Module, keep: Collection[str]) -> Module:
    for section in module.sections:
        if isinstance(section, NestedSection):
            module = module.with_nested(section.index, _stripped(section.open(), keep))
    custom = module.custom_sections()
    stays = {each.index for pattern in keep for each in matching(custom, pattern)}
    gone = {each.index for each in custom} - stays
    return module.with_sections(s for s in module.sections if s.index not in gone)
