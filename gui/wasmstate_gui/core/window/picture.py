"""Everything that the panels show of one document, each part computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from wasmstate.state.state import SECTION_NAME
from wasmstate_gui.core.bytes.hexdump import HexDump
from wasmstate_gui.core.bytes.notes import Notes
from wasmstate_gui.core.document.document import Document, Offsets, Since
from wasmstate_gui.core.document.layout_rows import LayoutRow, layout_rows
from wasmstate_gui.core.tensors.tensor_table import TensorRow, remnant_rows, tensor_rows


@dataclass(frozen=True)
class Picture:
    """A document as rows, bytes and tensors.

    Attributes:
        document: what is shown.
        since: what changes are shown against.
    """

    document: Document
    since: Since = "step"

    def prepare(self) -> Picture:
        """Compute all of it now, in whatever thread this is, so that showing it takes no time."""
        self.dump.lines(0, 1)
        for tensor in self.tensors:
            tensor.prepare()
        _ = self.document.is_dirty
        return self

    @cached_property
    def damage(self) -> tuple[int, ...]:
        """Offsets of what was found wrong."""
        found = {f.offset for f in self.document.base.findings if f.offset is not None}
        return tuple(sorted(found))

    @property
    def first_damage(self) -> int | None:
        """Where the first error was found, warnings aside."""
        errors = (f for f in self.document.base.findings if f.severity == "error")
        return next((f.offset for f in errors if f.offset is not None), None)

    @cached_property
    def rows(self) -> list[LayoutRow]:
        """The layout."""
        document = self.document
        size, remains = document.source.size, document.base.remains
        return layout_rows(document.module, size, document.state, self.damage, remains)

    @cached_property
    def changed(self) -> Offsets:
        """Offsets of changed bytes."""
        return self.document.changed(self.since)

    @cached_property
    def dump(self) -> HexDump:
        """The bytes."""
        return HexDump(
            self.document.source,
            self.rows,
            self.changed,
            self.damage,
            self.document.derived(self.since),
            notes=Notes(self.document.module, self.tensors),
        )

    @cached_property
    def tensors(self) -> list[TensorRow]:
        """The tensors."""
        document = self.document
        sections = document.module.custom_sections(SECTION_NAME)
        at = sections[0].content_offset if sections else 0
        if document.state is None:
            return remnant_rows(document.base.remains, at)
        return tensor_rows(document.state, document.compared_with(self.since), at)
