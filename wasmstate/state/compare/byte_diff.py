"""What changed from one file to another, byte by byte."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from wasmstate.binary.module import Module
from wasmstate.binary.sections.base import Section
from wasmstate.state.layout import REGION_SIZE, TRAILER_SIZE
from wasmstate.state.older import PREV_SECTION, STATE_SECTION
from wasmstate.state.state import State

NEAR = 16
"""Changes with fewer unchanged bytes than this between them are one range."""
MOST_RANGES = 100
"""Most ranges of one part of a record; the nearest are joined until there are no more."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes of a state section that differ, with a few between them that do not.

    Attributes:
        offset: of the first, from the start of the file.
        size: in bytes.
        part: of the record: ``header``, ``regions``, ``schema``, ``payload`` or ``trailer``.
        tensor: of the payload, the tensor whose bytes they are; else ``None``.
    """

    offset: int
    size: int
    part: str
    tensor: str | None = None


@dataclass(frozen=True, slots=True)
class SectionDiff:
    """A section other than state and history that differs.

    Attributes:
        name: the section's.
        kind: ``changed``, ``added`` or ``removed``.
        offset: of its id byte in the second file; if it was removed, in the first.
        size: of its content there.
    """

    name: str
    kind: str
    offset: int
    size: int


class RecordPart(NamedTuple):
    """A part of a record.

    Attributes:
        name: as :attr:`ByteRange.part`.
        start: of its first byte, from the start of the content.
        end: of the first byte behind it.
        tensor: as :attr:`ByteRange.tensor`.
    """

    name: str
    start: int
    end: int
    tensor: str | None = None


def record_parts(state: State) -> Iterator[RecordPart]:
    """The parts of a record without a hole; the payload tensor by tensor."""
    record = state.record
    regions = record.header_length + REGION_SIZE * len(record.regions)
    end = record.payload_offset + len(record.payload)
    yield RecordPart("header", 0, record.header_length)
    yield RecordPart("regions", record.header_length, regions)
    yield RecordPart("schema", regions, record.payload_offset)
    at = record.payload_offset
    places = ((state.content_offset(each.name), each) for each in state.tensors)
    for start, tensor in sorted(places, key=lambda place: place[0]):
        if start > at:
            yield RecordPart("payload", at, start)
        at = start + tensor.nbytes
        yield RecordPart("payload", start, at, tensor.name)
    if end > at:
        yield RecordPart("payload", at, end)
    yield RecordPart("trailer", end, end + TRAILER_SIZE)


def byte_ranges(before: State, after: State, offset: int) -> tuple[ByteRange, ...] | None:
    """The ranges in which two records differ; ``None`` if they are not laid out alike.

    Args:
        before: S1.
        after: S2.
        offset: of the content of the record of S2, from the start of its file.
    """
    parts = list(record_parts(after))
    if parts != list(record_parts(before)):
        return None
    old = np.frombuffer(before.to_content(), np.uint8)
    new = np.frombuffer(after.to_content(), np.uint8)
    ranges = []
    for part, start, end, tensor in parts:
        changed = np.flatnonzero(old[start:end] != new[start:end]) + start
        if not len(changed):
            continue
        gaps = np.diff(changed)
        near = NEAR
        if np.count_nonzero(gaps > near) >= MOST_RANGES:
            near = int(np.partition(gaps, -MOST_RANGES)[-MOST_RANGES])
        for run in np.split(changed, np.flatnonzero(gaps > near) + 1):
            first, last = int(run[0]), int(run[-1])
            ranges.append(ByteRange(offset + first, last + 1 - first, part, tensor))
    return tuple(ranges)


def section_diffs(before: Module, after: Module) -> list[SectionDiff]:
    """The sections other than state and history that differ, in file order, removed ones last.

    Sections of one name are compared in their order.
    """
    old, new = _by_place(before), _by_place(after)
    diffs = []
    for place, section in new.items():
        if place not in old:
            diffs.append(SectionDiff(section.name, "added", section.offset, section.size))
        elif (old[place].size, old[place].content) != (section.size, section.content):
            diffs.append(SectionDiff(section.name, "changed", section.offset, section.size))
    diffs += [
        SectionDiff(section.name, "removed", section.offset, section.size)
        for place, section in old.items()
        if place not in new
    ]
    return diffs


def _by_place(module: Module) -> dict[tuple[int, str, int], Section]:
    seen: Counter[tuple[int, str]] = Counter()
    found: dict[tuple[int, str, int], Section] = {}
    for section in module.sections:
        key = (section.id, section.name)
        if section.name not in (PREV_SECTION, STATE_SECTION):
            found[*key, seen[key]] = section
            seen[key] += 1
    return found
