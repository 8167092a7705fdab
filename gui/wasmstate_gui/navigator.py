"""One selection for all panels: whoever sets it, the others follow."""

from __future__ import annotations

from PySide6.QtCore import QObject

from wasmstate_gui.presenters.layout import LayoutRow, flat
from wasmstate_gui.presenters.picture import Picture
from wasmstate_gui.presenters.selection import Selection, again, at_byte, first_selection, of_row
from wasmstate_gui.presenters.tensors import next_changed
from wasmstate_gui.shell import Shell


class Navigator(QObject):
    """Listens to tree, map, bytes, cells and problems, and tells each what the others chose."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.selection: Selection | None = None
        self._shell = shell
        self._picture: Picture | None = None
        shell.layout_panel.chosen.connect(self._row_chosen)
        shell.tensors_panel.cell_chosen.connect(self._byte_chosen)
        shell.tensors_panel.tensor_chosen.connect(self._tensor_chosen)
        shell.problems_panel.chosen.connect(self._go_to)
        shell.page.hex.moved.connect(self._byte_chosen)
        shell.page.strip.chosen.connect(self._go_to)

    def show(self, picture: Picture) -> None:
        """Another picture is shown; what was selected stays so, if it is still there."""
        self._picture = picture
        if self.selection is not None:
            source = picture.document.source
            self._select(again(self.selection, source, picture.rows, picture.tensors))
        self._shell.page.follow_view()

    def begin(self) -> None:
        """Select what is of most interest in a file just opened, and go there."""
        picture = self._picture
        first = first_selection(picture.rows, picture.tensors) if picture is not None else None
        if picture is None or first is None:
            return
        tensors = [row for row in flat(picture.rows) if row.tensor is not None]
        if tensors:
            # As many tensors as there is room for, not the first one alone.
            self._shell.page.hex.reveal(tensors[-1].end - 1)
        self._select(first)
        self._shell.page.hex.reveal(first.start, at_top=not tensors)

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
        shell = self._shell
        shell.page.hex.select(selection.start, selection.end, selection.cursor)
        shell.layout_panel.mark(selection.row)
        if selection.row is not None and selection.row.tensor is not None:
            shell.tensors_panel.mark(selection.row.tensor, selection.cell)
        shell.place_label.show_text(selection.text)
        shell.page.follow_view()

    def _byte_chosen(self, offset: int) -> None:
        picture = self._picture
        if picture is not None and picture.document.source.size:
            source = picture.document.source
            offset = min(max(offset, 0), source.size - 1)
            self._select(at_byte(offset, source, picture.rows, picture.tensors))
            self._shell.page.hex.reveal(offset)

    def _go_to(self, offset: int) -> None:
        self._byte_chosen(offset)
        if self.selection is not None and self.selection.cursor is not None:
            self._shell.page.hex.reveal(self.selection.cursor, at_top=True)

    def _row_chosen(self, row: LayoutRow) -> None:
        self._select(of_row(row))
        self._shell.page.hex.reveal(row.start, at_top=True)

    def _tensor_chosen(self, name: str) -> None:
        for row in flat(self._picture.rows if self._picture else ()):
            if row.tensor == name:
                self._select(of_row(row))
                self._shell.page.hex.reveal(row.start)
