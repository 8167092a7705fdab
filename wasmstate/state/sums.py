"""Checksums of the custom sections of others: the names, sources and notes in the same file.

The module digest covers the code, the record its state; nothing covers what other tools keep in
their custom sections. ``wasmstate.sums`` does, where somebody has asked for it. It is a section of
its own: a commit copies it with the other bytes and reads nothing for it, and a reader that does
not know it loses nothing.

Source: docs/format.md, "Checksums of other sections".
"""

from __future__ import annotations

import struct
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from wasmstate.binary.module import Module
from wasmstate.binary.sections.base import Section

SUMS_SECTION = "wasmstate.sums"

_OWN = "wasmstate."
_VERSION = 1
_HEAD = struct.Struct("<II")
_NAME = struct.Struct("<I")
_SUM = struct.Struct("<QI")
_CRC32 = struct.Struct("<I")
_CHUNK = 1 << 20


class Sum(NamedTuple):
    """What is kept of a custom section."""

    name: str
    size: int
    crc32: int


def with_sums(module: Module) -> Module:
    """A copy with the checksums of all custom sections of others as they are now."""
    return _written(module, [_sum(section) for section in _others(module)])


def carried_sums(before: Module, after: Module) -> Module:
    """The module with checksums for what was edited; those of all else stay what they were.

    So an edit of one section does not make damage of another one right.

    Args:
        before: the module that was edited.
        after: the same with the edit, still with the checksums from before.
    """
    old, new = before.custom_sections(SUMS_SECTION), after.custom_sections(SUMS_SECTION)
    if len(new) != 1 or [each.content for each in old] != [new[0].content]:
        return after  # there are none, or the edit is one of the checksums
    try:
        known = paired(before)
    except ValueError:
        return after  # damaged itself: it is for check to say so
    entries = {_place(section): entry for entry, section in known if section is not None}
    places = {_place(section) for section in _others(before)}
    kept = []
    for section in _others(after):
        place = _place(section)
        if place not in places:
            kept.append(_sum(section))
        elif place in entries:
            kept.append(entries[place])
    return after if _encode(kept) == new[0].content else _written(after, kept)


def paired(module: Module) -> list[tuple[Sum, Section | None]]:
    """Each checksum that is kept, with the section that it is of; ``None`` if that is gone.

    Raises:
        ValueError: saying why the checksums cannot be read.
    """
    (kept, *more) = module.custom_sections(SUMS_SECTION)
    if more:
        raise ValueError(f"{1 + len(more)} sections have this name")
    named: dict[str, list[Section]] = defaultdict(list)
    for section in reversed(_others(module)):
        named[section.name].append(section)
    return [
        (entry, named[entry.name].pop() if named[entry.name] else None)
        for entry in _decode(kept.content)
    ]


def is_as_kept(entry: Sum, section: Section) -> bool:
    """Whether a section has the checksum that was kept of it."""
    return _sum(section) == entry


def _others(module: Module) -> list[Section]:
    return [
        section
        for section in module.custom_sections()
        if section.fault is None and not section.name.startswith(_OWN)
    ]


def _place(section: Section) -> tuple[int, int, int]:
    frame = section.frame
    return id(frame.source), frame.start, frame.end


def _sum(section: Section) -> Sum:
    crc32, frame = 0, section.frame
    for at in range(frame.content_start, frame.end, _CHUNK):
        crc32 = zlib.crc32(frame.source.read(at, min(_CHUNK, frame.end - at)), crc32)
    return Sum(section.name, frame.end - frame.content_start, crc32)


def _written(module: Module, entries: Sequence[Sum]) -> Module:
    if module.custom_sections(SUMS_SECTION):
        return module.with_custom(SUMS_SECTION, _encode(entries))
    # The state stays the last section: what stands before it does not move when it changes.
    own = [each.index for each in module.custom_sections() if each.name.startswith(_OWN)]
    index = min(own, default=len(module.sections))
    return module.with_custom(SUMS_SECTION, _encode(entries), index=index)


def _encode(entries: Sequence[Sum]) -> bytes:
    content = _HEAD.pack(_VERSION, len(entries))
    for entry in entries:
        name = entry.name.encode()
        content += _NAME.pack(len(name)) + name + _SUM.pack(entry.size, entry.crc32)
    return content + _CRC32.pack(zlib.crc32(content))


def _decode(content: bytes) -> Iterator[Sum]:
    body, crc32 = content[: -_CRC32.size], content[-_CRC32.size :]
    if len(content) < _HEAD.size + _CRC32.size or _CRC32.pack(zlib.crc32(body)) != crc32:
        raise ValueError("its own CRC-32 is wrong")
    version, count = _HEAD.unpack_from(body)
    if version != _VERSION:
        raise ValueError(f"version {version} is not known")
    at = _HEAD.size
    try:
        for _ in range(count):
            (length,) = _NAME.unpack_from(body, at)
            at += _NAME.size
            name = body[at : at + length].decode()
            at += length
            yield Sum(name, *_SUM.unpack_from(body, at))
            at += _SUM.size
    except (struct.error, UnicodeDecodeError) as error:
        raise ValueError(f"entry at content offset {at:#x}: {error}") from error
    if at != len(body):
        raise ValueError(f"{len(body) - at} bytes are left over")
