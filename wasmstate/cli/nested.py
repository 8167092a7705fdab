"""The core modules and components inside a component, as ``wasmstate layout`` numbers them."""

from __future__ import annotations

from collections.abc import Callable
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
    for step in _steps(place):
        section = _section(module, step, place)
        module, base = section.open(strict=False), base + section.content_offset
    return module, base


def edited_inside(module: Module, place: str | None, edit: Callable[[Module], Module]) -> Module:
    """A copy of a module, or of a component in which a nested module is edited.

    Args:
        module: the module of the whole file.
        place: as for :func:`opened`; ``None`` for the module itself.
        edit: gives the edited module.

    Raises:
        SectionError: if no module is nested there.
        MalformedError: if the nested module cannot be read to its end.
    """
    return _edited_inside(module, _steps(place), place, edit)


def _edited_inside(
    module: Module, steps: list[str], place: str | None, edit: Callable[[Module], Module]
) -> Module:
    if not steps:
        return edit(module)
    section = _section(module, steps[0], place)
    inner = section.open(strict=False)
    if inner.unread is not None:
        raise section.place(inner.unread)
    return module.with_nested(section.index, _edited_inside(inner, steps[1:], place, edit))


def _steps(place: str | None) -> list[str]:
    return [] if place is None else place.split(".")


def _section(module: Module, step: str, place: str | None) -> NestedSection:
    is_index = step.isdecimal() and int(step) < len(module.sections)
    section = module.sections[int(step)] if is_index else None
    if isinstance(section, NestedSection):
        return section
    known = [str(s.index) for s in module.sections if isinstance(s, NestedSection)]
    raise SectionError(
        f"no module {place!r} inside; modules and components have the numbers {', '.join(known)}"
        if known
        else f"no module {place!r} inside: this is no component with modules in it"
    )
