"""The process that a wizard's plan lives in: the window stays alive whatever is tried there.

Judging a choice may mean to look through the code of a large module, to compile it, and to run
code that never returns. So a plan is made here, on request, and ended with the process at any time:
nothing is written by it.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

from wasmstate.errors import WasmstateError
from wasmstate_gui.core.wizards.plan import Say
from wasmstate_gui.core.wizards.plan_messages import Done, Failed, Progress, Request, receive, send


def answer(plan: Callable[[], Any], request: Request, say: Say) -> Done | Failed:
    """Do what is asked for."""
    try:
        return Done(getattr(plan(), request.method)(*request.args, say=say))
    except (WasmstateError, OSError) as error:
        return Failed(error)


def main() -> None:
    """Speak with the window over stdin and stdout."""
    messages: queue.Queue[Any] = queue.Queue()
    out = sys.stdout.buffer

    def listen() -> None:
        try:
            while True:
                messages.put(receive(sys.stdin.buffer))
        except EOFError:
            # The window is gone, and what is tried may never end: nothing is worth waiting for.
            os._exit(0)

    def say(text: str, share: float | None = None) -> None:
        send(out, Progress(text, share))

    threading.Thread(target=listen, daemon=True).start()
    plan = cache(messages.get())
    while True:
        send(out, answer(plan, messages.get(), say))


if __name__ == "__main__":
    main()
