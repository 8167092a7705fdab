"""The process that runs calls, so that the window stays alive whatever a call does.

It is started as ``python -m wasmstate_gui.worker`` and ended at any time: S lives in the window,
and what was not told is what it was. It knows neither Qt nor the file.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from wasmstate.binary.module import Module
from wasmstate.binary.source import open_source
from wasmstate.errors import CallError, WasmstateError
from wasmstate.runtime import Instance, Limits, Program
from wasmstate.state.condition import Condition, step_size
from wasmstate.state.state import State
from wasmstate_gui.presenters.delta import encode_delta
from wasmstate_gui.presenters.sources import PatchedSource
from wasmstate_gui.protocol import Call, Load, Message, Outcome, Progress, Reader, Step, encode

PROGRESS_SECONDS = 1 / 30
_PIPE = 1 << 20

Say = Callable[[Message], None]


class Runner:
    """A loaded module, the instance of it, and S as the last call left it."""

    def __init__(self, module: Module) -> None:
        self._state = State.of(module)
        self._contents = self._state.contents()
        self._has_bounds = any(tensor.bounds for tensor in self._state.tensors)
        self._program = Program(module, Limits(seconds=2.0))
        self._instance: Instance | None = None

    def run(self, call: Call, say: Say) -> Outcome:
        """Call as often as is asked; gives what came of it."""
        said = time.perf_counter()
        steps: list[Step] = []
        value: Any = None
        done, seconds, pages = 0, 0.0, (0, 0)
        stopped = False
        try:
            instance = self._ready(call)
            until = Condition(call.until, self._state) if call.until else None
            arguments = [instance.prepare(call.name, row) for row in call.rows or [call.args]]
            pages = (instance.pages, instance.pages)
            while done < call.times and not stopped:
                started = time.perf_counter()
                result = instance.call(call.name, arguments[done % len(arguments)])
                now = time.perf_counter()
                seconds += now - started
                value = list(result) if isinstance(result, tuple) else result
                steps.append(self._accept(instance.read(self._state.regions), value))
                done += 1
                stopped = until is not None and self._holds(until, steps[-1], done)
                if now - said > PROGRESS_SECONDS:
                    said = now
                    say(Progress(call.id, steps))
                    steps = []
        except WasmstateError as error:
            # A restart of a device would do the same: a new instance, S from before the call.
            self._instance = None
            failure = {"error": type(error).__name__, "text": str(error)}
        else:
            pages = (pages[0], instance.pages)
            failure = {}
        return Outcome(
            call.id, call.name, done, value, steps, seconds, pages, stopped=stopped, **failure
        )

    def _ready(self, call: Call) -> Instance:
        if call.contents is not None:
            self._contents = call.contents
        if call.contents is not None or call.seconds != self._program.limits.seconds:
            self._instance = None
        if self._instance is None:
            self._program.limits = Limits(seconds=call.seconds)
            instance = self._program.instantiate()
            instance.write(self._state.regions, self._contents)
            self._instance = instance
        return self._instance

    def _accept(self, contents: list[bytes], value: Any) -> Step:
        if contents == self._contents:
            return Step(b"", value)
        after = self._state.with_contents(contents)
        if self._has_bounds:
            after.check_bounds()
        delta = encode_delta(b"".join(self._contents), b"".join(contents))
        size = step_size(self._state.with_contents(self._contents), after)
        self._contents = contents
        return Step(delta, value, size)

    def _holds(self, until: Condition, step: Step, number: int) -> bool:
        state = self._state.with_contents(self._contents)
        y = step.value if isinstance(step.value, int | float) else None
        return until.holds(state, dS=step.size, y=y, step=number)


def load(message: Load) -> Module:
    """The module that is to be run.

    Raises:
        WasmstateError: if it is malformed, or another file has taken its place.
    """
    if message.module is not None:
        return Module.from_bytes(message.module)
    try:
        source = open_source(message.path)
    except OSError as error:
        raise CallError(f"the module cannot be read: {error.strerror or error}") from error
    if source.size != message.size:
        raise CallError("the file has changed since it was opened: open it again")
    patches = tuple((offset, bytes.fromhex(run)) for offset, run in message.patches)
    return Module.from_source(PatchedSource(source, patches))


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
            say(runner.run(message, say))
        elif isinstance(message, Call):
            name = type(reason).__name__
            say(Outcome(message.id, message.name, error=name, text=str(reason)))


def main() -> None:
    """Speak with the window over stdin and stdout."""
    messages: queue.Queue[Message | None] = queue.Queue()
    out = sys.stdout.buffer

    def say(message: Message) -> None:
        out.write(encode(message))
        out.flush()

    def listen() -> None:
        reader = Reader()
        for data in iter(partial(os.read, sys.stdin.fileno(), _PIPE), b""):
            for message in reader.feed(data):
                messages.put(message)
        # The window is gone, and a call may never return: nothing here is worth waiting for.
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    serve(messages, say)


if __name__ == "__main__":
    main()
