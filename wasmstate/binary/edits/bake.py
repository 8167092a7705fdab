"""Baking: other initial values for memories and globals, and the way back.

Data segments are only appended, because ``memory.init``, ``data.drop`` and the name section count
those that are there; a later segment wins over an earlier one. What was there before is kept in
the custom section ``wasmstate.baked``, and a start section that must not run again stays where it
was, as the custom section ``wasmstate.start``: so :func:`unbake` gives the original byte for byte.

Source: docs/format.md, "Baking".
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from wasmstate.binary.code.instructions import Expr, Instr
from wasmstate.binary.custom.baked import Baked, BakedSection, baked
from wasmstate.binary.module import Module
from wasmstate.binary.section_list import append, read_count
from wasmstate.binary.sections import CUSTOM_ID
from wasmstate.binary.sections.base import Frame, Section
from wasmstate.binary.sections.custom import SIZE_WIDTH, CustomSection
from wasmstate.binary.sections.data import Data, DataSection, data_
from wasmstate.binary.sections.export import ExportSection
from wasmstate.binary.sections.global_ import Global, GlobalSection
from wasmstate.binary.sections.import_ import ImportSection
from wasmstate.binary.sections.memory import MemorySection
from wasmstate.binary.sections.start import StartSection
from wasmstate.binary.source import BytesSource
from wasmstate.binary.spaces import Spaces
from wasmstate.binary.types import GlobalType, MemType
from wasmstate.errors import MalformedError, SectionError

BAKED_NAME = "wasmstate.baked"
START_NAME = "wasmstate.start"
_OWN = "wasmstate."
_START_ID = 8
_REFUSED = {
    "linking": "it is an object file: link it first",
    "dylink.0": "it is a dynamic library: where its memory begins is for the loader to say",
    "dylink": "it is a dynamic library: where its memory begins is for the loader to say",
    "signature": "it is signed, and would not be any more: take the signature off first",
}


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes that a memory starts with."""

    memidx: int
    address: int
    init: bytes


@dataclass(frozen=True, slots=True)
class Image:
    """What an instance is to start with.

    Attributes:
        segments: bytes of memories; what they leave out stays as it is.
        pages: the least size of memories, by their index.
        globals: values by index, as their bytes, little endian.
        runs_start: whether the start function and ``_initialize`` still have to run.
    """

    segments: Sequence[Segment]
    pages: Mapping[int, int]
    globals: Mapping[int, bytes]
    runs_start: bool = True


def is_baked(module: Module) -> bool:
    """Whether values were baked into the module."""
    return bool(module.custom_sections(BAKED_NAME))


def bake_image(module: Module, image: Image) -> Module:
    """A copy of the module whose instances start with these values.

    Raises:
        SectionError: naming the memory, the global or the section that does not allow it.
        MalformedError: if a section that is concerned cannot be decoded.
    """
    check_rewritable(module)
    if is_baked(module):
        raise SectionError("the module is baked already: unbake it first")
    spaces = Spaces(module)
    _check_memories(spaces, image)
    edited = _with_pages(module, spaces, image.pages)
    if image.globals:
        edited = _with_globals(edited, spaces, image.globals)
    if not image.runs_start:
        edited = _without_initialize(edited)
    if image.segments:
        edited = _with_segments(edited, spaces, image.segments)
    sections = list(edited.sections)
    if not image.runs_start:
        sections = [_set_aside(s) if isinstance(s, StartSection) else s for s in sections]
    before = {section.id: section for section in module.sections if section.id != CUSTOM_ID}
    sections = [_at_old_length(before.get(section.id), section) for section in sections]
    record = _record(before, sections)
    place = len(sections)
    while place and sections[place - 1].id == CUSTOM_ID and _is_own(sections[place - 1].name):
        place -= 1
    sections.insert(place, CustomSection.build(BAKED_NAME, record))
    return module.with_sections(sections)


def unbake(module: Module) -> Module:
    """The module as it was before it was baked; the module itself if it is not.

    Raises:
        MalformedError: if what was kept for it is damaged.
    """
    kept = module.custom_sections(BAKED_NAME)
    if not kept:
        return module
    if len(kept) > 1:
        raise MalformedError(kept[1].path, kept[1].offset, f"a second {BAKED_NAME} section")
    record: Baked = kept[0].decode()
    if record.crc32 != _crc32(kept[0].content[:-4]):
        at = kept[0].end - 4
        raise MalformedError(f"{kept[0].path}.crc32", at, "CRC-32 of what was baked differs")
    changes = {change.id: change for change in record.sections}
    sections: list[Section] = []
    for section in module.sections:
        if section.id == CUSTOM_ID and section.name == BAKED_NAME:
            continue
        if section.id == CUSTOM_ID and section.name == START_NAME:
            sections.append(_put_back(section))
            continue
        change = changes.pop(section.id, None) if section.id != CUSTOM_ID else None
        if change is None:
            sections.append(section)
        elif not change.added:
            sections.append(_undone(section, change))
    if changes:
        raise MalformedError(
            kept[0].path, kept[0].content_offset, f"no section {min(changes)}, which was baked"
        )
    return module.with_sections(sections)


def check_rewritable(module: Module) -> None:
    """Check that nothing depends on the module's bytes staying where they are.

    Raises:
        SectionError: saying what does.
    """
    if module.is_component:
        raise SectionError("this is a component; take the core module inside it")
    for section in module.custom_sections():
        reason = _REFUSED.get(section.name)
        if section.name.startswith("reloc."):
            reason = _REFUSED["linking"]
        if reason is not None:
            raise SectionError(f"the module has a {section.name} section: {reason}")


def _is_own(name: str) -> bool:
    return name.startswith(_OWN) and name != START_NAME


def _check_memories(spaces: Spaces, image: Image) -> None:
    for memidx in {segment.memidx for segment in image.segments} | set(image.pages):
        if memidx >= len(spaces.memories):
            raise SectionError(f"the module has no memory {memidx}")
        if spaces.memories[memidx].limits.is_shared:
            raise SectionError(
                f"memory {memidx} is shared: each thread that starts would undo what was learned"
            )


def _with_pages(module: Module, spaces: Spaces, pages: Mapping[int, int]) -> Module:
    grown = {
        memidx: grown_memory(memidx, spaces.memories[memidx], least)
        for memidx, least in pages.items()
        if least > spaces.memories[memidx].limits.min
    }
    if not grown:
        return module
    imported = [i for i, each in enumerate(spaces.imports) if isinstance(each.type, MemType)]
    imports = list(spaces.imports)
    section = module.section(MemorySection)
    defined = list(section.entries) if section else []
    for memidx, memtype in grown.items():
        if memidx < len(imported):
            imports[imported[memidx]] = replace(imports[imported[memidx]], type=memtype)
        else:
            defined[memidx - len(imported)] = memtype
    changes: dict[type[Section], Sequence[object]] = {}
    if imports != spaces.imports:
        changes[ImportSection] = imports
    if any(memidx >= len(imported) for memidx in grown):
        changes[MemorySection] = defined
    return module.with_entries(changes)


def grown_memory(memidx: int, memory: MemType, least: int) -> MemType:
    """A memory that starts with so many pages at least.

    Raises:
        SectionError: if it can never have as many.
    """
    if least <= memory.limits.min:
        return memory
    if memory.limits.max is not None and least > memory.limits.max:
        raise SectionError(
            f"memory {memidx} would start with {least} pages, its max is {memory.limits.max}"
        )
    return MemType(replace(memory.limits, min=least))


def _with_globals(module: Module, spaces: Spaces, values: Mapping[int, bytes]) -> Module:
    section = module.section(GlobalSection)
    entries = list(section.entries) if section else []
    imported = len(spaces.globals) - len(entries)
    for index, value in values.items():
        if index >= len(spaces.globals):
            raise SectionError(f"the module has no global {index}")
        if index < imported:
            raise SectionError(f"global {index} is imported: what it starts with is the host's")
        entry = entries[index - imported]
        entries[index - imported] = Global(entry.type, _constant(index, entry.type, value))
    return module.with_entries({GlobalSection: entries})


def _constant(index: int, type_: GlobalType, value: bytes) -> Expr:
    valtype = type_.valtype
    if valtype in ("i32", "i64"):
        number = int.from_bytes(value, "little", signed=True)
        return Expr((Instr(f"{valtype}.const", (number,)),))
    if valtype in ("f32", "f64", "v128"):
        return Expr((Instr(f"{valtype}.const", (value,)),))  # bits: NaN keeps its payload
    raise SectionError(f"global {index} is of type {valtype}, which cannot be baked")


def _without_initialize(module: Module) -> Module:
    section = module.section(ExportSection)
    entries = list(section.entries) if section else []
    kept = [export for export in entries if export.name != "_initialize"]
    return module if len(kept) == len(entries) else module.with_entries({ExportSection: kept})


def _with_segments(module: Module, spaces: Spaces, segments: Iterable[Segment]) -> Module:
    added = [data_.build(_active(spaces, segment)) for segment in segments]
    return module.with_sections(append(module.sections, DataSection, added))


def _active(spaces: Spaces, segment: Segment) -> Data:
    is_64_bit = spaces.memories[segment.memidx].limits.is_64_bit
    bits = 64 if is_64_bit else 32
    # The constant is signed: the upper half of the addresses is negative.
    address = (segment.address + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)
    offset = Expr((Instr(f"i{bits}.const", (address,)),))
    if segment.memidx:
        return Data(2, segment.memidx, offset, segment.init)
    return Data(0, None, offset, segment.init)


def _set_aside(start: Section) -> Section:
    return CustomSection.build(START_NAME, start.frame.read())


def _put_back(section: Section) -> Section:
    raw = section.content
    width = next((i for i, byte in enumerate(raw[1:6], 1) if byte < 0x80), len(raw))
    if raw[:1] != bytes([_START_ID]) or not raw[1 + width :]:
        raise MalformedError(section.path, section.content_offset, "holds no start section")
    frame = Frame(BytesSource(raw), 0, 1 + width, len(raw))
    return StartSection(_START_ID, "start", section.index, section.offset, frame)


def _at_old_length(before: Section | None, section: Section) -> Section:
    """The section as long as it was, if the width of its size allows: nothing behind it moves."""
    if before is None or before.frame is section.frame:
        return section
    room = before.frame.end - before.frame.start - 1 - section.size
    width = min(max(room, 1), SIZE_WIDTH)
    return replace(section, frame=Frame.build(section.id, section.content, width=width))


def _record(before: Mapping[int, Section], sections: Iterable[Section]) -> bytes:
    changes = []
    for section in sections:
        old = before.get(section.id)
        if section.id == CUSTOM_ID or (old is not None and old.frame is section.frame):
            continue
        if old is None:
            changes.append(BakedSection(section.id, True, 1, b"", 0, 0))
            continue
        size_width = old.frame.content_start - old.frame.start - 1
        head, start, length = old.content, 0, 0
        if isinstance(section, DataSection):
            # Only the count in front of the segments that were there is another.
            _, at = read_count(head)
            _, start = read_count(section.content)
            head, length = head[:at], len(head) - at
        changes.append(BakedSection(section.id, False, size_width, head, start, length))
    record = baked.build(Baked(1, changes, bytes(4)))[:-4]
    return record + _crc32(record)


def _undone(section: Section, change: BakedSection) -> Section:
    kept = section.content[change.start : change.start + change.length]
    return replace(section, frame=Frame.build(section.id, change.head + kept, width=change.width))


def _crc32(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(4, "little")
