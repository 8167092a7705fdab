"""What the window and the process that runs calls say to each other.

A message is a JSON object on a line; the bytes of S follow it as they are, for taking a large S
apart as text would hold up the window.

Values cross the process boundary, never objects: a view into an instance's memory would be gone
as soon as that memory grows.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any

Argument = Any
"""A number, or a list of numbers, nested as the array is."""


@dataclass(frozen=True, slots=True)
class Load:
    """Run this module from now on.

    Attributes:
        module: its bytes; ``None`` if they are to be read from a file.
        path: of that file.
        size: of that file, in bytes: another one by now is refused.
        patches: bytes to be laid over those of the file, by offset.
    """

    module: bytes | None = None
    path: str = ""
    size: int = 0
    patches: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Call:
    """Call a function.

    Attributes:
        id: of the call; what is said of it carries the same.
        name: of the export.
        args: a number or a list each.
        times: how often; what is changed by one call is there for the next.
        rows: the arguments of each call in its turn, in place of ``args``; as many as ``times``.
        until: a condition on S that ends the calls once it holds; empty for none.
        watch: the name of a detector that is told how wrong the model was about each row that
            ``update`` learns; empty for none.
        cell: a cell or a tensor: the call is done on a copy, and what it writes there is noted;
            empty for a call that changes S.
        contents: S to start from, a region each; ``None`` for S as the last call left it.
        seconds: how long one call may take; ``None`` for as long as it likes.
    """

    id: int
    name: str
    args: list[Argument]
    times: int = 1
    contents: list[bytes] | None = None
    seconds: float | None = 2.0
    rows: list[list[Argument]] = field(default_factory=list)
    until: str = ""
    watch: str = ""
    cell: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What one call did.

    Attributes:
        delta: of S; see :mod:`wasmstate_gui.core.document.delta`.
        value: what the call gave; several results as a list.
        size: ``dS``, the norm of the change of the floating-point tensors.
        lengths: of the regions afterwards; ``None`` if memory has not grown.
        drift: that the detector told with it: the mean loss before it, ``None`` if it is not known,
            and in the last rows; ``None`` if it told none.
    """

    delta: bytes
    value: Any = None
    size: float = 0.0
    lengths: list[int] | None = None
    drift: tuple[float | None, float] | None = None

    @property
    def weight(self) -> int:
        """What it costs to take it in: about as much as so many bytes of a delta."""
        return len(self.delta) + _STEP_WEIGHT


_STEP_WEIGHT = 4 << 10


@dataclass(frozen=True, slots=True)
class Progress:
    """These calls are done, too."""

    id: int
    steps: list[Step]


@dataclass(frozen=True, slots=True)
class Took:
    """The window has taken in steps of this weight: as many may follow."""

    id: int
    weight: int


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
        drifts: how many the detector told; ``None`` if none watched.
        writes: to the cell that was asked about, in order, each with the fields of
            :class:`~wasmstate.session.why.Write`.
        write_count: of all of them; the first thousand are in ``writes``.
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
    drifts: int | None = None
    writes: list[dict[str, Any]] = field(default_factory=list)
    write_count: int = 0


Message = Load | Call | Progress | Took | Outcome
_KINDS: dict[str, type[Message]] = {
    each.__name__: each for each in (Load, Call, Progress, Took, Outcome)
}


def encode(message: Message) -> bytes:
    """A message as it is sent: a line, then the bytes that the line counts."""
    fields = {each.name: getattr(message, each.name) for each in dataclasses.fields(message)}
    blobs: list[bytes] = []
    if fields.get("module") is not None:
        blobs = [fields["module"]]
        fields["module"] = ""
    elif fields.get("contents") is not None:
        blobs = fields["contents"]
        fields["contents"] = []
    elif "steps" in fields:
        blobs = [step.delta for step in fields["steps"]]
        fields["steps"] = [(s.value, s.size, s.lengths, s.drift) for s in fields["steps"]]
    sizes = [len(blob) for blob in blobs]
    line = json.dumps({"kind": type(message).__name__, "sizes": sizes, **fields}).encode()
    return b"".join((line, b"\n", *blobs))


class Reader:
    """Makes messages of the bytes that come in; unchecked, for both ends are of one version."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self._needed = 0

    def feed(self, data: bytes) -> list[Message]:
        """Take what has come; gives the messages that are complete."""
        self._parts.append(data)
        self._size += len(data)
        # A large S comes in many parts: they are joined once, when all of it is there.
        if self._size < self._needed or (not self._needed and b"\n" not in data):
            return []
        buffer = b"".join(self._parts)
        messages: list[Message] = []
        at = self._needed = 0
        while not self._needed:
            start = buffer.find(b"\n", at) + 1
            if not start:
                break
            fields = json.loads(buffer[at:start])
            ends = [start, *accumulate(fields.pop("sizes"), initial=start)]
            if ends[-1] > len(buffer):
                self._needed = ends[-1] - at
                break
            blobs = [buffer[a:b] for a, b in pairwise(ends[1:])]
            messages.append(_message(fields, blobs))
            at = ends[-1]
        self._parts, self._size = [buffer[at:]], len(buffer) - at
        return messages


def _message(fields: dict[str, Any], blobs: list[bytes]) -> Message:
    message_class = _KINDS[fields.pop("kind")]
    if fields.get("module") is not None:
        (fields["module"],) = blobs
    if fields.get("contents") is not None:
        fields["contents"] = blobs
    if "steps" in fields:
        pairs = zip(fields["steps"], blobs, strict=True)
        fields["steps"] = [
            Step(delta, value, size, lengths, drift and tuple(drift))
            for (value, size, lengths, drift), delta in pairs
        ]
    if "pages" in fields:
        fields["pages"] = tuple(fields["pages"])
    if "patches" in fields:
        fields["patches"] = [tuple(each) for each in fields["patches"]]
    return message_class(**fields)
