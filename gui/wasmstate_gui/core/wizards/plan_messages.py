"""What the window and the process of a wizard's plan say to each other.

Messages are pickled: both ends are of one version, and the errors of the library are made to be.
Unlike the steps of :mod:`wasmstate_gui.core.calls.protocol` there are few of them.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import IO, Any

from wasmstate.errors import WasmstateError

_SIZE = 8  # bytes of the length in front of a message


@dataclass(frozen=True, slots=True)
class Request:
    """Call a method of the plan.

    Attributes:
        method: its name; it takes ``say`` besides.
        args: what it is called with.
    """

    method: str
    args: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """What is being done.

    Attributes:
        text: in a few words.
        share: how much of it is done, 0 to 1; ``None`` if that cannot be told.
    """

    text: str = "Working"
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What the method gave."""

    value: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """What the method raised."""

    error: WasmstateError | OSError


def send(file: IO[bytes], message: object) -> None:
    """Write a message. Raises OSError if nobody reads any more."""
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    file.write(len(data).to_bytes(_SIZE, "little"))
    file.write(data)
    file.flush()


def receive(file: IO[bytes]) -> Any:
    """Read a message. Raises EOFError if there are no more."""
    size = file.read(_SIZE)
    data = file.read(int.from_bytes(size, "little")) if len(size) == _SIZE else b""
    if not data:
        raise EOFError
    return pickle.loads(data)  # noqa: S301 (from the other end, which started this one)
