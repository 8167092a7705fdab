"""Calls of exported functions, and the steps that come of them."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from time import perf_counter

from PySide6.QtCore import QObject, QTimer, Signal

from wasmstate.state.state import State
from wasmstate_gui.caller import Caller
from wasmstate_gui.presenters import stepping
from wasmstate_gui.presenters.document import Document
from wasmstate_gui.presenters.step_form import failure_text, result_text
from wasmstate_gui.protocol import Call, Outcome, Step
from wasmstate_gui.shown import Change, Shown

WARM_UP_MS = 400
_FRAME_MS = 16
_FRAME_SHARE = 0.012  # seconds of each frame, at most, for taking in what calls did


class Calls(QObject):
    """Has functions called in the process, and shows what they did a frame at a time."""

    result = Signal(str, bool)
    """The line about the last call, and whether it failed."""
    finished = Signal()
    """Nothing is running any more, and all that was done is shown."""

    def __init__(self, shown: Shown, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shown = shown
        shown.base_changed.connect(self._load)
        self._caller = Caller(self)
        self._caller.progressed.connect(self._progressed)
        self._caller.finished.connect(self._finished)
        self._warm_up = QTimer(self, singleShot=True, interval=WARM_UP_MS)
        self._warm_up.timeout.connect(self._caller.warm_up)
        self._steps: deque[Step] = deque()  # told of, not in the timeline yet
        self._outcome: Outcome | None = None  # of a call of which there are such steps
        self._start: State | None = None
        self._call: Call | None = None
        self._done = 0
        self._is_closed = False

    @property
    def is_calling(self) -> bool:
        """Whether the process is at it."""
        return self._caller.is_busy

    @property
    def is_running(self) -> bool:
        """Whether a call is under way, or what it did not shown yet."""
        return self._caller.is_busy or self._outcome is not None

    @property
    def process_id(self) -> int:
        """Of the process; 0 if there is none."""
        return self._caller.process_id

    def start(self, call: Call, state: State) -> None:
        """Call a function.

        Args:
            call: what is to be called.
            state: that it starts from, as it is shown.
        """
        self._start = state
        self._call, self._done = call, 0
        self._caller.call(replace(call, contents=state.contents()))

    def stop(self) -> None:
        """End the call under way."""
        self._caller.stop()

    def forget(self) -> None:
        """End the call under way, and drop what it did: another file is shown."""
        self._caller.stop()
        self._steps.clear()
        self._outcome = None

    def close(self) -> None:
        """End the process."""
        self._is_closed = True
        self._warm_up.stop()
        self._steps.clear()
        self._outcome = None
        self._caller.close()

    def _load(self) -> None:
        base = self._shown.document.base if self._shown.document is not None else None
        if base is None or not base.functions:
            return
        assert base.state is not None
        record = base.state.record
        key = (record.lineage.module_digest, record.schema)
        self._caller.load(base.source, base.path, key)
        if not self._is_closed:
            self._warm_up.start()

    def _progressed(self, steps: list[Step]) -> None:
        waits = bool(self._steps)
        self._steps.extend(steps)
        if not waits:
            self._take_steps()

    def _finished(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._steps.extend(outcome.steps)
        self._take_steps()

    def _take_steps(self) -> None:
        self._shown.apply(Change(self._stepped, done=self._took_steps))

    def _stepped(self, document: Document) -> Document:
        """After some of the calls that were told of: as many as fit in between two frames."""
        timeline, call = self._shown.timeline, self._call
        if timeline is None or call is None:
            return document
        end = perf_counter() + _FRAME_SHARE
        while self._steps and perf_counter() < end:
            step = self._steps.popleft()
            stepping.add_call(timeline, call, self._done, step, document.base.functions)
            self._done += 1
        if timeline.here == document.step:
            return document
        return stepping.at_step(document, timeline, self._start)

    def _took_steps(self) -> None:
        if self._steps:
            QTimer.singleShot(_FRAME_MS, self._take_steps)  # what is shown is painted first
        elif self._outcome is not None:
            outcome, self._outcome = self._outcome, None
            self._say_outcome(outcome)

    def _say_outcome(self, outcome: Outcome) -> None:
        document, timeline = self._shown.document, self._shown.timeline
        state = None if document is None else document.state
        if state is not None and timeline is not None:
            if self._caller.process_id:  # a process that was ended knows nothing any more
                self._caller.known = state.contents()
            if outcome.error and outcome.error != "Stopped":
                timeline.note_trouble(outcome.text)
                self._shown.changed.emit()
        if outcome.error:
            self.result.emit(failure_text(outcome), True)
        elif self._start is not None and state is not None:
            self.result.emit(result_text(outcome, self._start, state), False)
        self.finished.emit()
