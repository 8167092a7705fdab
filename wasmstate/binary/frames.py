"""The preamble and the frames of sections: all that is read when a module is opened.

A section whose id is not known, or whose name is malformed, hides nothing behind it as long as its
size can be believed. The sizes have no checksum, so the proof is where they lead: if the frames
from there on end exactly with the file, each malformed one is a section with a fault; if they do
not, or if there are many malformed ones, as where a wrong size led into the middle of a section,
reading ends at the first.

Source: WebAssembly Core 3.0, Binary Format, "Modules"; component-model, design/mvp/Binary.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wasmstate.binary.content import Content
from wasmstate.binary.decode_loops import UnusualError, read_unsigned
from wasmstate.binary.foreign import HEAD, foreign_kind
from wasmstate.binary.sections import COMPONENT_SECTIONS, CUSTOM_ID, MODULE_SECTIONS
from wasmstate.binary.sections.base import Frame, FrameFault, Section
from wasmstate.binary.sections.custom import CustomSection
from wasmstate.binary.source import Source
from wasmstate.binary.values import byte, name, u32
from wasmstate.errors import MalformedError

MAGIC = b"\0asm"
PREAMBLE_SIZE = 8
MODULE_LAYER = b"\x01\0\0\0"  # version 1, layer 0
COMPONENT_LAYER = b"\x0d\0\x01\0"  # version 13, layer 1

_Table = Mapping[int, tuple[str, type[Section]]]

_HEAD = 64  # bytes: enough for an id, a size and most names
_WINDOW = 1024
_MOST_FAULTS = 8


@dataclass(frozen=True)
class Frames:
    """What was found of a module.

    Attributes:
        is_component: whether the preamble is that of a component.
        sections: the sections in file order, those with a malformed frame included.
        end: the first byte behind the last of them.
        damage: why nothing could be read from ``end`` on, if something is left there.
    """

    is_component: bool
    sections: tuple[Section, ...]
    end: int
    damage: MalformedError | None


def read_frames(source: Source, *, is_component: bool | None = None) -> Frames:
    """Find the sections, without reading their contents.

    Args:
        source: the whole binary.
        is_component: what the preamble must say, if only one of the two is allowed.
    """
    try:
        is_component = _read_preamble(source, is_component)
    except MalformedError as error:
        return Frames(False, (), 0, error)
    table = COMPONENT_SECTIONS if is_component else MODULE_SECTIONS
    sections: list[Section] = []
    faulty: list[tuple[Section, MalformedError]] = []
    offset = PREAMBLE_SIZE
    damage = None
    window, window_at = b"", 0
    while offset < source.size:
        # Small sections stand close together: several of them are seen at one look.
        if not window_at <= offset <= window_at + len(window) - _HEAD:
            window, window_at = source.read(offset, _WINDOW), offset
        head = window[offset - window_at : offset - window_at + _HEAD]
        try:
            section = _read_section(source, head, offset, len(sections), table)
        except MalformedError as error:
            over = _read_over(source, head, offset, len(sections), error)
            if over is None or len(faulty) == _MOST_FAULTS:
                damage = error
                break
            faulty.append((over, error))
            section = over
        sections.append(section)
        offset = section.frame.end
    if damage is not None and faulty:
        first, damage = faulty[0]
        sections, offset = sections[: first.index], first.offset
    return Frames(is_component, tuple(sections), offset, damage)


def _read_preamble(source: Source, is_component: bool | None) -> bool:
    preamble = source.read(0, PREAMBLE_SIZE)
    if not preamble:
        raise MalformedError("magic", 0, "unexpected end (the file is empty)")
    if preamble[:4] != MAGIC[: len(preamble)]:
        reason = "magic header not detected"
        if len(preamble) < len(MAGIC):
            reason = f"unexpected end ({reason})"
        head = source.read(0, min(source.size, HEAD))
        kind = foreign_kind(head)
        if kind is not None:
            reason += f" (this is {kind[0]}: {kind[1]})"
        elif not any(head):
            reason += " (zeros: a file that was not synced before a crash looks like this)"
        raise MalformedError("magic", 0, reason)
    if len(preamble) < PREAMBLE_SIZE:
        part = "magic" if len(preamble) < len(MAGIC) else "version"
        raise MalformedError(part, len(preamble), "unexpected end")
    if preamble[4:] not in (MODULE_LAYER, COMPONENT_LAYER):
        raise MalformedError("version", 4, "unknown binary version")
    if is_component not in (None, preamble[4:] == COMPONENT_LAYER):
        wanted = "component" if is_component else "core module"
        raise MalformedError("version", 4, f"unknown binary version (not that of a {wanted})")
    return preamble[4:] == COMPONENT_LAYER


def _read_section(source: Source, head: bytes, offset: int, index: int, table: _Table) -> Section:
    try:
        return _read_usual(source, head, offset, index, table)
    except (UnusualError, IndexError, KeyError, UnicodeDecodeError):
        return _read_unusual(source, head, offset, index, table)


def _read_usual(source: Source, head: bytes, offset: int, index: int, table: _Table) -> Section:
    """A section in a plain loop's way: see :mod:`wasmstate.binary.decode_loops`."""
    id = head[0]
    word, section_class = table[id]
    size, at = read_unsigned(head, 1)
    end = offset + at + size
    if end > source.size:
        raise UnusualError
    if id == CUSTOM_ID:
        length, start = read_unsigned(head, at)
        at = start + length
        if at > len(head) or offset + at > end:
            raise UnusualError
        word = head[start:at].decode()
    return section_class(id, word, index, offset, Frame(source, offset, offset + at, end))


def _read_unusual(source: Source, head: bytes, offset: int, index: int, table: _Table) -> Section:
    """A section as it is declared, or why it is malformed."""
    path = f"sections[{index}]"
    window = Content(head, offset, path)
    id = byte.read(window, ".id")
    size = u32.read(window, ".size")
    if id not in table:
        raise MalformedError(f"{path}.id", offset, f"malformed section id ({id})")
    start = offset + window.tell()
    end = start + size
    if end > source.size:
        left = source.size - start
        raise MalformedError(
            f"{path}.size",
            offset + 1,
            f"length out of bounds (the section claims {size} bytes, {left} are left)",
        )
    # Of a standard section nothing else can be unusual: this is a custom one.
    word, start = _read_name(source, start, size, path)
    return table[id][1](id, word, index, offset, Frame(source, offset, start, end))


def _read_over(
    source: Source, head: bytes, offset: int, index: int, error: MalformedError
) -> Section | None:
    """A section whose frame is malformed, if its size is not what is wrong."""
    window = Content(head)
    id = byte.read(window, "")
    try:
        size: int = u32.read(window, "")
    except MalformedError:
        return None
    start = offset + window.tell()
    if start + size > source.size:
        return None
    section_class: type[Section] = Section
    word, at = f"unknown ({id})", start
    if id == CUSTOM_ID:
        word, at = _legible_name(source, start, size)
        section_class = CustomSection
    part = error.path.rpartition(".")[2]
    fault = FrameFault(part, error.offset - offset, error.reason)
    return section_class(id, word, index, offset, Frame(source, offset, at, start + size), fault)


def _legible_name(source: Source, start: int, size: int) -> tuple[str, int]:
    """What can be read of a malformed name, and where the content starts behind it."""
    window = Content(source.read(start, min(size, _HEAD)))
    try:
        length: int = u32.read(window, "")
    except MalformedError:
        return "", start
    end = window.tell() + length
    if end > size:
        return "", start
    raw = source.read(start + window.tell(), length)
    return raw.decode(errors="backslashreplace"), start + end


def _read_name(source: Source, start: int, size: int, path: str) -> tuple[str, int]:
    """The name of a custom section, and where its content starts."""
    window = Content(source.read(start, min(size, _HEAD)), start, f"{path}.name")
    length = u32.read(window, "")
    needed = window.tell() + length
    if needed > size:
        window.malformed("", 0, "length out of bounds")
    whole = Content(source.read(start, needed), start, f"{path}.name")
    return name.read(whole, ""), start + whole.tell()
