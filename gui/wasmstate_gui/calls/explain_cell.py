"""Questions about a step: why a cell changed, and what other arguments would have done."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal

from wasmstate_gui.calls.step_panel import StepPanel
from wasmstate_gui.calls.why_panel import WhyPanel
from wasmstate_gui.core.calls.causes import heading, lines
from wasmstate_gui.core.calls.protocol import Call, Outcome
from wasmstate_gui.core.timeline.plot_series import cell_of
from wasmstate_gui.document.controller import Controller
from wasmstate_gui.document.selection_model import SelectionModel


class Explainer(QObject):
    """Repeats the call of the shown step, on a copy to explain it, or with other arguments."""

    explained = Signal()
    """The panel has an answer."""

    def __init__(
        self, controller: Controller, model: SelectionModel, step: StepPanel, panel: WhyPanel
    ) -> None:
        super().__init__(controller)
        self._controller = controller
        self._model = model
        self._step = step
        self._panel = panel

    def ask(self) -> None:
        """Find out what the shown step wrote to the selected cell, or tensor."""
        document, timeline = self._controller.document, self._controller.timeline
        selection = self._model.selection
        row = selection.row if selection is not None else None
        if document is None or timeline is None or timeline.call is None:
            return
        if document.state is None or selection is None or row is None or row.tensor is None:
            self._controller.said.emit("Select a cell of a tensor first")
            return
        cell = row.tensor
        if selection.cell is not None:
            cell = cell_of(document.state, row.tensor, selection.cell).name
        name, args = timeline.call
        parent = timeline.parent(timeline.here)
        call = Call(
            0,
            name,
            list(args),
            contents=timeline.contents(parent),
            seconds=self._step.options.limit,
            cell=cell,
        )
        here = timeline.number(timeline.here)
        answered = partial(self._answered, cell, timeline.event(timeline.here).text, here)
        self._controller.ask(call, answered)

    def again(self) -> None:
        """Go to the step before, with the arguments of the shown one in the form."""
        timeline = self._controller.timeline
        if timeline is None or timeline.call is None:
            return
        parent = timeline.parent(timeline.here)
        if self._step.show_call(*timeline.call) and parent is not None:
            self._controller.go(parent)
            self._controller.said.emit("Change the arguments; Step (F10) starts a branch")

    def _answered(self, cell: str, call: str, step: int, outcome: Outcome) -> None:
        title = heading(cell, call, step, outcome)
        self._panel.show_lines(title, lines(outcome))
        self._step.show_result(title, failed=False)
        self.explained.emit()
