"""What stands at the right of the bytes: the fields and elements that begin in a row."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from wasmstate.binary.content import Field
from wasmstate.binary.module import Module
from wasmstate.binary.sections.base import Section
from wasmstate.errors import MalformedError
from wasmstate.state.layout import HEADER_SIZE, field_offsets, header
from wasmstate.state.state import SECTION_NAME
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

    def of(self, start: int, end: int) -> str:
        """What begins in a range of bytes: ``count 4``, ``w[0] = 16.0 (was 1.0)``."""
        found = sorted([*self._of_sections(start, end), *self._of_cells(start, end)])
        return " \u00b7 ".join(text for _, text in found)

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
    if section.name == SECTION_NAME and section.size >= HEADER_SIZE:
        at = section.content_offset
        return sorted((at + offset, name) for name, offset in field_offsets(header).items())
    if section.size > MOST_FIELDS:
        return []
    try:
        return sorted((each.offset, _text(each)) for each in section.fields())
    except MalformedError:
        return []


def _text(field: Field) -> str:
    path = field.path.removeprefix("entries").removeprefix(".")
    if isinstance(field.value, bytes):
        return path
    value = str(field.value)
    if len(value) > _LONGEST:
        value = f"{value[: _LONGEST - 1]}\u2026"
    padded = f" ({field.size} bytes)" if isinstance(field.value, int) and field.size > 1 else ""
    return f"{path} {value}{padded}"
