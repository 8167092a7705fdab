"""Lists of entries, edited, in which what was not changed keeps its bytes.

An entry that was there before is copied as it was written, wherever it stands now. One that takes
the place of another is written with integers as wide as there, so that a value of the same size
moves nothing behind it. An entry is known again by its shortest encoding: not all are hashable.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from construct import Construct

from wasmstate.binary.content import Content, Field
from wasmstate.binary.values import u32


def edited_list(
    entry: Construct[Any, Any],
    content: bytes,
    starts: Sequence[int],
    old: Sequence[Any],
    new: Sequence[Any],
) -> bytes:
    """The content of a section with other entries.

    Args:
        entry: how one entry is laid out.
        content: of the section before.
        starts: where in it each entry starts, and where the last one ends.
        old: the entries before.
        new: the entries now.

    Raises:
        SectionError: if an entry cannot be encoded.
    """
    raw = [content[start:end] for start, end in itertools.pairwise(starts)]
    known = {entry.build(value): piece for value, piece in zip(old, raw, strict=True)}
    pieces = []
    for i, value in enumerate(new):
        shortest = entry.build(value)
        piece = known.get(shortest)
        if piece is None:
            takes_place = len(old) == len(new)
            piece = _as_wide(entry, shortest, raw[i]) if takes_place else shortest
        pieces.append(piece)
    return u32.encode_padded(len(new), starts[0]) + b"".join(pieces)


def _as_wide(entry: Construct[Any, Any], new: bytes, old: bytes) -> bytes:
    """The bytes of an entry, with fields as wide as those of the one whose place it takes."""
    before, after = _fields(entry, old), _fields(entry, new)
    if [field.path for field in before] != [field.path for field in after]:
        return new
    return b"".join(
        _field_as_wide(
            now,
            new[now.offset : now.offset + now.size],
            was,
            old[was.offset : was.offset + was.size],
        )
        for was, now in zip(before, after, strict=True)
    )


def _field_as_wide(now: Field, new: bytes, was: Field, old: bytes) -> bytes:
    if now.value == was.value:
        return old
    tail, tail_before = _tail(now, new), _tail(was, old)
    if tail is not None and tail_before is not None:
        return u32.encode_padded(len(tail), len(old) - len(tail_before)) + tail
    if isinstance(now.value, int) and len(new) < len(old) and 0 <= now.value < 1 << 32:
        return u32.encode_padded(now.value, len(old))
    return new


def _tail(field: Field, raw: bytes) -> bytes | None:
    """The bytes behind their number, of a name or of bytes; a word for a byte is neither."""
    value = field.value.encode() if isinstance(field.value, str) else field.value
    is_counted = isinstance(value, bytes) and len(raw) > len(value) and raw.endswith(value)
    return value if is_counted else None


def _fields(entry: Construct[Any, Any], raw: bytes) -> list[Field]:
    trace: list[Field] = []
    entry.parse_stream(Content(raw, trace=trace))
    return trace
