"""Descriptors that a forked child must not keep: they would keep a lock of the parent.

``flock`` belongs to the open file, which the child's copy of a descriptor leads to as well. So a
parent that is killed in the middle of a commit would leave its lock to a child that knows nothing
of it. In the child each such descriptor leads to the null device: its number stays valid, and
whoever closes it later closes nothing else.
"""

from __future__ import annotations

import os

_parents: set[int] = set()


def keep_from_children(fd: int) -> None:
    """Let no child inherit what a descriptor leads to, until :func:`forget`."""
    _parents.add(fd)


def forget(fd: int) -> None:
    """For a descriptor that is about to be closed."""
    _parents.discard(fd)


def _after_fork() -> None:  # pragma: no cover (in the child)
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for fd in _parents:
        os.dup2(null, fd, inheritable=False)
    os.close(null)
    _parents.clear()


if hasattr(os, "register_at_fork"):  # pragma: no branch (Windows)
    os.register_at_fork(after_in_child=_after_fork)
