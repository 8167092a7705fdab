"""What the window and the process that runs calls say to each other: one JSON object a line.

Values cross the process boundary, never objects: a view into an instance's memory would be gone
as soon as that memory grows.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from typing import Any

Number = int | float


@dataclass(frozen=True, slots=True)
class Load:
    """Run this module from now on."""

    module: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """Call a function.

    Attributes:
        id: of the call; what is said of it carries the same.
        name: of the export.
        args: numbers.
        times: how often; what is changed by one call is there for the next.
        contents: S to start from, a region each; ``None`` for S as the last call left it.
        seconds: how long one call may take; ``None`` for as long as it likes.
    """

    id: int
    name: str
    args: list[Number]
    times: int = 1
    contents: list[bytes] | None = None
    seconds: float | None = 2.0


@dataclass(frozen=True, slots=True)
class Progress:
    """Some of the calls are done, and S is this."""

    id: int
    done: int
    contents: list[bytes]


@dataclass(frozen=True, slots=True)
class Outcome:
    """All calls are done, or one of them failed.

    Attributes:
        id, name: as in the call.
        done: how many calls returned.
        value: what the last of them gave; several results as a list.
        seconds: all of them took.
        contents: S after the last one that returned; ``None`` if it is what was last told.
        pages: of the memory, before and after.
        error: the name of the error's class; empty if there was none.
        text: of the error.
    """

    id: int
    name: str
    done: int = 0
    value: Any = None
    seconds: float = 0.0
    contents: list[bytes] | None = None
    pages: tuple[int, int] = (0, 0)
    error: str = ""
    text: str = ""


Message = Load | Call | Progress | Outcome
_KINDS: dict[str, type[Message]] = {each.__name__: each for each in (Load, Call, Progress, Outcome)}


def encode(message: Message) -> bytes:
    """A message as a line."""
    fields = asdict(message)
    for key in ("contents", "module"):
        if fields.get(key) is not None:
            fields[key] = _packed(fields[key])
    return json.dumps({"kind": type(message).__name__, **fields}).encode() + b"\n"


def decode(line: bytes) -> Message:
    """A line as a message. Both ends are of one version, so nothing is checked."""
    fields = json.loads(line)
    message_class = _KINDS[fields.pop("kind")]
    for key in ("contents", "module"):
        if fields.get(key) is not None:
            fields[key] = _unpacked(fields[key])
    if "pages" in fields:
        fields["pages"] = tuple(fields["pages"])
    return message_class(**fields)


def _packed(value: bytes | list[bytes]) -> str | list[str]:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return [base64.b64encode(each).decode() for each in value]


def _unpacked(value: str | list[str]) -> bytes | list[bytes]:
    if isinstance(value, str):
        return base64.b64decode(value)
    return [base64.b64decode(each) for each in value]
