"""What the window and the process that runs calls say to each other: one JSON object a line.

Values cross the process boundary, never objects: a view into an instance's memory would be gone
as soon as that memory grows.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, field
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
        rows: the arguments of each call in its turn, in place of ``args``; as many as ``times``.
        until: a condition on S that ends the calls once it holds; empty for none.
        contents: S to start from, a region each; ``None`` for S as the last call left it.
        seconds: how long one call may take; ``None`` for as long as it likes.
    """

    id: int
    name: str
    args: list[Number]
    times: int = 1
    contents: list[bytes] | None = None
    seconds: float | None = 2.0
    rows: list[list[Number]] = field(default_factory=list)
    until: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What one call did.

    Attributes:
        delta: of S; see :mod:`wasmstate_gui.presenters.delta`.
        value: what the call gave; several results as a list.
        size: ``dS``, the norm of the change of the floating-point tensors.
    """

    delta: bytes
    value: Any = None
    size: float = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """These calls are done, too."""

    id: int
    steps: list[Step]


@dataclass(frozen=True, slots=True)
class Outcome:
    """All calls are done, or one of them failed.

    Attributes:
        id, name: as in the call.
        done: how many calls returned.
        value: what the last of them gave.
        steps: the calls that returned since it was last told.
        seconds: all of them took.
        pages: of the memory, before and after.
        error: the name of the error's class; empty if there was none.
        text: of the error.
        stopped: whether the condition came to hold.
    """

    id: int
    name: str
    done: int = 0
    value: Any = None
    steps: list[Step] = field(default_factory=list)
    seconds: float = 0.0
    pages: tuple[int, int] = (0, 0)
    error: str = ""
    text: str = ""
    stopped: bool = False


Message = Load | Call | Progress | Outcome
_KINDS: dict[str, type[Message]] = {each.__name__: each for each in (Load, Call, Progress, Outcome)}


def encode(message: Message) -> bytes:
    """A message as a line."""
    fields = asdict(message)
    if "module" in fields:
        fields["module"] = _packed(fields["module"])
    if fields.get("contents") is not None:
        fields["contents"] = [_packed(each) for each in fields["contents"]]
    if "steps" in fields:
        fields["steps"] = [[_packed(s["delta"]), s["value"], s["size"]] for s in fields["steps"]]
    return json.dumps({"kind": type(message).__name__, **fields}).encode() + b"\n"


def decode(line: bytes) -> Message:
    """A line as a message. Both ends are of one version, so nothing is checked."""
    fields = json.loads(line)
    message_class = _KINDS[fields.pop("kind")]
    if "module" in fields:
        fields["module"] = base64.b64decode(fields["module"])
    if fields.get("contents") is not None:
        fields["contents"] = [base64.b64decode(each) for each in fields["contents"]]
    if "steps" in fields:
        fields["steps"] = [Step(base64.b64decode(d), v, s) for d, v, s in fields["steps"]]
    if "pages" in fields:
        fields["pages"] = tuple(fields["pages"])
    return message_class(**fields)


def _packed(value: bytes) -> str:
    return base64.b64encode(value).decode()
