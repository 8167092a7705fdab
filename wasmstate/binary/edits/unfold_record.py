"""What an unfolded module has to keep of the sections that it had: for the way back.

Source: docs/format.md, "Unfolding".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from wasmstate.binary.custom.unfolded import Splice, UnfoldedConstant, UnfoldedSection
from wasmstate.binary.module import Module
from wasmstate.binary.section_list import read_count
from wasmstate.binary.sections import CUSTOM_ID
from wasmstate.binary.sections.base import ListSection, Section
from wasmstate.binary.sections.code import CodeSection, Func
from wasmstate.binary.sections.custom import CustomSection
from wasmstate.binary.sections.data import DataSection
from wasmstate.binary.sections.export import ExportSection
from wasmstate.binary.sections.global_ import GlobalSection


def kept_sections(
    module: Module, edited: Module, code: Sequence[Splice]
) -> Iterator[UnfoldedSection]:
    """How the sections of a module become again what they were, also if entries are appended.

    Args:
        module: as it was.
        edited: the unfolded one.
        code: the splices of the code.
    """
    before = {(each.id, custom_name(each)): each for each in module.sections}
    for section in edited.sections:
        name = custom_name(section)
        old = before.get((section.id, name))
        if old is None or (section.id == CUSTOM_ID and old.frame is section.frame):
            continue
        width, was = payload(old)
        is_changed = old.frame is not section.frame
        if isinstance(section, CodeSection):
            _, now = payload(section)
            (_, at), (_, new) = read_count(was), read_count(now)
            yield UnfoldedSection(section.id, name, width, was[:at], len(now) - new, list(code))
        elif isinstance(section, ListSection) and not (is_changed and not _is_appended(section)):
            _, at = read_count(was)
            yield UnfoldedSection(section.id, name, width, was[:at], len(was) - at, [])
        else:
            yield UnfoldedSection(section.id, name, width, was, 0, [])


def _is_appended(section: Section) -> bool:
    """Whether unfolding adds entries to such a section, and changes none."""
    return isinstance(section, (GlobalSection, ExportSection, DataSection))


def custom_name(section: Section) -> str:
    """The name of a custom section; empty of others, which have none of their own."""
    return section.name if isinstance(section, CustomSection) else ""


def payload(section: Section) -> tuple[int, bytes]:
    """How wide the size of a section is, and all bytes behind it; a custom section's name, too."""
    raw = section.frame.read()
    width = next(i for i, byte in enumerate(raw[1:6], 1) if byte < 0x80)
    return width, raw[1 + width :]


def code_splices(
    old: CodeSection,
    new: CodeSection,
    constants: Sequence[UnfoldedConstant],
    raw: Mapping[int, bytes],
    reads: Mapping[int, tuple[int, bytes]],
) -> list[Splice]:
    """The splices of functions: the size of each that was changed, and its constants."""
    content = old.content
    starts = new.content_offset
    splices: list[Splice] = []
    ends = [read_count(content)[1], *(_end(old, func) for func in old.entries)]
    new_ends = [read_count(new.content)[1], *(_end(new, func) for func in new.entries)]
    end = new_ends[0]  # they count behind the number of functions
    for index, group in groupby(constants, key=lambda each: each.function):
        func, at = old.entries[index], new.entries[index].offset - starts
        size = content[ends[index] : func.offset - old.content_offset]
        splices.append(Splice(new_ends[index] - end, at - new_ends[index], size))
        end, grown = at, 0
        for each in group:
            offset = func.offset + each.position
            place, length = at + each.position + grown, len(reads[offset][1])
            splices.append(Splice(place - end, length, raw[offset]))
            end, grown = place + length, grown + length - len(raw[offset])
    return splices


def _end(section: CodeSection, func: Func) -> int:
    return func.offset + len(func.content) - section.content_offset
