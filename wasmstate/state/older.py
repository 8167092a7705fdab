"""Older records in the file: how they are kept, and how they are told apart.

``wasmstate.prev`` holds the records of the generations before, oldest first. A commit puts the
bytes of the record that it replaces behind them, as they are, and drops the oldest from the front:
nothing in them is decoded, so a damaged one stands in nobody's way. Bytes that are no record stay
where they are, and leave as the records around them do: by age.

Source: docs/format.md, "History".
"""

from __future__ import annotations

import zlib
from numbers import Integral
from typing import NamedTuple

from wasmstate.binary.module import Module
from wasmstate.state.layout import (
    HEADER_SIZE,
    MAGIC,
    MAX_HEADER_SIZE,
    MAX_KEEP,
    TRAILER_MAGIC,
    TRAILER_SIZE,
    field_offsets,
    header,
    trailer,
)

STATE_SECTION = "wasmstate.state"
PREV_SECTION = "wasmstate.prev"
INIT_SECTION = "wasmstate.init"

_HEADER = field_offsets(header)
_TRAILER = field_offsets(trailer)


class Part(NamedTuple):
    """A stretch of the content of ``wasmstate.prev``.

    Attributes:
        offset: of its first byte, from the start of the content.
        end: of the first byte behind it.
        is_record: whether header and trailer agree that this is one record; whether all of it is
            whole is for :func:`~wasmstate.state.reading.decode_record` to say. If not, these bytes
            stand where records should.
    """

    offset: int
    end: int
    is_record: bool


def split(content: bytes) -> list[Part]:
    """The records in these bytes, and what stands between them. Takes any bytes whatever."""
    parts: list[Part] = []
    at = 0
    while at < len(content):
        end = _record_end(content, at)
        if end is not None:
            parts.append(Part(at, end, is_record=True))
        else:
            end = _next_record(content, at)
            parts.append(Part(at, end, is_record=False))
        at = end
    return parts


def generations(content: bytes) -> list[tuple[Part, int | None]]:
    """The parts with their generations; ``None`` of what is no record."""
    at = _HEADER["generation"]
    return [
        (part, int.from_bytes(content[part.offset + at : part.offset + at + 8], "little"))
        if part.is_record
        else (part, None)
        for part in split(content)
    ]


def split_off_newest(content: bytes) -> tuple[bytes, bytes]:
    """The older records, and the newest one; that is empty if the last bytes are no record."""
    parts = split(content)
    if not parts or not parts[-1].is_record:
        return content, b""
    return content[: parts[-1].offset], content[parts[-1].offset :]


def _next_record(content: bytes, at: int) -> int:
    while (at := content.find(MAGIC, at + 1)) >= 0:
        if _record_end(content, at) is not None:
            return at
    return len(content)


def _record_end(content: bytes, at: int) -> int | None:
    """Where the record at ``at`` ends, if one starts there. Cheapest checks first."""
    if not content.startswith(MAGIC, at) or len(content) - at < HEADER_SIZE + TRAILER_SIZE:
        return None

    def number(offset: int, size: int) -> int:
        return int.from_bytes(content[offset : offset + size], "little")

    length = number(at + _HEADER["payload_offset"], 8) + number(at + _HEADER["payload_length"], 8)
    last = at + length  # the trailer's first byte
    if not content.startswith(TRAILER_MAGIC, last) or last + TRAILER_SIZE > len(content):
        return None
    header_length = number(at + _HEADER["header_length"], 4)
    if (
        number(last + _TRAILER["length"], 8) != length + TRAILER_SIZE
        or zlib.crc32(content[last : last + TRAILER_SIZE - 4])
        != number(last + _TRAILER["crc32"], 4)
        or not HEADER_SIZE <= header_length <= min(length, MAX_HEADER_SIZE)
        or zlib.crc32(content[at : at + header_length - 4]) != number(at + header_length - 4, 4)
    ):
        return None
    return last + TRAILER_SIZE


def check_keep(keep: object) -> None:
    """Check a number of older records to keep.

    Raises:
        ValueError: if it is not a whole number between 0 and 64.
    """
    # NumPy's integers are such numbers, too; NumPy is not needed to know that.
    if isinstance(keep, bool) or not isinstance(keep, Integral) or not 0 <= int(keep) <= MAX_KEEP:
        raise ValueError(f"keep must be a whole number between 0 and {MAX_KEEP}, not {keep!r}")


def with_next(module: Module, content: bytes, keep: int) -> Module:
    """A copy of a module with another state record; the one it has becomes the newest of prev.

    Args:
        module: has exactly one state section.
        content: of the new state section.
        keep: how many older records are kept, from 0 to 64.

    Raises:
        SectionError: if the older records no longer fit into a section.
    """
    (state,) = module.custom_sections(STATE_SECTION)
    prev = module.custom_sections(PREV_SECTION)
    kept = state.content
    if keep > 1:
        older = b"".join(section.content for section in prev)
        parts = split(older)[1 - keep :]
        kept = older[parts[0].offset :] + kept if parts else kept
    if keep and [section.index for section in prev] == [state.index - 1]:
        return module.with_custom(PREV_SECTION, kept).with_custom(
            STATE_SECTION, content, force=True
        )
    if prev:
        module = module.without_custom(PREV_SECTION)
        (state,) = module.custom_sections(STATE_SECTION)
    if keep:
        module = module.with_custom(PREV_SECTION, kept, index=state.index)
    return module.with_custom(STATE_SECTION, content, force=True)
