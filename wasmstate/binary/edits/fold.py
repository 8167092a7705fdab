"""Folding: the way back from :func:`wasmstate.binary.edits.unfold.unfold_code`.

Source: docs/format.md, "Unfolding".
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from wasmstate.binary.code.instructions import Instr, instruction
from wasmstate.binary.custom import name as names
from wasmstate.binary.custom.subsections import Subsection
from wasmstate.binary.custom.unfolded import Splice, Unfolded, UnfoldedSection
from wasmstate.binary.edits.rewrite import Rewrite, rewrite
from wasmstate.binary.edits.unfold import UNFOLDED_NAME, constant_bytes
from wasmstate.binary.edits.unfold_record import custom_name, payload
from wasmstate.binary.module import Module
from wasmstate.binary.positions import recoded
from wasmstate.binary.section_list import read_count
from wasmstate.binary.sections import CUSTOM_ID
from wasmstate.binary.sections.base import Frame, Section
from wasmstate.binary.sections.code import CodeSection
from wasmstate.binary.sections.custom import CustomSection
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import MalformedError, SectionError


def unfolded_record(module: Module) -> Unfolded:
    """What was kept when the module was unfolded.

    Raises:
        SectionError: if it is not unfolded.
        MalformedError: if what was kept is damaged.
    """
    kept = module.custom_sections(UNFOLDED_NAME)
    if not kept:
        raise SectionError("the module is not unfolded: it has no constants to fold")
    if len(kept) > 1:
        raise MalformedError(kept[1].path, kept[1].offset, f"a second {UNFOLDED_NAME} section")
    found: Unfolded = kept[0].decode()
    if found.crc32 != zlib.crc32(kept[0].content[:-4]).to_bytes(4, "little"):
        at = kept[0].end - 4
        raise MalformedError(f"{kept[0].path}.crc32", at, "CRC-32 of what was unfolded differs")
    if any(each.cell >= len(found.cells) for each in found.constants):
        raise MalformedError(kept[0].path, kept[0].content_offset, "a constant has no cell")
    return found


def before_unfolding(module: Module) -> Module:
    """The module as it was before it was unfolded; its own custom sections stay as they are.

    Entries that were appended since go, such as grafted functions and their names. Whether it is
    that module to the last byte is for the digest of the record to say.

    Raises:
        SectionError: if it is not unfolded, or what was changed since stands in the way.
        MalformedError: if what was kept is damaged.
    """
    kept = {(each.id, each.name): each for each in unfolded_record(module).sections}
    sections: list[Section] = []
    for section in module.sections:
        change = kept.pop((section.id, custom_name(section)), None)
        if change is not None:
            sections.append(_restored(section, change))
        elif section.id == CUSTOM_ID and section.name != UNFOLDED_NAME:
            sections.append(section)
    if kept:
        raise SectionError("sections that the module had when it was unfolded are gone")
    return _with_own_names(module.with_sections(sections))


def fold_code(module: Module, values: Sequence[bytes]) -> Module:
    """The module before it was unfolded, with these values of the elements as its constants.

    Args:
        module: an unfolded module.
        values: of each cell of the record. A constant whose value is the same keeps its bytes.

    Raises:
        SectionError, MalformedError: as :func:`before_unfolding`.
    """
    record, original = unfolded_record(module), before_unfolding(module)
    section = original.section(CodeSection)
    replaced: dict[int, dict[int, bytes]] = defaultdict(dict)
    entries = section.entries if section else ()
    wanted: dict[int, dict[int, bytes]] = defaultdict(dict)
    for each in record.constants:
        wanted[each.function][each.position] = values[each.cell]
    for index, func in enumerate(entries):
        places = wanted.pop(index, {})
        for offset, _, instr in func.instructions() if places else ():
            value = places.pop(offset - func.offset, None)
            if value is None:
                continue
            if not instr.mnemonic.endswith(".const"):
                raise SectionError(f"{instr} at {offset:#x} was no constant")
            if value != constant_bytes(instr):
                replaced[index][offset] = instruction.encode(_with_value(instr, value))
    return rewrite(original, {index: Rewrite(each) for index, each in replaced.items()})


def _with_value(instr: Instr, value: bytes) -> Instr:
    is_integer = isinstance(instr.immediates[0], int)
    number = int.from_bytes(value, "little", signed=True)
    return Instr(instr.mnemonic, (number if is_integer else value,))


def _restored(section: Section, change: UnfoldedSection) -> Section:
    _, now = payload(section)
    if not change.length:
        content = change.head
    else:
        _, at = read_count(now)
        entries = now[at : at + change.length]
        if len(entries) < change.length:
            raise SectionError(
                f"the {section.name} section was changed since the module was unfolded"
            )
        content = change.head + _unspliced(entries, change.splices)
    if not isinstance(section, CustomSection):
        return replace(section, frame=Frame.build(section.id, content, width=change.width))
    length, width = read_count(content)  # of the name, which stands in front
    prefix, content = content[: width + length], content[width + length :]
    frame = Frame.build(0, content, prefix=prefix, width=change.width)
    return replace(section, frame=frame)


def _unspliced(now: bytes, splices: Sequence[Splice]) -> bytes:
    pieces, at = [], 0
    for splice in splices:
        pieces += [now[at : at + splice.skip], splice.old]
        at += splice.skip + splice.length
    return b"".join([*pieces, now[at:]])


def _with_own_names(module: Module) -> Module:
    """The module without names of functions that it does not have."""
    count = len(Spaces(module).functions)

    def own(value: names.NameSection) -> names.NameSection:
        parts = [(each, _own(each, count)) for each in value.subsections]
        return names.NameSection([own for was, own in parts if own.content or not was.content])

    sections = list(module.sections)
    for section in module.custom_sections("name"):
        try:
            value = section.decode()
        except MalformedError:
            continue
        if own(value) == value:
            continue
        if own(value).subsections:
            sections[section.index] = recoded(section, own)
        else:  # a graft has added it
            sections.remove(section)
    return module.with_sections(sections)


def _own(part: Subsection, count: int) -> Subsection:
    if part.id == names.FUNCTIONS:
        kept = {index: name for index, name in part.content.items() if index < count}
        return Subsection(part.id, kept)
    if part.id in (names.LOCALS, names.LABELS):
        return Subsection(part.id, [each for each in part.content if each.idx < count])
    return part
