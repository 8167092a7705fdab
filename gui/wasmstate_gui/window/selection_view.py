"""The selection in every pane: a choice in one is shown by the others."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject

from wasmstate_gui.core.bytes.values_at_cursor import LONGEST, values_at
from wasmstate_gui.core.document.layout_rows import LayoutRow
from wasmstate_gui.core.module.entry_tables import FUNCTIONS, table_of
from wasmstate_gui.core.window.selection import Selection
from wasmstate_gui.document.selection_model import SelectionModel
from wasmstate_gui.window.panels import Panels


class SelectionView(QObject):
    """Connects tree, map, bytes, cells, lists and problems with the selection model."""

    def __init__(self, model: SelectionModel, panels: Panels) -> None:
        super().__init__(panels)
        self._model = model
        self._panels = panels
        page = panels.page
        panels.layout.chosen.connect(model.select_row)
        panels.layout.doubleClicked.connect(self._section_activated)
        panels.tensors.cell_chosen.connect(model.go_to_byte)
        panels.tensors.tensor_chosen.connect(model.select_tensor)
        panels.problems.chosen.connect(self._go_to)
        panels.why.chosen.connect(self._instruction_chosen)
        panels.module.range_chosen.connect(self._entry_chosen)
        panels.overview.range_chosen.connect(self._part_chosen)
        page.hex.moved.connect(model.go_to_byte)
        page.hex.ranged.connect(model.drag)
        page.strip.chosen.connect(self._go_to)
        model.selected.connect(self._show)
        model.revealed.connect(self._reveal)
        model.kept.connect(page.hex.follow_line)
        model.shown.connect(page.follow_view)

    def show_functions(self) -> None:
        """Show the functions and the instructions of the chosen one."""
        self._panels.show_list(FUNCTIONS)

    def _show(self, selection: Selection) -> None:
        panels = self._panels
        page = panels.page
        page.hex.select(selection.start, selection.end, selection.cursor)
        panels.layout.mark(selection.row)
        if selection.row is not None and selection.row.tensor is not None:
            panels.tensors.mark(selection.row.tensor, selection.cell)
        panels.place_label.show_text(selection.text)
        page.follow_view()
        at = selection.cursor if selection.cursor is not None else selection.start
        page.values_bar.show_values(values_at(page.hex.dump.read(at, at + LONGEST)))

    def _reveal(self, offset: int, at_top: bool) -> None:
        self._panels.page.hex.reveal(offset, at_top=at_top)

    def _go_to(self, offset: int) -> None:
        self._model.go_to_byte(offset, at_top=True)

    def _instruction_chosen(self, offset: int) -> None:
        self.show_functions()
        self._model.go_to_byte(offset, at_top=True)

    def _entry_chosen(self, start: int, end: int) -> None:
        if end > start:
            self._model.select_range(start, end - 1)

    def _part_chosen(self, start: int, end: int) -> None:
        self._entry_chosen(start, end)
        if self._model.selection is not None and self._model.selection.row is not None:
            self._show_list(self._model.selection.row)

    def _section_activated(self, index: QModelIndex) -> None:
        self._show_list(self._panels.layout.layout_model.row(index))

    def _show_list(self, row: LayoutRow) -> None:
        """Show the list of a section, if it has one."""
        kind = table_of(row.name, row.kind)
        if kind is not None:
            self._panels.show_list(kind)
