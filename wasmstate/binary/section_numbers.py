"""Numbers of sections that custom sections of object files hold, kept right by edits.

A ``reloc.*`` section names its target by its index among all sections, custom ones counted, and so
do symbols and comdat members of the kind *section* in ``linking``. A section that is added,
removed or moved changes these indices.

Source: tool-conventions, "WebAssembly Object File Linking", headings "Relocation Sections" and
"Symbol Table Subsection".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from wasmstate.binary.content import Content, Field
from wasmstate.binary.sections.base import Section
from wasmstate.binary.sections.code import CodeSection
from wasmstate.binary.sections.custom import CustomSection
from wasmstate.binary.sections.data import DataSection
from wasmstate.binary.values import u32
from wasmstate.errors import MalformedError, SectionError

_RELOC, _LINKING, _FIRST = "reloc.", "linking", "dylink.0"


def renumbered(before: Sequence[Section], after: Sequence[Section]) -> list[Section]:
    """The sections after an edit, in which those that name others by number name the same ones.

    Args:
        before: the sections of the module that was edited.
        after: those of the edited one, each with its new index.

    Raises:
        SectionError: if a section that another names is gone, if ``dylink.0`` is no longer the
            first, or if a section that names others cannot be decoded.
    """
    _check_first(before, after)
    if not any(map(_names_sections, after)):
        return list(after)
    moved = _moved(before, after)
    if all(moved.get(index) == index for index in range(len(before))):
        return list(after)
    return [_renumbered(each, moved, before) if _names_sections(each) else each for each in after]


def target_faults(sections: Sequence[Section]) -> Iterator[MalformedError]:
    """Each relocation section whose target is no section that can have relocations."""
    for section in sections:
        if _is_named(section, _RELOC):
            try:
                (field,) = _numbers(section)
            except MalformedError:
                continue  # what is wrong with its content is found where it is decoded
            target = sections[field.value] if field.value < len(sections) else None
            if not _can_be_relocated(target):
                what = "there is none" if target is None else f"it is {target.name}"
                reason = f"section {field.value} cannot have relocations: {what}"
                yield MalformedError(f"{section.path}.section", field.offset, reason)


def _check_first(before: Sequence[Section], after: Sequence[Section]) -> None:
    was_first = bool(before) and before[0].name == _FIRST
    index = next((each.index for each in after if each.name == _FIRST), 0)
    if was_first and index:
        raise SectionError(
            f"{_FIRST} has to be the first section: a loader looks for it nowhere else"
        )


def _is_named(section: Section, name: str) -> bool:
    return isinstance(section, CustomSection) and section.name.startswith(name)


def _names_sections(section: Section) -> bool:
    return _is_named(section, _RELOC) or (_is_named(section, _LINKING) and section.name == _LINKING)


def _can_be_relocated(section: Section | None) -> bool:
    if isinstance(section, CustomSection):
        return not _names_sections(section)
    return isinstance(section, (CodeSection, DataSection))


def _moved(before: Sequence[Section], after: Sequence[Section]) -> dict[int, int]:
    """The new index of each section that is still there, with the same content or another."""
    places = {id(each.frame): each.index for each in after}
    moved = {old.index: places[id(old.frame)] for old in before if id(old.frame) in places}
    taken = set(moved.values())
    for old in before:
        if old.index not in moved:
            same = [
                n for n in after if n.index not in taken and (n.id, n.name) == (old.id, old.name)
            ]
            if same:
                moved[old.index] = same[0].index
                taken.add(same[0].index)
    # What is left is a section with another name, if one went and one came.
    gone = [old.index for old in before if old.index not in moved]
    came = [new.index for new in after if new.index not in taken]
    if len(gone) == len(came) == 1 and len(before) == len(after):
        moved[gone[0]] = came[0]
    return moved


def _numbers(section: Section) -> list[Field]:
    """The integers of a section that are indices of sections, with their places.

    Raises:
        MalformedError: if it cannot be decoded.
    """
    if section.name.startswith(_RELOC):
        head = Content(section.content[:5], section.content_offset, section.path)
        number = u32.read(head, ".section")
        return [Field("section", section.content_offset, head.tell(), number)]
    found, kind = [], None
    for field in section.fields():
        part = field.path.rpartition(".")[2]
        kind = field.value if part == "kind" else kind
        is_symbol = field.path.endswith(".symbol.section")
        if is_symbol or (part == "index" and kind == "section" and "comdat_syms" in field.path):
            found.append(field)
    return found


def _renumbered(section: Section, moved: Mapping[int, int], before: Sequence[Section]) -> Section:
    try:
        numbers = _numbers(section)
    except MalformedError as error:
        raise SectionError(
            f"{section.name} names sections by their number and cannot be decoded: {error}"
        ) from error
    content = bytearray(section.content)
    for field in reversed(numbers):
        if field.value not in moved:
            gone = before[field.value].name if field.value < len(before) else "which was not there"
            raise SectionError(
                f"{section.name} names section {field.value} ({gone}), which would be gone: "
                f"remove {section.name} before"
            )
        start = field.offset - section.content_offset
        content[start : start + field.size] = _same_width(section, moved[field.value], field.size)
    assert isinstance(section, CustomSection)
    return section.with_content(bytes(content))


def _same_width(section: Section, number: int, width: int) -> bytes:
    encoded = u32.encode_padded(number, width)
    if len(encoded) > width:
        raise SectionError(f"{section.name} has no room for the number {number} of a section")
    return encoded
