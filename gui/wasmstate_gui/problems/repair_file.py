"""Repairs: previewed, agreed to, written, and undone."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from wasmstate.state.damage.repair import preview
from wasmstate.storage import write_apart
from wasmstate.storage.temporary import leftovers
from wasmstate_gui.core.module.heading import first_repair
from wasmstate_gui.core.problems.repair_plan import RepairPlan
from wasmstate_gui.document.controller import Controller
from wasmstate_gui.document.file_undo import InPlace, Undoer
from wasmstate_gui.problems.repair_dialog import RepairDialog


class Repairer(QObject):
    """Takes the user from a problem to a file without it."""

    def __init__(self, controller: Controller, undoer: Undoer, window: QWidget) -> None:
        super().__init__(window)
        self._controller = controller
        self._undoer = undoer
        self._window = window
        self.dialog: RepairDialog | None = None

    def preview_first(self) -> None:
        """Show what the repair of the first problem that has one would do."""
        document = self._controller.document
        if document is not None:
            self.preview(first_repair(document.base))

    def preview(self, name: str) -> None:
        """Work out what the repair of this name would do, and show it."""
        document = self._controller.document
        if document is None:
            return
        if document.is_dirty:
            self._controller.said.emit("Write your changes or revert them, then repair the file")
            return
        path = document.disk.path
        self._controller.do(partial(_plan, path, name), self._show, "Nothing to repair.")

    def _show(self, plan: RepairPlan) -> None:
        self.dialog = RepairDialog(plan, self._window)
        self.dialog.agreed.connect(partial(self._write, plan))
        self.dialog.open()

    def _write(self, plan: RepairPlan, path: Path) -> None:
        if path == plan.path:
            said = "The repair is undone"
            change = InPlace(plan.path, plan.before, plan.preview.data, said)
            done = partial(self._repaired, plan, change)
            self._controller.do(change.write, done, "Not repaired.")
        else:
            write = partial(write_apart, plan.preview.data, path, plan.path)
            self._controller.do(write, partial(self._copied, path), "Not repaired.")

    def _repaired(self, plan: RepairPlan, change: InPlace, _result: object) -> None:
        text = f"{plan.title} {plan.byte_summary.capitalize()}."
        self._undoer.offer(change, "Repaired.", text)

    def _copied(self, path: Path, _result: object) -> None:
        self._controller.said.emit(f"Repaired copy written: {path.name}")
        self._controller.open(path)


def _plan(path: Path, name: str) -> RepairPlan:
    before = path.read_bytes()
    beside = [each.read_bytes() for each in leftovers(path)]
    return RepairPlan(path, before, preview(name, before, beside))
