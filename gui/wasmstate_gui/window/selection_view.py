"""One selection for all panels: whoever sets it, the others follow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from PySide6.QtCore import QModelIndex, QObject, Signal

from wasmstate_gui.core.bytes.values_at_cursor import LONGEST, values_at
from wasmstate_gui.core.document.layout_rows import LayoutRow, flat, row_at
from wasmstate_gui.core.module.entry_tables import table_of
from wasmstate_gui.core.tensors.tensor_table import next_changed
from wasmstate_gui.core.window.containing_parts import ladder, next_rung
from wasmstate_gui.core.window.go_to import Place
from wasmstate_gui.core.window.selection import (
    Selection,
    again,
    at_byte,
    first_selection,
    of_range,
    of_row,
)
from wasmstate_gui.core.window.view_state import Picture
from wasmstate_gui.window.panels import Panels


class Navigator(QObject):
    """Listens to tree, map, bytes, cells, lists and problems: what one chose the others show."""

    moved = Signal(int)
    """The cursor is at another byte, or at the first one of what was selected."""

    def __init__(self, panels: Panels) -> None:
        super().__init__(panels)
        self.selection: Selection | None = None
        self._panels = panels
        self._picture: Picture | None = None
        panels.layout.chosen.connect(self._row_chosen)
        panels.tensors.cell_chosen.connect(self._byte_chosen)
        panels.tensors.tensor_chosen.connect(self._tensor_chosen)
        panels.problems.chosen.connect(self._go_to)
        panels.page.hex.moved.connect(self._byte_chosen)
        panels.page.hex.ranged.connect(self._range_chosen)
        panels.page.strip.chosen.connect(self._go_to)
        panels.module.range_chosen.connect(self._entry_chosen)
        panels.layout.doubleClicked.connect(self._section_activated)

    def show(self, picture: Picture) -> None:
        """Another picture is shown; what was selected stays so, if it is still there."""
        before, self._picture = self._picture, picture
        old = self.selection
        if old is not None:
            source = picture.document.source
            self._select(again(old, source, picture.rows, picture.tensors))
            if before is not None and self.selection is not None:
                line = before.dump.line_of(old.start)
                now = picture.dump.line_of(self.selection.start)
                self._panels.page.hex.follow_line(line, now)
        self._panels.page.follow_view()

    def begin(self) -> None:
        """Select what is of most interest in a file just opened, and go there."""
        picture = self._picture
        first = first_selection(picture.rows, picture.tensors) if picture is not None else None
        if picture is None or first is None:
            return
        tensors = [row for row in flat(picture.rows) if row.tensor is not None]
        if tensors:
            # As many tensors as there is room for, not the first one alone.
            self._panels.page.hex.reveal(tensors[-1].end - 1)
        if picture.first_damage is not None:
            self._byte_chosen(picture.first_damage)
            return
        self._select(first)
        self._panels.page.hex.reveal(first.start, at_top=not tensors)

    def go_to_byte(self, offset: int) -> None:
        """Put the cursor on a byte."""
        self._byte_chosen(offset)

    def select_range(self, start: int, last: int, what: str = "") -> None:
        """Select bytes, and show them; the cursor is at the first."""
        picture = self._picture
        if picture is not None and picture.document.source.size:
            self._select(of_range(last, start, picture.rows, picture.tensors, what))
            self._panels.page.hex.reveal(last)
            self._panels.page.hex.reveal(start)

    def go_to_place(self, place: Place) -> None:
        """Select a place, at the top of the bytes."""
        if place.end - place.start == 1:
            self._byte_chosen(place.start)
        else:
            self.select_range(place.start, place.end - 1, place.label)
        self._panels.page.hex.reveal(place.start, at_top=True)

    def select_all(self) -> None:
        """Select every byte, where the view is staying."""
        picture = self._picture
        if picture is not None and picture.document.source.size:
            last = picture.document.source.size - 1
            self._select(of_range(last, 0, picture.rows, picture.tensors, "the whole file"))

    def select_field(self, known: Iterable[Place] = ()) -> None:
        """Select the field that the cursor is in; if that is selected, what it is a part of."""
        picture, selection = self._picture, self.selection
        if picture is None or selection is None:
            return
        at = selection.cursor if selection.cursor is not None else selection.start
        rungs = ladder(at, picture, known)
        if selection.is_range:
            rung = next_rung(rungs, selection.start, selection.end)
        else:
            rung = rungs[0] if rungs else None
        if rung is not None:
            chosen = of_range(rung.start, rung.end - 1, picture.rows, picture.tensors, rung.label)
            self._select(replace(chosen, cursor=at, row=row_at(picture.rows, at)))

    def next_change(self) -> None:
        """Go to the next changed element."""
        self._go_to_change(1)

    def previous_change(self) -> None:
        """Go to the changed element before."""
        self._go_to_change(-1)

    def _go_to_change(self, direction: int) -> None:
        here = self.selection.start if self.selection is not None else 0
        tensors = self._picture.tensors if self._picture is not None else []
        offset = next_changed(tensors, here, direction)
        if offset is not None:
            self._byte_chosen(offset)

    def show_changed_tensor(self) -> None:
        """Select the first tensor that changed, if there is one."""
        changed = [t for t in self._picture.tensors if t.changed_count] if self._picture else []
        if changed:
            self._tensor_chosen(changed[0].tensor.name)

    def _select(self, selection: Selection | None) -> None:
        self.selection = selection
        if selection is None:
            return
        panels = self._panels
        panels.page.hex.select(selection.start, selection.end, selection.cursor)
        panels.layout.mark(selection.row)
        if selection.row is not None and selection.row.tensor is not None:
            panels.tensors.mark(selection.row.tensor, selection.cell)
        panels.place_label.show_text(selection.text)
        panels.page.follow_view()
        at = selection.cursor if selection.cursor is not None else selection.start
        panels.page.values_bar.show_values(values_at(panels.page.hex.dump.read(at, at + LONGEST)))
        self.moved.emit(at)

    def _byte_chosen(self, offset: int) -> None:
        picture = self._picture
        if picture is not None and picture.document.source.size:
            source = picture.document.source
            offset = min(max(offset, 0), source.size - 1)
            self._select(at_byte(offset, source, picture.rows, picture.tensors))
            self._panels.page.hex.reveal(offset)

    def _range_chosen(self, anchor: int, cursor: int) -> None:
        picture = self._picture
        if picture is not None:
            self._select(of_range(anchor, cursor, picture.rows, picture.tensors))
            self._panels.page.hex.reveal(cursor)

    def _go_to(self, offset: int) -> None:
        self._byte_chosen(offset)
        if self.selection is not None and self.selection.cursor is not None:
            self._panels.page.hex.reveal(self.selection.cursor, at_top=True)

    def _row_chosen(self, row: LayoutRow) -> None:
        self._select(of_row(row))
        self._panels.page.hex.reveal(row.start, at_top=True)

    def _entry_chosen(self, start: int, end: int) -> None:
        if end > start:
            self.select_range(start, end - 1)

    def _section_activated(self, index: QModelIndex) -> None:
        """Show the list of a section, if it has one."""
        row = self._panels.layout.layout_model.row(index)
        kind = table_of(row.name, row.kind)
        if kind is not None:
            self._panels.show("Module")
            self._panels.module.kinds.setCurrentText(kind)

    def _tensor_chosen(self, name: str) -> None:
        for row in flat(self._picture.rows if self._picture else ()):
            if row.tensor == name:
                self._select(of_row(row))
                self._panels.page.hex.reveal(row.start)
