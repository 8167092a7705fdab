"""The window's end of the process that a wizard's plan lives in."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from wasmstate.errors import WasmstateError
from wasmstate.frozen import child_command
from wasmstate_gui.core.wizards.plan_messages import Done, Failed, Progress, Request, receive, send


class StoppedError(WasmstateError):
    """What was asked for was given up."""


class RemotePlan:
    """A plan in a process of its own.

    :meth:`ask` and :meth:`close` wait, one after the other: they are for the thread of a job.
    :meth:`stop` and :meth:`give_up` do not, and are for any thread.

    Args:
        make: gives the plan; it is called in the process, so it has to be a name there.
    """

    def __init__(self, make: Callable[[], object]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopped = self._is_closed = False
        self.progress = Progress()
        """What is being done now."""

    @property
    def process_id(self) -> int:
        """Id of the process; 0 without one."""
        process = self._process
        return process.pid if process is not None else 0

    def ask(self, method: str, *args: Any) -> Any:
        """Call a method of the plan, in a process that is started if there is none.

        Raises:
            StoppedError: if it was stopped.
            WasmstateError, OSError: as the method; also if the process ends by itself.
        """
        self.progress = Progress()
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            send(process.stdin, Request(method, args))
            while isinstance(message := receive(process.stdout), Progress):
                self.progress = message
        except (EOFError, OSError) as error:
            raise self._ended(process) from error
        if isinstance(message, Failed):
            raise message.error
        assert isinstance(message, Done)
        return message.value

    def stop(self) -> None:
        """Give up what is being done, whatever it is; the next question finds a new process."""
        with self._lock:
            self._is_stopped = True
            if self._process is not None:
                self._process.kill()

    def give_up(self) -> None:
        """Stop for good: no further call is possible."""
        self._is_closed = True
        self.stop()

    def close(self) -> None:
        """End the process, and wait until it has. Nothing can be asked any more."""
        self.give_up()
        if self._process is not None:
            self._ended(self._process)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._is_stopped:
            self._ended(self._process)
        with self._lock:
            if self._is_closed:
                raise StoppedError("stopped")
            if self._process is None:
                self._is_stopped = False
                command = child_command("wasmstate_gui.core.wizards.plan_process")
                pipe = subprocess.PIPE
                self._process = subprocess.Popen(  # noqa: S603 (this program)
                    command, stdin=pipe, stdout=pipe, stderr=pipe
                )
                assert self._process.stdin is not None
                with suppress(OSError):  # it has ended: the first question will find out
                    send(self._process.stdin, self._make)
            return self._process

    def _ended(self, process: subprocess.Popen[bytes]) -> WasmstateError:
        """Why there are no answers any more."""
        said = process.communicate()[1].decode(errors="replace").strip()
        with self._lock:
            self._process = None
            if self._is_stopped:
                return StoppedError("stopped")
        reason = said.splitlines()[-1] if said else f"exit code {process.returncode}"
        return WasmstateError(f"the process that tries this out ended: {reason}")
