"""Playing the timeline: one step after the other, as they were taken."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from wasmstate_gui.document.controller import Controller
from wasmstate_gui.kit.settings import Settings
from wasmstate_gui.timeline.timeline_panel import TimelinePanel


class Player(QObject):
    """Goes forward by itself to the last step, unless the user goes elsewhere or changes S."""

    playing_changed = Signal(bool)

    def __init__(self, controller: Controller, panel: TimelinePanel, settings: Settings) -> None:
        super().__init__(panel)
        self._controller = controller
        self._settings = settings
        self._next = 0  # the step that is gone to, or shown
        self._timer = QTimer(
            self, timerType=Qt.TimerType.PreciseTimer, interval=1000 // settings.pace
        )
        self._timer.timeout.connect(self._forward)
        panel.pace.setValue(settings.pace)
        panel.pace.valueChanged.connect(self._set_pace)
        controller.changed.connect(self._changed)
        controller.opened.connect(self.stop)
        controller.running_changed.connect(self.stop)

    @property
    def is_playing(self) -> bool:
        """Whether it goes on by itself."""
        return self._timer.isActive()

    def toggle(self) -> None:
        """Play on from the shown step, from the first one if it is the last; or stop."""
        timeline = self._controller.timeline
        if self.is_playing or timeline is None or len(timeline.path) < 2:
            self.stop()
            return
        self._next = timeline.here
        self._timer.start()
        self.playing_changed.emit(True)
        if timeline.position == len(timeline.path) - 1:
            self._go(timeline.path[0])

    def stop(self) -> None:
        """Stay at the shown step."""
        self._timer.stop()
        self.playing_changed.emit(False)

    def _set_pace(self, pace: int) -> None:
        self._settings.pace = pace
        self._timer.setInterval(1000 // pace)

    def _forward(self) -> None:
        timeline = self._controller.timeline
        if timeline is not None and not self._controller.is_computing:  # else it is too fast
            self._go(timeline.path[timeline.position + 1])

    def _go(self, step: int) -> None:
        self._next = step
        self._controller.go(step)

    def _changed(self) -> None:
        document, timeline = self._controller.document, self._controller.timeline
        if not self.is_playing or document is None or timeline is None:
            return
        if document.step != self._next or document.step == timeline.path[-1]:
            self.stop()
