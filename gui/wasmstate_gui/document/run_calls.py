"""Calls of exported functions, and the steps that come of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from math import ceil
from time import perf_counter

from PySide6.QtCore import QObject, QTimer, Signal

from wasmstate.state.state import State
from wasmstate_gui.core.calls.call_form import failure_text, result_text
from wasmstate_gui.core.calls.protocol import Call, Outcome, Step
from wasmstate_gui.core.document.document import Document
from wasmstate_gui.core.timeline import stepping
from wasmstate_gui.document.call_process import Caller
from wasmstate_gui.document.shown_document import Change, Shown

WARM_UP_MS = 400
TURN = 0.005
"""Seconds, at most, for taking in steps before the window looks for its events."""
FRAME = 1 / 30
"""Seconds, at least, from one picture to the next."""

_NOT_THE_CALL = ("Stopped", "SchemaError")
"""Errors after which the step has no mark: the user ended a call, or mistyped a condition."""


class Calls(QObject):
    """Has functions called in the process, and shows what they did.

    Steps are taken into the timeline a little in each turn of the events, and a picture is made of
    where they led 30 times a second, or half of the time if the machine is slow: the window stays
    alive however fast they come. Those of a large S are taken in beside the window, where their
    picture is made.
    """

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
        self._taken = 0  # the weight of those that were taken in and not yet reported
        self._outcome: Outcome | None = None  # of a call of which there are such steps
        self._turn = QTimer(self, singleShot=True)
        self._turn.timeout.connect(self._take_steps)
        self._is_showing = False
        self._painting: float | None = None  # since when a picture is made and painted
        self._next_at = 0.0  # the time of the next one
        self._start: State | None = None
        self._call: Call | None = None
        self._done = 0
        self._answered: Callable[[Outcome], None] | None = None  # of a question about a call
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
        """Id of the process; 0 without one."""
        return self._caller.process_id

    def start(self, call: Call, state: State) -> None:
        """Call a function.

        Args:
            call: what is to be called.
            state: that it starts from, as it is shown.
        """
        self._start = state
        self._call, self._done, self._taken = call, 0, 0
        self._next_at = 0.0
        self._caller.call(replace(call, contents=state.contents()))

    def ask(self, call: Call, answered: Callable[[Outcome], None]) -> None:
        """Have a call done on a copy, from the contents that it brings; nothing becomes a step."""
        self._answered = answered
        self._caller.call(call)

    def stop(self) -> None:
        """End the call under way."""
        self._caller.stop()

    def forget(self) -> None:
        """End the call under way, and drop what it did: another file is shown."""
        self._caller.stop()
        self._drop()

    def close(self) -> None:
        """End the process."""
        self._is_closed = True
        self._warm_up.stop()
        self._drop()
        self._caller.close()

    def _drop(self) -> None:
        self._turn.stop()
        self._is_showing = False
        self._steps.clear()
        self._outcome = self._answered = None
        self._painting = None

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
        self._steps.extend(steps)
        self._go_on()

    def _finished(self, outcome: Outcome) -> None:
        if self._answered is not None:
            answered, self._answered = self._answered, None
            answered(outcome)
            self.finished.emit()
            return
        self._outcome = outcome
        self._steps.extend(outcome.steps)
        self._go_on()

    def _go_on(self) -> None:
        if not self._is_showing:
            self._turn.start(0)  # what is to be painted is painted first

    def _take_steps(self) -> None:
        """A turn: takes in steps, and shows where they led if it is time for a picture."""
        self._note_painted()
        document, timeline = self._shown.document, self._shown.timeline
        if document is None or timeline is None:
            return
        if document.is_light:
            self._take_in(document)
            self._report()
        if self._steps or self._outcome is None:
            if not self._steps and timeline.here == document.step:
                return
            rest = self._next_at - perf_counter()
            if rest > 0:
                self._turn.start(0 if self._steps and document.is_light else ceil(rest * 1000))
                return
        self._is_showing = True
        self._painting = perf_counter()
        self._shown.apply(Change(self._stepped, done=self._showed))

    def _note_painted(self) -> None:
        """The last picture has been painted by now: find out when the next one may be made."""
        if self._painting is not None:
            now = perf_counter()
            took = now - self._painting
            self._painting = None
            self._next_at = now + max(FRAME - took, took)

    def _take_in(self, document: Document) -> None:
        """Put steps into the timeline, as many as a turn has time for."""
        timeline, call = self._shown.timeline, self._call
        if timeline is None or call is None:
            return
        end = perf_counter() + TURN
        while self._steps and perf_counter() < end:
            step = self._steps.popleft()
            stepping.add_call(timeline, call, self._done, step, document.base.functions)
            self._done += 1
            self._taken += step.weight

    def _report(self) -> None:
        if self._taken:
            self._caller.took(self._taken)
            self._taken = 0

    def _stepped(self, document: Document) -> Document:
        """The document at the step that the calls have led to."""
        if not document.is_light:
            self._take_in(document)
        timeline = self._shown.timeline
        if timeline is None or timeline.here == document.step:
            return document
        return stepping.at_step(document, timeline, self._start)

    def _showed(self) -> None:
        self._is_showing = False
        self._report()
        if self._steps or self._outcome is None:
            self._go_on()
        else:
            outcome, self._outcome = self._outcome, None
            self._painting = None  # the user's pause before the next call is no time of painting
            self._say_outcome(outcome)

    def _say_outcome(self, outcome: Outcome) -> None:
        document, timeline = self._shown.document, self._shown.timeline
        state = None if document is None else document.state
        if state is not None and timeline is not None:
            if self._caller.process_id:  # a process that was ended knows nothing any more
                self._caller.known = state.contents()
            if outcome.error and outcome.error not in _NOT_THE_CALL:
                timeline.note_trouble(outcome.text)
                self._shown.changed.emit()
        if outcome.error:
            self.result.emit(failure_text(outcome), True)
        elif self._start is not None and state is not None:
            self.result.emit(result_text(outcome, self._start, state), False)
        self.finished.emit()
