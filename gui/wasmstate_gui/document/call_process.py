"""The window's end of the process that runs calls."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, Signal

from wasmstate.binary.source import Source
from wasmstate.frozen import child_command
from wasmstate_gui.core.calls.module_transfer import load_of
from wasmstate_gui.core.calls.protocol import (
    Call,
    Load,
    Outcome,
    Progress,
    Reader,
    Step,
    Took,
    encode,
)


class Caller(QObject):
    """Starts the process when it is needed and ends it when a call is to stop.

    Nothing here waits: answers come as signals.
    """

    progressed = Signal(object)
    """The :class:`Step` objects that the call under way has taken since it was last told."""
    finished = Signal(object)
    """The :class:`Outcome` of the call that was under way."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._ended: list[QProcess] = []
        self._load = Load(b"")
        self._source: Source | None = None  # kept open as long as its descriptor may be asked for
        self._key: object = None
        self.known: list[bytes] | None = None
        """S as the process has it; whoever takes its steps notes here where they led."""
        self._call: Call | None = None
        self._done = 0
        self._next_id = 1
        self._reader = Reader()

    @property
    def is_busy(self) -> bool:
        """Whether a call is under way."""
        return self._call is not None

    @property
    def process_id(self) -> int:
        """Id of the process; 0 without one."""
        return self._process.processId() if self._process is not None else 0

    def load(self, source: Source, path: Path, key: object) -> None:
        """Run this module from now on; a process that runs another one is ended.

        Args:
            source: its bytes; those of a large file are not sent, but read by the process.
            path: of the file.
            key: equal for modules of the same code and schema; S is given with the calls.
        """
        self._source = source
        self._load = load_of(source, path)
        if key != self._key:
            self._key = key
            self._end()

    def warm_up(self) -> None:
        """Start the process, so that the first call need not wait for it."""
        if self._process is None:
            self._start()

    def call(self, call: Call) -> None:
        """Start a call; :attr:`finished` tells what came of it.

        Args:
            call: its contents are what S starts from. They are sent if the process has another S:
                with the one that its last call left, its instance goes on as it is.
        """
        assert self._call is None
        self.warm_up()
        sent = None if call.contents == self.known else call.contents
        self.known = None
        self._call = replace(call, id=self._next_id, contents=sent)
        self._next_id += 1
        self._done = 0
        assert self._process is not None
        self._process.write(encode(self._call))

    def took(self, weight: int) -> None:
        """Steps of this weight are taken in: the calls may go on."""
        if self._call is not None and self._process is not None:
            self._process.write(encode(Took(self._call.id, weight)))

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
            process.waitForFinished(10_000)  # a busy machine takes its time
        self._ended = []

    def _start(self) -> None:
        process = QProcess(self)
        process.readyReadStandardOutput.connect(self._read)
        process.finished.connect(self._ended_by_itself)
        process.errorOccurred.connect(self._failed_to_start)
        program, *arguments = child_command("wasmstate_gui.core.calls.worker")
        process.start(program, arguments)
        process.write(encode(self._load))
        self._process = process
        self._reader = Reader()

    def _end(self) -> None:
        process = self._process
        if process is None:
            return
        self._process = None
        self.known = None
        process.readyReadStandardOutput.disconnect(self._read)
        process.finished.disconnect(self._ended_by_itself)
        process.errorOccurred.disconnect(self._failed_to_start)
        self._ended = [each for each in self._ended if each.state() != _NOT_RUNNING]
        self._ended.append(process)
        process.kill()

    def _read(self) -> None:
        if self._process is None:
            return
        data = bytes(self._process.readAllStandardOutput().data())
        # What has piled up while the window was busy is shown at once.
        steps: list[Step] = []
        for message in self._reader.feed(data):
            if isinstance(message, Progress | Outcome) and self._is_under_way(message.id):
                steps += message.steps
                if isinstance(message, Outcome):
                    self._call = None
                    self.finished.emit(replace(message, steps=steps))
                    return
        if steps:
            self._done += len(steps)
            self.progressed.emit(steps)

    def _is_under_way(self, id: int) -> bool:
        return self._call is not None and id == self._call.id

    def _ended_by_itself(self, code: int) -> None:
        process = self._process
        if process is None:
            return
        last = bytes(process.readAllStandardError().data()).decode(errors="replace").strip()
        self._process = self.known = None
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
