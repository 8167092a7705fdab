"""A disk that remembers every call, and fails or falls short when told to.

It stands between ``wasmstate.storage.replace`` and the operating system. What is not told to fail
really happens.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

CALLS = ("open", "fstat", "copy_file_range", "write", "fchmod", "fsync", "close", "replace")
WATCHED = (*CALLS, "fchown", "unlink")


class Disk:
    """The module ``os``, watched.

    Args:
        fail: the name of the call to fail.
        at: which of the calls of that name: 1 for the first.
        error: the errno it fails with.
        chunk: the most that one write or copy transfers.
        copied: what ``copy_file_range`` claims to have copied, without copying anything.

    Attributes:
        log: each call as ``name target``, in order; a target is ``temporary``, ``folder`` or
            ``file``.
        failed: whether the failure has happened.
    """

    def __init__(
        self,
        *,
        fail: str = "",
        at: int = 1,
        error: int = 0,
        chunk: int | None = None,
        copied: int | None = None,
    ) -> None:
        self.log: list[str] = []
        self.failed = False
        self._fail = (fail, at, error)
        self._chunk = chunk
        self._copied = copied
        self._count: Counter[str] = Counter()
        self._targets: dict[int, str] = {}

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        return self._watched(name, real) if name in WATCHED else real

    def _watched(self, name: str, real: Any) -> Any:
        def call(*args: Any) -> Any:
            target = self._target(name, args)
            self.log.append(f"{name} {target}")
            self._count[name] += 1
            fail, at, error = self._fail
            if name == fail and self._count[name] == at:
                self.failed = True
                if name == "close":  # a close that fails has closed
                    real(*args)
                raise OSError(error, os.strerror(error))
            if name == "write":
                args = (args[0], args[1][: self._chunk])
            if name == "copy_file_range":
                if self._copied is not None:
                    return self._copied
                args = (args[0], args[1], min(args[2], self._chunk or args[2]), args[3])
            result = real(*args)
            if name == "open":
                self._targets[result] = target
            return result

        return call

    def _target(self, name: str, args: tuple[Any, ...]) -> str:
        if name in ("open", "unlink"):
            path = Path(args[0])
            if path.is_dir():
                return "folder"
            return "temporary" if path.name.endswith(".wasmstate-tmp") else "file"
        if name == "replace":
            return "temporary over file"
        return self._targets[args[1] if name == "copy_file_range" else args[0]]


def short(log: list[str]) -> list[str]:
    """A log in which a call that is repeated stands once."""
    return [entry for i, entry in enumerate(log) if i == 0 or log[i - 1] != entry]
