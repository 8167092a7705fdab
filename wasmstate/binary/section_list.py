"""Lists of sections, edited: in order, and with counts that agree.

Source: WebAssembly Core 3.0, Binary Format, "Modules".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from wasmstate.binary.content import Content
from wasmstate.binary.sections import MODULE_ORDER, MODULE_SECTIONS
from wasmstate.binary.sections.base import Frame, Section
from wasmstate.binary.sections.code import CodeSection
from wasmstate.binary.sections.custom import CustomSection
from wasmstate.binary.sections.data import DataSection
from wasmstate.binary.sections.data_count import DataCountSection
from wasmstate.binary.sections.function import FunctionSection
from wasmstate.binary.values import u32
from wasmstate.errors import SectionError

_OWN = "wasmstate."  # what the names of our own sections begin with
_IDS = {section_class: id for id, (_, section_class) in MODULE_SECTIONS.items()}


def placed(sections: Iterable[Section], offset: int) -> list[Section]:
    """The sections, each knowing its place if the first of them stands at ``offset``."""
    found: list[Section] = []
    for index, section in enumerate(sections):
        in_place = (section.index, section.offset) == (index, offset)
        found.append(section if in_place else replace(section, index=index, offset=offset))
        offset = found[-1].end
    return found


def replace_entries(
    sections: Sequence[Section], changes: Mapping[type[Section], Sequence[Any]]
) -> list[Section]:
    """The sections with other entries in some of them.

    A section that is not there is added in its place; one without entries is removed. The data
    count, where there is one, follows the data.

    Raises:
        SectionError: if a class has no entries, an entry cannot be encoded, or functions and code
            would no longer be as many.
    """
    edited = list(sections)
    for section_class, entries in changes.items():
        if not hasattr(section_class, "with_entries"):
            raise SectionError(f"{section_class.__name__} has no entries to change")
        edited = _with_entries(edited, section_class, entries)
    if DataSection in changes:
        edited = _with_data_count(edited, len(changes[DataSection]))
    if FunctionSection in changes or CodeSection in changes:
        check_functions(edited)
    return edited


def move(sections: Sequence[Section], index: int, to: int) -> list[Section]:
    """The sections with one of them at another place.

    Raises:
        SectionError: if there is no such section or place, or the order would be wrong.
    """
    check_index(sections, index)
    check_index(sections, to)
    edited = list(sections)
    edited.insert(to, edited.pop(index))
    standard = [MODULE_ORDER.index(each.id) for each in edited if each.id in MODULE_ORDER]
    if standard != sorted(standard):
        raise SectionError(
            f"the {sections[index].name} section cannot stand at {to}: only custom sections are "
            "free to"
        )
    return edited


def remove(sections: Sequence[Section], index: int) -> list[Section]:
    """The sections without one of them.

    Raises:
        SectionError: if there is no such section.
    """
    check_index(sections, index)
    return [*sections[:index], *sections[index + 1 :]]


def matching(sections: Iterable[CustomSection], pattern: str) -> list[CustomSection]:
    """The custom sections of a name, else those that a pattern of a shell's kind means."""
    found = [each for each in sections if each.fault is None]
    same = [each for each in found if each.name == pattern]
    if same:
        return same
    is_own = pattern.startswith(_OWN)
    return [
        each
        for each in found
        if fnmatchcase(each.name, pattern) and (is_own or not each.name.startswith(_OWN))
    ]


def check_index(sections: Sequence[Section], index: int) -> None:
    """Raises SectionError if there is no section of that index."""
    if not 0 <= index < len(sections):
        raise SectionError(f"no section {index}: the module has {len(sections)} sections")


def check_functions(sections: Sequence[Section]) -> None:
    """Raises SectionError if functions and code are not as many."""
    functions = next((s for s in sections if isinstance(s, FunctionSection)), None)
    code = next((s for s in sections if isinstance(s, CodeSection)), None)
    counts = len(functions.entries) if functions else 0, len(code.entries) if code else 0
    if counts[0] != counts[1]:
        raise SectionError(
            f"function and code section would have inconsistent lengths {counts}: change both"
        )


def append(
    sections: Sequence[Section], section_class: type[Section], added: Sequence[bytes]
) -> list[Section]:
    """The sections with encoded entries behind those of one of them, which keep their bytes.

    The number of entries takes as many bytes as before, if that is enough: then what stands behind
    it does not move within its section. The data count, where there is one, follows the data.
    """
    if not added:
        return list(sections)
    index = next((i for i, s in enumerate(sections) if isinstance(s, section_class)), None)
    if index is None:
        count = len(added)
        edited = insert(sections, section_class, u32.encode(count) + b"".join(added))
    else:
        content = sections[index].content
        old, width = read_count(content)
        count = old + len(added)
        content = u32.encode_padded(count, width) + content[width:] + b"".join(added)
        edited = list(sections)
        edited[index] = sections[index]._replaced(content)
    return _with_data_count(edited, count) if section_class is DataSection else edited


def insert(
    sections: Sequence[Section], section_class: type[Section], content: bytes
) -> list[Section]:
    """The sections with a new one of this content in its place."""
    id = _IDS[section_class]
    new = section_class(id, MODULE_SECTIONS[id][0], 0, 0, Frame.build(id, content))
    place = _place(sections, id)
    return [*sections[:place], new, *sections[place:]]


def read_count(content: bytes) -> tuple[int, int]:
    """The number that a list begins with, and how many bytes it takes."""
    head = Content(content[:5])
    count: int = u32.read(head, "count")
    return count, head.tell()


def _with_entries(
    sections: list[Section], section_class: type[Section], entries: Sequence[Any]
) -> list[Section]:
    index = next((i for i, s in enumerate(sections) if isinstance(s, section_class)), None)
    if index is not None and not entries:
        return [*sections[:index], *sections[index + 1 :]]
    if index is not None:
        return [
            *sections[:index],
            sections[index].with_entries(entries),  # type: ignore[attr-defined]
            *sections[index + 1 :],
        ]
    if not entries:
        return sections
    id = _IDS[section_class]
    empty = section_class(id, MODULE_SECTIONS[id][0], 0, 0, Frame.build(id, b"\0"))
    place = _place(sections, id)
    return [
        *sections[:place],
        empty.with_entries(entries),  # type: ignore[attr-defined]
        *sections[place:],
    ]


def _place(sections: Sequence[Section], id: int) -> int:
    """Where a new section goes: behind the last standard one that has to be before it.

    If there is none, custom sections at the start stay there: ``dylink.0`` has to be the first.
    """
    standard = [i for i, section in enumerate(sections) if section.id in MODULE_ORDER]
    before = [i for i in standard if MODULE_ORDER.index(sections[i].id) < MODULE_ORDER.index(id)]
    if before:
        return before[-1] + 1
    return standard[0] if standard else len(sections)


def _with_data_count(sections: Sequence[Section], count: int) -> list[Section]:
    return [
        section._replaced(u32.encode(count)) if isinstance(section, DataCountSection) else section
        for section in sections
    ]
