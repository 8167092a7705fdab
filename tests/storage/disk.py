"""A disk that remembers every call, and fails or falls short when told to.

It stands in the place of the file system that storage speaks to, put there by ``using(disk)``. What
is not told to fail really happens.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wasmstate.storage.filesystem import FileSystem

CALLS = tuple(
    name for name, value in vars(FileSystem).items() if callable(value) and name[0] != "_"
)
"""Every call of the port."""
_NO_CALLS = ("now", "pause")


class Disk(FileSystem):
    """The file system, watched.

    Args:
        fail: the name of the call to fail.
        at: which of the calls of that name: 1 for the first.
        error: the errno it fails with.
        chunk: the most that one write or copy transfers.
        copied: what ``copy`` claims to have copied, without copying anything.

    Attributes:
        log: each call as ``name target``, in order; a target is ``temporary``, ``folder`` or
            ``file``.
        failed: the call that has failed, as in the log, or nothing.
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
        self.failed = ""
        self._fail = (fail, at, error)
        self._chunk = chunk
        self._copied = copied
        self._count: Counter[str] = Counter()
        self._targets: dict[int, str] = {}

    def __getattribute__(self, name: str) -> Any:
        real = super().__getattribute__(name)
        if name not in CALLS or name in _NO_CALLS:
            return real
        return lambda *args, **options: self.call(name, real, *args, **options)

    def call(self, name: str, real: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Whatever is called comes by here."""
        target = self.target(name, args)
        self.log.append(f"{name} {target}")
        self._count[name] += 1
        fail, at, error = self._fail
        if name == fail and self._count[name] == at:
            self.failed = self.log[-1]
            if name == "close":  # a close that fails has closed
                real(*args)
            raise OSError(error, os.strerror(error))
        if name == "write":
            args = (args[0], args[1][: self._chunk])
        if name == "copy":
            if self._copied is not None:
                return self._copied
            args = (*args[:3], min(args[3], self._chunk or args[3]))
        result = real(*args, **options)
        if name in ("open", "open_beside", "create", "open_folder"):
            self._targets[result] = target
        return result

    def target(self, name: str, args: tuple[Any, ...]) -> str:
        """What a call is about."""
        if name in ("clone", "copy"):
            return self._targets[args[1]]
        if isinstance(args[0], int):
            return self._targets[args[0]]
        if name in ("rename", "rename_new", "exchange", "link"):
            return "temporary over file"
        path: Path = args[0]
        if path.name.endswith(".wasmstate-tmp"):
            return "temporary"
        return "folder" if path.is_dir() else "file"


def short(log: list[str]) -> list[str]:
    """A log in which a call that is repeated stands once."""
    return [entry for i, entry in enumerate(log) if i == 0 or log[i - 1] != entry]
