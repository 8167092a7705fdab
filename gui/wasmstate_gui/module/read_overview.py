"""Reads the overview of a file beside the GUI thread, when somebody looks at it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject

from wasmstate.binary.module import Module
from wasmstate_gui.core.document.document import Document
from wasmstate_gui.core.module.heading import heading
from wasmstate_gui.core.module.overview import Overview, overview
from wasmstate_gui.core.window.status import validity
from wasmstate_gui.kit.jobs import Jobs
from wasmstate_gui.module.overview_panel import OverviewPanel


class OverviewReader(QObject):
    """Fills the panel with what the module of the file is."""

    def __init__(self, panel: OverviewPanel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._panel = panel
        self._jobs = Jobs(self)
        self._module: Module | None = None
        self._is_read = False
        self._is_open = False

    @property
    def is_busy(self) -> bool:
        """Whether the module is being read."""
        return self._jobs.is_busy

    def show(self, document: Document) -> None:
        """Show this file."""
        base = document.base
        self._panel.show_heading(heading(base, validity(document)))
        if base.module is not self._module:
            self._module, self._is_read = base.module, False
            self._panel.show_overview(None)
            self._read()

    def set_open(self, is_open: bool) -> None:
        """Whether the panel can be seen."""
        self._is_open = is_open
        self._read()

    def close(self) -> None:
        """Give up what is under way."""
        self._jobs.close()

    def _read(self) -> None:
        module = self._module
        if self._is_open and module is not None and not self._is_read:
            self._is_read = True
            self._jobs.start(partial(overview, module), partial(self._show, module))

    def _show(self, module: Module, result: Overview | Exception) -> None:
        if module is self._module:
            self._panel.show_overview(result if isinstance(result, Overview) else Overview())
