"""The window's end of the process that runs calls."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, QProcess, Signal

from wasmstate_gui.protocol import Call, Load, Outcome, Progress, decode, encode


class Caller(QObject):
    """Starts the process when it is needed and ends it when a call is to stop.

    Nothing here waits: answers come as signals.
    """

    progressed = Signal(object)
    """A :class:`Progress` of the call under way."""
    finished = Signal(object)
    """The :class:`Outcome` of the call that was under way."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._ended: list[QProcess] = []
        self._module = b""
        self._key: object = None
        self._known: list[bytes] | None = None  # S as the process has it
        self._call: Call | None = None
        self._done = 0
        self._last: list[bytes] | None = None
        self._next_id = 1
        self._said: list[bytes] = []

    @property
    def is_busy(self) -> bool:
        """Whether a call is under way."""
        return self._call is not None

    @property
    def process_id(self) -> int:
        """Of the process; 0 if there is none."""
        return self._process.processId() if self._process is not None else 0

    def load(self, module: bytes, key: object) -> None:
        """Run this module from now on; a process that runs another one is ended.

        Args:
            module: its bytes.
            key: equal for modules of the same code and schema; S is given with the calls.
        """
        self._module = module
        if key != self._key:
            self._key = key
            self._end()

    def warm_up(self) -> None:
        """Start the process, so that the first call need not wait for it."""
        if self._process is None:
            self._start()

    def call(
        self,
        name: str,
        args: list[int | float],
        contents: list[bytes],
        times: int = 1,
        seconds: float | None = 2.0,
    ) -> None:
        """Start a call; :attr:`finished` tells what came of it.

        Args:
            name: of the export.
            args: numbers.
            contents: S to start from, a region each. It is sent if the process has another one:
                with the S that its last call left, its instance goes on as it is.
            times: how often.
            seconds: how long one call may take; ``None`` for as long as it likes.
        """
        assert self._call is None
        self.warm_up()
        sent = None if contents == self._known else contents
        self._known = contents
        self._call = Call(self._next_id, name, args, times, sent, seconds)
        self._next_id += 1
        self._done, self._last = 0, None
        assert self._process is not None
        self._process.write(encode(self._call))

    def stop(self) -> None:
        """End the call under way, whatever it does; S is what was last told."""
        if self._call is not None:
            self._end()
            self._fail("Stopped", f"{self._call.name}() was stopped")

    def close(self) -> None:
        """End everything; only for when the window is gone, for it waits for the processes."""
        self._call = None
        self._end()
        for process in self._ended:
            process.waitForFinished(1000)
        self._ended = []

    def _start(self) -> None:
        process = QProcess(self)
        process.readyReadStandardOutput.connect(self._read)
        process.finished.connect(self._ended_by_itself)
        process.errorOccurred.connect(self._failed_to_start)
        # -P: a folder with a file json.py in it must not be able to take part.
        process.start(sys.executable, ["-P", "-m", "wasmstate_gui.worker"])
        process.write(encode(Load(self._module)))
        self._process = process
        self._said = []

    def _end(self) -> None:
        process = self._process
        if process is None:
            return
        self._process = None
        self._known = None
        process.readyReadStandardOutput.disconnect(self._read)
        process.finished.disconnect(self._ended_by_itself)
        process.errorOccurred.disconnect(self._failed_to_start)
        self._ended = [each for each in self._ended if each.state() != _NOT_RUNNING]
        self._ended.append(process)
        process.kill()

    def _read(self) -> None:
        if self._process is None:
            return
        # A large S comes in many parts: they are joined once, when the line has its end.
        self._said.append(bytes(self._process.readAllStandardOutput().data()))
        if b"\n" not in self._said[-1]:
            return
        *lines, rest = b"".join(self._said).split(b"\n")
        self._said = [rest]
        for line in lines:
            message = decode(line)
            if self._call is None:
                continue
            if isinstance(message, Progress) and message.id == self._call.id:
                self._done, self._last = message.done, message.contents
                self.progressed.emit(message)
            elif isinstance(message, Outcome) and message.id == self._call.id:
                self._call = None
                self._known = message.contents or self._last or self._known
                self.finished.emit(message)

    def _ended_by_itself(self, code: int) -> None:
        process = self._process
        if process is None:
            return
        last = bytes(process.readAllStandardError().data()).decode(errors="replace").strip()
        self._process = self._known = None
        process.deleteLater()
        reason = last.splitlines()[-1] if last else f"exit code {code}"
        self._fail("ProcessError", f"the process that runs the module ended: {reason}")

    def _failed_to_start(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            reason = self._process.errorString()
            self._process = None
            self._fail("ProcessError", f"the process that runs calls did not start: {reason}")

    def _fail(self, error: str, text: str) -> None:
        call, self._call = self._call, None
        if call is not None:
            self.finished.emit(Outcome(call.id, call.name, self._done, error=error, text=text))


_NOT_RUNNING = QProcess.ProcessState.NotRunning
