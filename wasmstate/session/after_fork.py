"""Objects that a forked child process has copies of, and that are the parent's to go on with."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

_Known = TypeVar("_Known")
_known: weakref.WeakKeyDictionary[Any, Callable[[Any], None]] = weakref.WeakKeyDictionary()


def call_after_fork(method: Callable[[_Known], None], of: _Known) -> None:
    """Have a method of an object called in each child process, as long as the object lives.

    Args:
        method: of the class, for one of the object would keep it alive.
        of: the object.
    """
    _known[of] = method


def _after_fork() -> None:
    for each, method in list(_known.items()):
        method(each)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
