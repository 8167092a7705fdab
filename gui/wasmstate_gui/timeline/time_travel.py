"""Going back and forth through the steps."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from wasmstate_gui.core.remedies import told
from wasmstate_gui.core.timeline.plot_series import (
    HistoryView,
    Plots,
    cell_of,
    first_cells,
    history_view,
    mark_from,
)
from wasmstate_gui.core.timeline.timeline import Timeline
from wasmstate_gui.document.controller import Controller
from wasmstate_gui.document.selection_model import SelectionModel
from wasmstate_gui.timeline.timeline_panel import TimelinePanel

NO_STEPS = (
    "No steps: there is no state that could be stepped. Edits of bytes are undone with Ctrl+Z."
)


class TimeTravel(QObject):
    """Shows the controller's timeline in the panel, and tells the controller where to go."""

    def __init__(
        self, controller: Controller, selection_model: SelectionModel, panel: TimelinePanel
    ) -> None:
        super().__init__(controller)
        self._controller = controller
        self._selection_model = selection_model
        self._panel = panel
        self._plots = Plots()
        self._shown: Timeline | None = None
        self._ready: tuple[object, HistoryView] | None = None
        self.dialog: QFileDialog | None = None
        controller.prepare_with(self.prepare)
        panel.chosen.connect(self._position_chosen)
        panel.compared.connect(self._s1_chosen)
        panel.branch_chosen.connect(controller.go)
        panel.plot_button.clicked.connect(self.plot_cell)

    def show(self) -> None:
        """Show the timeline as it is now."""
        timeline, document = self._timeline, self._controller.document
        if timeline is None or document is None or self._controller.is_computing:
            return  # it is shown when the picture is
        if timeline is not self._shown:
            state = document.state
            if state is None or not timeline.fits(state.contents()):
                self._shown = None  # there is no state, or one that was mended by hand
                self._panel.show_reason(NO_STEPS)
                return
            self._shown = timeline
            self._plots = Plots(first_cells(state), state)
        self.prepare()
        assert self._ready is not None
        self._panel.show_view(self._ready[1])

    def prepare(self) -> None:
        """Work out what is to be shown, in the thread that made the step: deltas may be large."""
        timeline = self._timeline
        if timeline is None or timeline is not self._shown:
            return
        place = (timeline.here, len(timeline.path), timeline.path[0], timeline.on_disk)
        key = (timeline, place, len(timeline.notable), timeline.s1, tuple(self._plots.cells))
        if self._ready is None or self._ready[0] != key:
            self._ready = key, history_view(timeline, self._plots)

    def back(self) -> None:
        """To the step before."""
        self._go(-1)

    def forward(self) -> None:
        """To the next step of the branch."""
        self._go(1)

    def first(self) -> None:
        """To the oldest step."""
        self._position_chosen(0)

    def last(self) -> None:
        """To the newest step of the branch."""
        if self._timeline is not None:
            self._position_chosen(len(self._timeline.path) - 1)

    def next_branch(self) -> None:
        """To the next branch at the nearest fork behind."""
        other = self._timeline.other_branch(1) if self._timeline is not None else None
        if other is not None:
            self._controller.go(other)

    def next_mark(self) -> None:
        """To the next step with a mark."""
        self._go_to_mark(1)

    def previous_mark(self) -> None:
        """To the last step with a mark before the shown one."""
        self._go_to_mark(-1)

    def compare(self) -> None:
        """Compare all steps with the shown one, S1."""
        if self._timeline is not None:
            self._controller.compare_with("step", self._timeline.here)

    def plot_cell(self) -> None:
        """Plot the selected cell, or no longer."""
        document, selection = self._controller.document, self._selection_model.selection
        row = selection.row if selection is not None else None
        if document is None or document.state is None or row is None or row.tensor is None:
            self._controller.said.emit("Select a cell of a tensor first")
            return
        assert selection is not None
        cell = cell_of(document.state, row.tensor, selection.cell or 0)
        if not self._plots.toggle(cell):
            self._controller.said.emit("There is no room for another line; select one to remove it")
        self.show()

    def plot_all(self) -> None:
        """Show all steps in the plot."""
        self._panel.plot.canvas.show_all()

    def export_plot(self) -> None:
        """Ask for a file and write the plot there."""
        self.dialog = QFileDialog(self._panel, "Export the plot")
        self.dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        self.dialog.setNameFilters(["PNG (*.png)", "SVG (*.svg)", "CSV (*.csv)"])
        self.dialog.selectFile("plot.png")
        self.dialog.fileSelected.connect(self.export_plot_to)
        self.dialog.open()

    def export_plot_to(self, name: str) -> None:
        """Write the plot to a file."""
        try:
            self._panel.plot.export(Path(name))
        except OSError as error:
            self._controller.failed.emit("Not exported.", told(error))
        else:
            self._controller.said.emit(f"Exported the plot to {Path(name).name}")

    @property
    def _timeline(self) -> Timeline | None:
        return self._controller.timeline

    def _go(self, by: int) -> None:
        if self._timeline is not None:
            self._position_chosen(self._timeline.position + by)

    def _go_to_mark(self, by: int) -> None:
        place = mark_from(self._ready[1], by) if self._ready is not None else None
        if place is None:
            which = "behind" if by > 0 else "before"
            self._controller.said.emit(f"There is no mark {which} the shown step")
        else:
            self._position_chosen(place)

    def _s1_chosen(self, position: int) -> None:
        timeline = self._timeline
        if timeline is not None and position < len(timeline.path):
            s1 = timeline.path[position]
            self._controller.compare_with("step", None if s1 == timeline.s1 else s1)

    def _position_chosen(self, position: int) -> None:
        timeline = self._timeline
        if timeline is None or not 0 <= position < len(timeline.path):
            return
        if timeline.path[position] != timeline.here:
            self._controller.go(timeline.path[position])
        self.show()  # while calls run, the slider goes back to where it was
