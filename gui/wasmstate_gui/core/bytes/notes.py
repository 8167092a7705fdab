"""What stands at the right of the bytes: the fields and elements that begin in a row."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from wasmstate.binary.content import Field
from wasmstate.binary.module import Module
from wasmstate.binary.sections.base import Section
from wasmstate.errors import MalformedError
from wasmstate.state.compare.record_fields import RECORD_SECTIONS, section_fields
from wasmstate_gui.core.tensors.tensor_table import TensorRow, cell_offset, cell_text

MOST_FIELDS = 8 << 10
"""Bytes of a section whose every field is looked at; of larger ones only id and size are noted."""

_LONGEST = 24  # characters of a value


@dataclass(frozen=True)
class Notes:
    """Notes on a file.

    Args:
        module: its sections.
        tensors: of its state.
    """

    module: Module | None = None
    tensors: Sequence[TensorRow] = ()
    _known: dict[tuple[int, int], str] = field(default_factory=dict, compare=False)

    def of(self, start: int, end: int) -> str:
        """What begins in a range of bytes: ``count 4``, ``w[0] = 16.0 (was 1.0)``."""
        text = self._known.get((start, end))
        if text is None:
            found = sorted([*self._of_sections(start, end), *self._of_cells(start, end)])
            text = self._known[start, end] = " \u00b7 ".join(each for _, each in found)
        return text

    def _of_sections(self, start: int, end: int) -> Iterator[tuple[int, str]]:
        for section in self.module.sections if self.module is not None else ():
            if section.end <= start or section.offset >= end:
                continue
            if section.offset >= start:
                yield section.offset, f"id {section.id}, size {section.size:,}"
            fields = _fields(section)
            yield from fields[bisect_left(fields, (start,)) : bisect_left(fields, (end,))]

    def _of_cells(self, start: int, end: int) -> Iterator[tuple[int, str]]:
        for row in self.tensors:
            size = row.values.itemsize
            first = max(0, -(-(start - row.offset) // size))
            after = min(row.values.size, -(-(end - row.offset) // size))
            for index in range(first, after):
                yield cell_offset(row, index), cell_text(row, index)


@lru_cache(maxsize=64)
def _fields(section: Section) -> list[tuple[int, str]]:
    """The fields of a section and where each begins, in file order."""
    if section.size > MOST_FIELDS:
        return []
    if section.name in RECORD_SECTIONS:
        fields, _ = section_fields(section.name, section.content, section.content_offset)
        fields = [each for each in fields if not each.path.startswith("payload.")]
        return sorted((each.offset, _text(each, "")) for each in fields)
    try:
        fields = section.fields()
    except MalformedError:
        return []
    return sorted((each.offset, _text(each, f" ({each.size} bytes)")) for each in fields)


def _text(field: Field, length: str) -> str:
    """A field with its value, and how long an integer is that takes more than a byte."""
    path = field.path.removeprefix("entries").removeprefix(".")
    if isinstance(field.value, bytes):
        return path
    value = str(field.value)
    if len(value) > _LONGEST:
        value = f"{value[: _LONGEST - 1]}\u2026"
    is_long = isinstance(field.value, int) and field.size > 1
    return f"{path} {value}{length if is_long else ''}"
