"""The selection that all panes share: one range of the file, and its meaning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from wasmstate_gui.core.document.layout_rows import LayoutRow, flat, row_at
from wasmstate_gui.core.tensors.tensor_table import next_changed
from wasmstate_gui.core.window.containing_parts import ladder, next_rung
from wasmstate_gui.core.window.go_to import Place
from wasmstate_gui.core.window.picture import Picture
from wasmstate_gui.core.window.selection import (
    Selection,
    again,
    at_byte,
    first_selection,
    of_range,
    of_row,
)
from wasmstate_gui.core.window.visited_places import VisitedPlaces


class SelectionModel(QObject):
    """Holds the selection; whoever changes it, every listener hears of it.

    Attributes:
        selection: the selected range, or ``None`` before a file is open.
    """

    selected = Signal(object)
    """Another :class:`Selection`."""
    moved = Signal(int)
    """The cursor is at another byte, or at the first one of the selection."""
    revealed = Signal(int, bool)
    """A byte must be visible; True: on the first line of the view."""
    kept = Signal(int, int)
    """The selection is the same in a new picture: the line of its first byte before and now."""
    shown = Signal()
    """A new picture is shown."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.selection: Selection | None = None
        self._picture: Picture | None = None
        self._visited = VisitedPlaces()

    def show(self, picture: Picture) -> None:
        """Use another picture; the selection stays if its range still exists."""
        before, self._picture = self._picture, picture
        old = self.selection
        if old is not None:
            source = picture.document.source
            self._show(again(old, source, picture.rows, picture.tensors))
            if before is not None and self.selection is not None:
                line = before.dump.line_of(old.start)
                self.kept.emit(line, picture.dump.line_of(self.selection.start))
        self.shown.emit()

    def begin(self) -> None:
        """Select what is of most interest in a file just opened, and go there."""
        self._visited = VisitedPlaces()
        picture = self._picture
        first = first_selection(picture.rows, picture.tensors) if picture is not None else None
        if picture is None or first is None:
            return
        tensors = [row for row in flat(picture.rows) if row.tensor is not None]
        if tensors:
            # As many tensors as there is room for, not the first one alone.
            self.revealed.emit(tensors[-1].end - 1, False)
        if picture.first_damage is not None:
            self.go_to_byte(picture.first_damage, at_top=True)
            return
        self._select(first)
        self.revealed.emit(first.start, not tensors)

    def reveal(self) -> None:
        """Bring the selection into view: its cursor, or its range and the first change in it."""
        here, picture = self.selection, self._picture
        if here is None or picture is None:
            return
        if here.cursor is not None:
            self.revealed.emit(here.cursor, False)
            return
        changed = next_changed(picture.tensors, here.start - 1, 1)
        self.revealed.emit(here.end - 1, False)
        self.revealed.emit(here.start, False)
        if changed is not None and here.start <= changed < here.end:
            self.revealed.emit(changed, False)

    def go_to_byte(self, offset: int, *, at_top: bool = False) -> None:
        """Put the cursor on a byte."""
        picture = self._picture
        if picture is not None and picture.document.source.size:
            source = picture.document.source
            offset = min(max(offset, 0), source.size - 1)
            chosen = at_byte(offset, source, picture.rows, picture.tensors)
            self._select(chosen)
            self.revealed.emit(chosen.end - 1, False)  # an element may go on in the next row
            self.revealed.emit(offset, False)
            if at_top:
                self.revealed.emit(offset, True)

    def select_range(self, start: int, last: int, what: str = "") -> None:
        """Select bytes, and show them; the cursor is at the first."""
        picture = self._picture
        if picture is not None and picture.document.source.size:
            self._select(of_range(last, start, picture.rows, picture.tensors, what))
            self.revealed.emit(last, False)
            self.revealed.emit(start, False)

    def drag(self, anchor: int, cursor: int) -> None:
        """Select from one byte to another, where the cursor is."""
        picture = self._picture
        if picture is not None:
            self._show(of_range(anchor, cursor, picture.rows, picture.tensors))
            self.revealed.emit(cursor, False)

    def select_row(self, row: LayoutRow) -> None:
        """Select a row of the layout, at the top of the bytes."""
        self._select(of_row(row))
        self.revealed.emit(row.start, True)

    def select_tensor(self, name: str) -> None:
        """Select a tensor by its name."""
        for row in flat(self._picture.rows if self._picture else ()):
            if row.tensor == name:
                self._select(of_row(row))
                self.reveal()

    def go_to_place(self, place: Place) -> None:
        """Select a place, at the top of the bytes."""
        if place.end - place.start == 1:
            self.go_to_byte(place.start)
        else:
            self.select_range(place.start, place.end - 1, place.label)
        self.revealed.emit(place.start, True)

    def select_all(self) -> None:
        """Select every byte; the view stays."""
        picture = self._picture
        if picture is not None and picture.document.source.size:
            last = picture.document.source.size - 1
            self._select(of_range(last, 0, picture.rows, picture.tensors, "the whole file"))

    def select_field(self, known: Iterable[Place] = ()) -> None:
        """Select the field at the cursor; if that is selected, the part that contains it."""
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
        """Go to the previous changed element."""
        self._go_to_change(-1)

    def show_changed_tensor(self) -> None:
        """Select the first changed tensor, if there is one."""
        changed = [t for t in self._picture.tensors if t.changed_count] if self._picture else []
        if changed:
            self.select_tensor(changed[0].tensor.name)

    def _go_to_change(self, direction: int) -> None:
        here = self.selection.start if self.selection is not None else 0
        tensors = self._picture.tensors if self._picture is not None else []
        offset = next_changed(tensors, here, direction)
        if offset is not None:
            self.go_to_byte(offset)

    def back(self) -> None:
        """Go to the place before."""
        self._visit(-1)

    def forward(self) -> None:
        """Go to the place after, once back from it."""
        self._visit(1)

    def _visit(self, by: int) -> None:
        offset = self._visited.go(by)
        if offset is not None:
            self.go_to_byte(offset)

    def _select(self, selection: Selection | None) -> None:
        if selection is not None:
            at = selection.cursor if selection.cursor is not None else selection.start
            self._visited.visit(at)
        self._show(selection)

    def _show(self, selection: Selection | None) -> None:
        self.selection = selection
        if selection is not None:
            self.selected.emit(selection)
            self.moved.emit(selection.cursor if selection.cursor is not None else selection.start)
