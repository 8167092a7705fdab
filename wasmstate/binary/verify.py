"""Checking a whole module: every byte decoded, and what sections must have in common.

Source: WebAssembly Core 3.0, Binary Format, "Modules".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol, TypeVar

from wasmstate.binary.section_numbers import target_faults
from wasmstate.binary.sections import MODULE_ORDER
from wasmstate.binary.sections.base import Section
from wasmstate.binary.sections.code import CodeSection
from wasmstate.binary.sections.data import DataSection
from wasmstate.binary.sections.data_count import DataCountSection
from wasmstate.binary.sections.function import FunctionSection
from wasmstate.binary.sections.nested import MAX_DEPTH, NestedSection
from wasmstate.errors import MalformedError, UnsupportedError

_FUNCTIONS_A_STEP = 256  # of progress

SectionType = TypeVar("SectionType", bound=Section)


class Sections(Protocol):
    """The part of a :class:`~wasmstate.binary.Module` that is looked at."""

    @property
    def is_component(self) -> bool:
        """True for a component."""
        ...

    @property
    def faults(self) -> Sequence[MalformedError]:
        """Each malformed frame."""
        ...

    @property
    def unread(self) -> MalformedError | None:
        """The reason why the sections end before the file does."""
        ...

    @property
    def sections(self) -> Sequence[Section]:
        """The sections in file order."""
        ...

    def section(self, section_class: type[SectionType], /) -> SectionType | None:
        """The first section of a class."""
        ...

    def custom_sections(self) -> Sequence[Section]:
        """The custom sections in file order."""
        ...


def findings(
    module: Sections,
    *,
    instructions: bool = True,
    progress: Callable[[int], object] | None = None,
    depth: int = 0,
) -> Iterator[MalformedError]:
    """Each independent way in which the module is malformed, in file order of its sections.

    A section that cannot be decoded does not keep the others from being looked at. Custom sections
    make no module malformed. Of a component the frames are looked at, and what is nested in it.

    Args:
        module: to be looked at.
        instructions: whether to look into the code of functions.
        progress: is called now and then with the offset that has been reached.
        depth: how many components it is nested in.
    """
    reached = progress or _nobody_asks
    if module.is_component:

        def look(section: NestedSection) -> Iterator[MalformedError]:
            return findings(
                section.open(strict=False),
                instructions=instructions,
                progress=lambda offset: reached(section.content_offset + offset),
                depth=depth + 1,
            )

        yield from _nested(module, look, depth)
        yield from module.faults
        return
    has_data_count = module.section(DataCountSection) is not None
    last = -1
    for section in module.sections:
        if section.fault is not None:
            yield section.fault
        if section.id not in MODULE_ORDER:
            continue
        place = MODULE_ORDER.index(section.id)
        if place <= last:
            yield _misplaced(section)
        last = max(place, last)
        if instructions and isinstance(section, CodeSection):
            yield from _code(section, reached, has_data_count=has_data_count)
            continue
        try:
            section.decode()
        except MalformedError as error:
            yield error
        reached(section.end)
    if module.unread is not None:
        yield module.unread
        return
    yield from _counts(module)


def is_malformed(module: Sections) -> bool:
    """True if a frame, or a section outside the code of functions, is malformed."""
    found = findings(module, instructions=False)
    return any(not isinstance(each, UnsupportedError) for each in found)


def custom_findings(module: Sections, *, depth: int = 0) -> Iterator[MalformedError]:
    """Each custom section that is not what the convention for its name says.

    Args:
        module: to be looked at; of a component, what is nested in it, too.
        depth: how many components it is nested in.
    """
    for section in module.custom_sections():
        try:
            section.decode()
        except MalformedError as error:
            yield error
    yield from target_faults(module.sections)
    if depth < MAX_DEPTH:  # deeper ones are no question of custom sections
        yield from _nested(module, partial(_nested_customs, depth + 1), depth)


def _nested(
    module: Sections, look: Callable[[NestedSection], Iterator[MalformedError]], depth: int
) -> Iterator[MalformedError]:
    """What is found in the binaries nested in a component, as findings of the component."""
    for section in module.sections:
        if isinstance(section, NestedSection):
            if depth == MAX_DEPTH:
                yield section.too_deep()
                continue
            for error in look(section):
                yield section.place(error)


def _nested_customs(depth: int, section: NestedSection) -> Iterator[MalformedError]:
    return custom_findings(section.open(strict=False), depth=depth)


def _misplaced(section: Section) -> MalformedError:
    reason = f"unexpected content after last section ({section.name} out of order or twice)"
    return MalformedError(section.path, section.offset, reason)


def _nobody_asks(offset: int) -> None:
    """Takes the place of a progress bar."""


def _code(
    section: CodeSection, reached: Callable[[int], object], *, has_data_count: bool
) -> Iterator[MalformedError]:
    try:
        entries = section.entries
    except MalformedError as error:
        yield error
        return
    for i, func in enumerate(entries):
        if i % _FUNCTIONS_A_STEP == 0:
            reached(func.offset)
        try:
            found = func.verify(has_data_count=has_data_count)
        except MalformedError as error:
            yield error
            continue
        if found:
            yield MalformedError(
                func.path, func.offset, f"data count section required (by {min(found)})"
            )


def _counts(module: Sections) -> Iterator[MalformedError]:
    """Numbers that two sections must agree on; a section that is malformed is passed over."""
    function, code = module.section(FunctionSection), module.section(CodeSection)
    count, data = module.section(DataCountSection), module.section(DataSection)
    try:
        functions = len(function.entries) if function else 0
        codes = len(code.entries) if code else 0
        if functions != codes:
            at: Section | None = code or function
            assert at is not None
            reason = f"function and code section have inconsistent lengths ({functions}, {codes})"
            yield MalformedError(at.path, at.offset, reason)
    except MalformedError:
        pass
    try:
        if count is not None:
            segments = len(data.entries) if data else 0
            if count.count != segments:
                reason = "data count and data section have inconsistent lengths"
                yield MalformedError(
                    count.path, count.content_offset, f"{reason} ({count.count}, {segments})"
                )
    except MalformedError:
        pass
