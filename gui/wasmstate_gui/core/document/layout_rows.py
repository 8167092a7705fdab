"""The file's layout as rows: sections in file order, and the parts of the state section."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wasmstate.binary.module import Module
from wasmstate.binary.sections import CUSTOM_ID
from wasmstate.binary.sections.base import Section
from wasmstate.state.damage.tensor_trust import Remnant
from wasmstate.state.layout import HEADER_SIZE, REGION_SIZE, TRAILER_SIZE
from wasmstate.state.state import SECTION_NAME, State
from wasmstate.state.tensor import Tensor, shape_text
from wasmstate_gui.core.texts import counted

_KIND_OF = {"code": "code", "core module": "code", "component": "code", "data": "data"}
_PREAMBLE = 8


@dataclass(frozen=True, slots=True)
class LayoutRow:
    """A range of the file that has a name.

    Attributes:
        name: as the first column shows it.
        kind: one of :data:`~wasmstate_gui.core.document.byte_kinds.KINDS`.
        start: offset of the first byte that belongs to it; of a section, its id.
        end: offset of the first byte after it.
        size: what the third column shows; of a section, that of its content.
        tensor: the tensor's name, if it is one.
        damaged: whether something was found wrong inside.
        children: parts, in file order.
    """

    name: str
    kind: str
    start: int
    end: int
    size: int
    tensor: str | None = None
    damaged: bool = False
    children: tuple[LayoutRow, ...] = ()

    @property
    def hint(self) -> str:
        """What a tooltip says."""
        return (
            f"{self.name}\n0x{self.start:X} to 0x{self.end - 1:X}, {self.sizes}"
            f"{chr(10) + 'damaged' if self.damaged else ''}"
        )

    @property
    def sizes(self) -> str:
        """``1,216 bytes``; of a section also the number of bytes with id and size."""
        whole = self.end - self.start
        more = f", {whole:,} with id and size" if whole != self.size else ""
        return f"{counted(self.size, 'byte')}{more}"


def layout_rows(
    module: Module,
    size: int,
    state: State | None,
    damage: Sequence[int] = (),
    remains: Sequence[Remnant] = (),
) -> list[LayoutRow]:
    """The rows of a module.

    Args:
        module: opened with ``strict=False``.
        size: of the file.
        state: what the state section means, if that can be told.
        damage: offsets of what was found wrong.
        remains: the tensors of a state section that is damaged.
    """
    rows = []
    read = module.sections[-1].end if module.sections else min(_PREAMBLE, size)
    if module.damage is not None and not module.sections:
        read = min(_PREAMBLE, module.damage.offset)
    if read and not (module.damage is not None and module.damage.path in ("magic", "version")):
        rows.append(LayoutRow("magic + version", "header", 0, _PREAMBLE, _PREAMBLE))
    else:
        read = 0
    rows += [_section_row(section, state, damage, remains) for section in module.sections]
    if read < size:
        name = "unreadable rest" if rows else "not WebAssembly"
        rows.append(LayoutRow(name, "unknown", read, size, size - read, damaged=True))
    return rows


def kind_of(section: Section) -> str:
    """The colour class of a section."""
    if section.id == CUSTOM_ID:
        return "state" if section.name == SECTION_NAME else "custom"
    if section.fault is not None:
        return "unknown"
    return _KIND_OF.get(section.name, "declarations")


def _section_row(
    section: Section, state: State | None, damage: Sequence[int], remains: Sequence[Remnant]
) -> LayoutRow:
    children: tuple[LayoutRow, ...] = ()
    kind = kind_of(section)
    if kind == "state":
        parts = _state_parts(section, state, remains)
        children = tuple(
            LayoutRow(name, kind, start, end, end - start, tensor, _hit(start, end, damage))
            for name, start, end, tensor in parts
        )
    return LayoutRow(
        section.name,
        kind,
        section.offset,
        section.end,
        section.size,
        damaged=section.fault is not None or _hit(section.offset, section.end, damage),
        children=children,
    )


def _hit(start: int, end: int, damage: Sequence[int]) -> bool:
    return any(start <= offset < end for offset in damage)


def _state_parts(
    section: Section, state: State | None, remains: Sequence[Remnant]
) -> Iterator[tuple[str, int, int, str | None]]:
    at, end = section.content_offset, section.end
    if section.size < HEADER_SIZE + TRAILER_SIZE:
        return
    yield "header", at, at + HEADER_SIZE, None
    if state is not None:
        table = at + HEADER_SIZE
        schema = table + REGION_SIZE * len(state.regions)
        yield "region table", table, schema, None
        yield "schema", schema, schema + len(state.record.schema), None
        for tensor in sorted(state.tensors, key=lambda t: state.content_offset(t.name)):
            start = at + state.content_offset(tensor.name)
            yield tensor_label(tensor), start, start + tensor.nbytes, tensor.name
    else:
        found = sorted(remains, key=lambda r: r.start)
        if found:
            # Their tensors were described, so both are proven; where one ends is in the other.
            yield "region table, schema", at + HEADER_SIZE, at + found[0].start, None
        for each in found:
            start, end_of = at + each.start, at + each.start + len(each.content)
            yield tensor_label(each.tensor), start, end_of, each.tensor.name
    yield "trailer", end - TRAILER_SIZE, end, None


def tensor_label(tensor: Tensor) -> str:
    """``weights  f32[4,8]``."""
    return f"{tensor.name}  {tensor.dtype}{shape_text(tensor.shape)}"


def flat(rows: Sequence[LayoutRow]) -> Iterator[LayoutRow]:
    """Rows and their children, in file order, a section before its parts."""
    for row in rows:
        yield row
        yield from row.children


def row_at(rows: Sequence[LayoutRow], offset: int) -> LayoutRow | None:
    """The smallest row that holds a byte."""
    found = None
    for row in flat(rows):
        if row.start <= offset < row.end:
            found = row
    return found
