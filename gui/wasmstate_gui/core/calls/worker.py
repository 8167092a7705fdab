"""The process that runs calls, so that the window stays alive whatever a call does.

It is started as ``python -m wasmstate_gui.core.calls.worker`` and ended at any time: S lives in the
window, and S is unchanged by a call without an answer. It knows neither Qt nor the file.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from wasmstate import models
from wasmstate.binary.module import Module
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import CallError, WasmstateError
from wasmstate.runtime.grants import Grants, needed_grants
from wasmstate.runtime.limits import Limits
from wasmstate.runtime.program import Program
from wasmstate.session.drift import DriftWatch
from wasmstate.session.guarded_call import Live
from wasmstate.session.names import Names
from wasmstate.session.why import why
from wasmstate.state.change.bake import unbake
from wasmstate.state.compare.condition import DRIFT, Condition, step_size
from wasmstate.state.signature import Param
from wasmstate.state.state import State
from wasmstate_gui.core.calls.module_transfer import source_of
from wasmstate_gui.core.calls.pacing import Pace
from wasmstate_gui.core.calls.protocol import (
    Call,
    Load,
    Message,
    Outcome,
    Progress,
    Reader,
    Step,
    Took,
    encode,
)
from wasmstate_gui.core.document.delta import encode_delta

PROGRESS_SECONDS = 1 / 30
PROGRESS_WEIGHT = 2 << 20
_PIPE = 1 << 20

Say = Callable[[Message], None]


class _Model:
    """What is called, as a watch for drift calls it, too."""

    def __init__(self, live: Live, names: Names) -> None:
        self._live = live
        self._names = names

    def params(self, name: str) -> tuple[Param, ...]:
        return self._live.params(name)

    def given(self, name: str, args: Sequence[Any]) -> Sequence[Any]:
        """What the function takes: with the values of defaults, labels as their indices."""
        params = self._live.all_params(name)
        return self._names.arguments(name, params, self._live.completed(name, args))

    def call(self, name: str, /, *args: Any) -> Any:
        value = self._live.run(self._live.entry(name), self.given(name, args))
        return self._named(value) if name == "predict" else value

    def _named(self, value: Any) -> Any:
        try:
            params: Sequence[Param] | None = self._live.params("update")
        except CallError:
            params = None  # a model that does not learn
        return self._names.result(value, params)

    def class_index(self, label: Any) -> int:
        classes = self._names.classes
        return int(label) if classes is None else classes.index("the class", label)

    def predict(self, *args: Any) -> Any:
        before = self._live.contents
        value = self.call("predict", *args)
        if self._live.contents is not before:
            # A step is what a call did; this would be none's.
            self._live.contents = before
            self._live.restart()
            raise CallError("drift is not watched for where predict() changes S, as it does here")
        return value


class Runner:
    """A loaded module, and S as the last call left it.

    It gets what it imports: a stub of WASI, and functions that trap, which can do nothing to the
    system that the window runs on.
    """

    def __init__(self, module: Module) -> None:
        self._module = module
        self._state = State.of(module)
        grants = Grants.of(**needed_grants(Spaces(module)))
        self._program = Program(module, Limits(seconds=2.0), grants)
        self._live = Live(self._program, self._state)
        self._model = _Model(self._live, Names(self._state.metadata))

    def run(self, call: Call, say: Say) -> Outcome:
        """Call as often as is asked; gives what came of it."""
        said = time.perf_counter()
        steps: list[Step] = []
        failure: dict[str, Any] = {}
        weight = 0
        value: Any = None
        done, seconds, pages = 0, 0.0, (0, 0)
        stopped = False
        watch: DriftWatch | None = None
        live, rows = self._live, call.rows or [call.args]
        try:
            self._prepare(call)
            watch = self._watch(call)
            is_watched = watch is not None
            until = (
                Condition(call.until, self._state, is_watched=is_watched) if call.until else None
            )
            pages = (live.pages, live.pages)
            while done < call.times and not stopped:
                before = live.contents
                started = time.perf_counter()
                row = rows[done % len(rows)]
                loss = 0.0 if watch is None else watch.loss(*row)
                result = self._model.call(call.name, *row)
                now = time.perf_counter()
                seconds += now - started
                value = list(result) if isinstance(result, tuple) else result
                steps.append(self._step(before, value))
                weight += steps[-1].weight
                done += 1
                if watch is not None:
                    steps[-1] = _watched(steps[-1], watch, loss)
                stopped = until is not None and self._holds(until, steps[-1], done)
                if now - said > PROGRESS_SECONDS or weight > PROGRESS_WEIGHT:
                    said = now
                    say(Progress(call.id, steps))
                    steps, weight = [], 0
        except WasmstateError as error:
            failure = {"error": type(error).__name__, "text": str(error)}
        else:
            pages = (pages[0], live.pages)
        drifts = None if watch is None else len(watch.drifts)
        return Outcome(
            call.id,
            call.name,
            done,
            value,
            steps,
            seconds,
            pages,
            stopped=stopped,
            drifts=drifts,
            **failure,
        )

    def explain(self, call: Call) -> Outcome:
        """Note what one call writes to a cell; S stays what it is."""
        assert call.contents is not None
        state = self._state.with_contents(call.contents)
        try:
            given = self._model.given(call.name, call.args)
            found = why(unbake(self._module), self._program, state, call.cell, call.name, given)
        except WasmstateError as error:
            return Outcome(call.id, call.name, error=type(error).__name__, text=str(error))
        writes = [asdict(write) for write in found.writes]
        return Outcome(call.id, call.name, writes=writes, write_count=found.count)

    def _watch(self, call: Call) -> DriftWatch | None:
        """A new watch for each run: its rows are one stream."""
        if not call.watch:
            return None
        if call.name != "update":
            raise CallError(f"drift is watched for while update() learns, not {call.name}()")
        return DriftWatch(self._model, models.new(call.watch))

    def _prepare(self, call: Call) -> None:
        if call.seconds != self._program.limits.seconds:
            self._program.limits = Limits(seconds=call.seconds)
            self._live.restart()
        if call.contents is not None:
            self._live.contents = call.contents
            self._live.restart()

    def _step(self, before: list[bytes], value: Any) -> Step:
        after = self._live.contents
        if after is before:
            return Step(b"", value)
        old, new = [len(each) for each in before], [len(each) for each in after]
        size = step_size(self._state.with_contents(before), self._state.with_contents(after))
        delta = encode_delta(b"".join(before), b"".join(after))
        return Step(delta, value, size, None if old == new else new)

    def _holds(self, until: Condition, step: Step, number: int) -> bool:
        state = self._state.with_contents(self._live.contents)
        y = step.value if isinstance(step.value, int | float) else None
        drift = step.drift is not None
        return until.holds(state, dS=step.size, y=y, step=number, **{DRIFT: drift})


def _watched(step: Step, watch: DriftWatch, loss: float) -> Step:
    """A step, with what the detector makes of it."""
    drift = watch.tell(loss)
    return step if drift is None else replace(step, drift=(drift.before, drift.after))


def load(message: Load) -> Module:
    """The module that is to be run.

    Raises:
        WasmstateError: if it is malformed, or another file has taken its place.
    """
    return Module.from_source(source_of(message))


def serve(messages: queue.Queue[Message | None], say: Say) -> None:
    """Answer messages until there are no more."""
    runner: Runner | None = None
    reason: WasmstateError | None = None
    for message in iter(messages.get, None):
        if isinstance(message, Load):
            try:
                runner, reason = Runner(load(message)), None
            except WasmstateError as error:
                runner, reason = None, error
        elif isinstance(message, Call) and runner is not None:
            say(runner.explain(message) if message.cell else runner.run(message, say))
        elif isinstance(message, Call):
            name = type(reason).__name__
            say(Outcome(message.id, message.name, error=name, text=str(reason)))


def main() -> None:
    """Speak with the window over stdin and stdout."""
    messages: queue.Queue[Message | None] = queue.Queue()
    out = sys.stdout.buffer
    pace = Pace()

    def say(message: Message) -> None:
        if isinstance(message, Progress):  # before the window can answer
            pace.tell(message.id, sum(step.weight for step in message.steps))
        out.write(encode(message))
        out.flush()
        if isinstance(message, Progress):
            pace.wait()

    def listen() -> None:
        reader = Reader()
        for data in iter(partial(os.read, sys.stdin.fileno(), _PIPE), b""):
            for message in reader.feed(data):
                if isinstance(message, Took):
                    pace.took(message.id, message.weight)
                else:
                    messages.put(message)
        # The window is gone, and a call may never return: nothing here is worth waiting for.
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    serve(messages, say)


if __name__ == "__main__":
    main()
