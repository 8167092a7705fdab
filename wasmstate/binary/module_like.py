"""What a function takes as a module: a path, the bytes of a file, or a module that was read."""

from __future__ import annotations

import os
from typing import TypeAlias

from wasmstate.binary.module import Module

PathLike: TypeAlias = str | os.PathLike[str]
ModuleLike: TypeAlias = Module | PathLike | bytes | bytearray | memoryview
"""A path, the bytes of a file, or a :class:`Module`."""


def as_module(value: ModuleLike, argument: str = "module", *, strict: bool = True) -> Module:
    """The module that an argument of a public function gives.

    Args:
        value: a path, the bytes of a file, or a module.
        argument: the name of the argument, for the error.
        strict: as for :meth:`Module.open`.

    Raises:
        TypeError: another type.
        MalformedError: as :meth:`Module.open`.
        OSError: the file cannot be read.
    """
    if isinstance(value, Module):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return Module.from_bytes(value, strict=strict)
    if isinstance(value, (str, os.PathLike)):
        return Module.open(value, strict=strict)
    raise wrong_type(value, argument, "a path, bytes or a Module")


def check_path(value: object, argument: str = "path") -> None:
    """Check that an argument of a public function is a path.

    Raises:
        TypeError: it is not.
    """
    if not isinstance(value, (str, os.PathLike)):
        raise wrong_type(value, argument, "a path")


def wrong_type(value: object, argument: str, expected: str) -> TypeError:
    """The error for an argument of a wrong type."""
    return TypeError(f"{argument} must be {expected}, not {type(value).__name__}")
