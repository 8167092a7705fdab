"""Making the panels after the first picture, without the window standing still meanwhile."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QTimer

from wasmstate_gui.kit.import_ahead import import_plots, import_without_qt
from wasmstate_gui.kit.jobs import Jobs

_CALM_MS = 300


class Startup(QObject):
    """Imports beside the window what is not of Qt, then takes one step a turn.

    Args:
        steps: what is to be made, none of them longer than a turn may take.
    """

    def __init__(self, steps: Iterator[None], parent: QObject) -> None:
        super().__init__(parent)
        self._steps = steps
        self._wanted: list[Callable[[], object]] = []
        self._is_done = False
        self._importing = Jobs(self)
        self._turns = QTimer(self, interval=0)
        self._turns.timeout.connect(self._go_on)

    def begin(self) -> None:
        """Go about it, if that is not done yet."""
        if not (self._is_done or self._importing.is_busy or self._turns.isActive()):
            self._importing.start(import_without_qt, self._imported)

    def finish(self) -> None:
        """Do all of it now."""
        for _ in self._steps:
            pass
        self._finished()

    def when_done(self, work: Callable[[], object]) -> None:
        """Do something now, or as soon as everything is there."""
        if self._is_done:
            work()
        else:
            self._wanted.append(work)
            self.begin()

    def import_ahead(self) -> None:
        """Import beside the window what its first steps need, when its picture is drawn."""
        if "pyqtgraph" not in sys.modules:
            QTimer.singleShot(_CALM_MS, self, self._import_plots)

    def _import_plots(self) -> None:
        self._importing.start(import_plots, lambda _nothing: None)

    def close(self) -> None:
        """Do no more of it."""
        self._importing.close()
        self._turns.stop()

    def _imported(self, _nothing: object) -> None:
        self._turns.start()

    def _go_on(self) -> None:
        if next(self._steps, self) is self:
            self._finished()

    def _finished(self) -> None:
        self._is_done = True
        self._turns.stop()
        wanted, self._wanted = self._wanted, []
        for work in wanted:
            work()
