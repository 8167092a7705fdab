"""What an unfolded module has to keep of the sections that it had: for the way back.

Source: docs/format.md, "Unfolding".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from wasmstate.binary.custom.unfolded import Splice, UnfoldedConstant, UnfoldedSection
from wasmstate.binary.module import Module
from wasmstate.binary.section_list import read_count
from wasmstate.binary.sections.base import Section
from wasmstate.binary.sections.code import CodeSection, Func
from wasmstate.binary.sections.custom import CustomSection
from wasmstate.binary.sections.data import DataSection
from wasmstate.binary.sections.export import ExportSection
from wasmstate.binary.sections.global_ import GlobalSection


def changed_sections(module: Module, edited: Module) -> Iterator[UnfoldedSection]:
    """The sections that are others by now; what became of the code is not told here."""
    before = {(each.id, _custom_name(each)): each for each in module.sections}
    for section in edited.sections:
        name = _custom_name(section)
        old = before.get((section.id, name))
        if old is None:
            yield UnfoldedSection(section.id, name, True, 1, [])
        elif old.frame is not section.frame:
            width, was = payload(old)
            _, now = payload(section)
            is_appended = isinstance(section, (GlobalSection, ExportSection, DataSection))
            splices = _appended(was, now) if is_appended else [Splice(0, len(now), was)]
            yield UnfoldedSection(section.id, name, False, width, splices)


def _custom_name(section: Section) -> str:
    return section.name if isinstance(section, CustomSection) else ""


def payload(section: Section) -> tuple[int, bytes]:
    """How wide the size of a section is, and all bytes behind it; a custom section's name, too."""
    raw = section.frame.read()
    width = next(i for i, byte in enumerate(raw[1:6], 1) if byte < 0x80)
    return width, raw[1 + width :]


def _appended(was: bytes, now: bytes) -> list[Splice]:
    """The splices of a list that entries were appended to."""
    _, old = read_count(was)
    _, new = read_count(now)
    kept = len(was) - old
    return [Splice(0, new, was[:old]), Splice(kept, len(now) - new - kept, b"")]


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
    end = 0
    ends = [read_count(content)[1], *(_end(old, func) for func in old.entries)]
    new_ends = [read_count(new.content)[1], *(_end(new, func) for func in new.entries)]
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
