"""Waiting for the lock of a file: how long, and what is said meanwhile.

Anybody who may read a file may lock it, and a process that was stopped keeps its locks. So a writer
that waits says for whom, after a second, to the logger ``wasmstate``; without a handler Python
writes that to standard error. It asks again and again instead of waiting in the kernel, so that a
time limit or a signal can end it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from wasmstate.errors import NotCommittedError
from wasmstate.storage.filesystem import file_system

_SILENT = 1.0
"""Seconds without a word."""
_SHORT, _LONG = 0.001, 0.02
"""Seconds between two attempts, at first and when a while has passed."""

_log = logging.getLogger("wasmstate")


@dataclass(frozen=True)
class _Patience:
    seconds: float | None = None
    is_over: Callable[[], bool] = lambda: False


_UNLIMITED = _Patience()
_patience: ContextVar[_Patience] = ContextVar("patience", default=_UNLIMITED)


@contextmanager
def lock_timeout(
    seconds: float | None, *, is_over: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """Limit how long a commit waits while somebody else has locked the file.

    Args:
        seconds: after which :class:`NotCommittedError` is raised; ``None`` for no limit.
        is_over: asked after a second and from then on; true ends the wait in the same way.
    """
    token = _patience.set(_Patience(seconds, is_over))
    try:
        yield
    finally:
        _patience.reset(token)


def take_lock(fd: int, path: Path) -> None:
    """Take the lock of an open file, and wait for it as long as is allowed.

    Raises:
        NotCommittedError: if the wait has come to its end.
        OSError: if the file cannot be locked.
    """
    files = file_system()
    patience = _patience.get()
    waited, is_said = 0.0, False
    while not files.lock(fd, wait=False):
        if patience.seconds is not None and waited >= patience.seconds:
            raise NotCommittedError(
                f"{path}: not committed, waited {patience.seconds:g} s for its lock, "
                f"which {_holder(fd)} has; the file is what it was"
            )
        if waited >= _SILENT:
            if patience.is_over():
                raise NotCommittedError(
                    f"{path}: not committed, told to end while {_holder(fd)} had its lock; "
                    "the file is what it was"
                )
            if not is_said:
                is_said = True
                _log.warning("%s: waiting for its lock, which %s has", path, _holder(fd))
        pause = _SHORT if waited < _LONG else _LONG
        files.pause(pause)
        waited += pause


def _holder(fd: int) -> str:
    """Who has the lock, as far as Linux tells."""
    info = os.fstat(fd)
    device = f"{os.major(info.st_dev):02x}:{os.minor(info.st_dev):02x}:{info.st_ino}"
    try:
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:  # pragma: no cover (not on Linux)
        lines = []
    for line in lines:
        match line.split():
            case [_, _, _, _, process, place, *_] if place == device:
                return f"process {process}{_name(process)}"
    return "another process"


def _name(process: str) -> str:
    try:
        return f" ({Path('/proc', process, 'comm').read_text().strip()})"
    except OSError:
        return ""
