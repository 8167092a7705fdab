"""The core modules and components inside a component, as ``wasmstate layout`` numbers them."""

from __future__ import annotations

from pathlib import Path

from wasmstate.binary.module import Module
from wasmstate.binary.sections.nested import NestedSection
from wasmstate.errors import SectionError


def opened(file: Path, place: str | None) -> tuple[Module, int]:
    """The module of a file, or one nested in it, and where it begins in the file.

    Args:
        file: of a module or component; one that is damaged is opened as far as it can be read.
        place: the number that ``layout`` shows before the nested module: ``3``, or ``3.1``.

    Raises:
        SectionError: if no module is nested there.
        MalformedError, OSError: as :meth:`Module.open`.
    """
    module, base = Module.open(file, strict=False), 0
    for step in place.split(".") if place is not None else ():
        section = module.sections[int(step)] if _leads(module, step) else None
        if not isinstance(section, NestedSection):
            known = [str(s.index) for s in module.sections if isinstance(s, NestedSection)]
            raise SectionError(
                f"no module {place!r} inside; modules and components have the numbers "
                f"{', '.join(known)}"
                if known
                else f"no module {place!r} inside: this is no component with modules in it"
            )
        module, base = section.open(strict=False), base + section.content_offset
    return module, base


def _leads(module: Module, step: str) -> bool:
    return step.isdecimal() and int(step) < len(module.sections)
