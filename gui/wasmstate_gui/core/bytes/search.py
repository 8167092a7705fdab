"""Looking for bytes, text and numbers in files of any size."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from wasmstate.binary.source import Source
from wasmstate_gui.core.document.edited_source import CHUNK

KINDS = ("bytes", "text", "i32", "i64", "f32", "f64")
"""What can be looked for."""

_DTYPES: dict[str, np.dtype[Any]] = {
    "i32": np.dtype("<i4"),
    "i64": np.dtype("<i8"),
    "f32": np.dtype("<f4"),
    "f64": np.dtype("<f8"),
}


class Watcher(Protocol):
    """Who waits for a search."""

    @property
    def is_cancelled(self) -> bool:
        """Whether nobody waits any more."""
        ...

    def report(self, share: float) -> None:
        """Say how much is done, 0 to 1."""
        ...


class Needle(Protocol):
    """What is looked for: so many bytes, of which it can be told whether they are meant."""

    size: int

    def first(self, data: bytes) -> int:
        """Where it is found first; -1 if it is not there."""
        ...

    def last(self, data: bytes) -> int:
        """Where it is found last; -1 if it is not there."""
        ...


class Pattern:
    """These bytes."""

    def __init__(self, pattern: bytes) -> None:
        self.pattern = pattern
        self.size = len(pattern)

    def first(self, data: bytes) -> int:
        return data.find(self.pattern)

    def last(self, data: bytes) -> int:
        return data.rfind(self.pattern)


class Number:
    """A number of a type, at any offset, or one that is no further from it than a tolerance."""

    def __init__(self, dtype: np.dtype[Any], value: float, tolerance: float) -> None:
        self.dtype = dtype
        self.size = dtype.itemsize
        self._value = value
        self._tolerance = tolerance

    def first(self, data: bytes) -> int:
        found = [self._hits(data, shift)[:1] for shift in range(self.size)]
        return min((int(hits[0]) for hits in found if len(hits)), default=-1)

    def last(self, data: bytes) -> int:
        found = [self._hits(data, shift)[-1:] for shift in range(self.size)]
        return max((int(hits[0]) for hits in found if len(hits)), default=-1)

    def _hits(self, data: bytes, shift: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        count = max(0, (len(data) - shift) // self.size)
        values = np.frombuffer(data, self.dtype, count, shift if count else 0)
        if self._value != self._value:
            near = np.isnan(values)
        elif abs(self._value) == float("inf") or not self._tolerance:
            near = values == self.dtype.type(self._value)
        else:
            with np.errstate(invalid="ignore", over="ignore"):
                near = np.abs(values.astype(np.float64) - self._value) <= self._tolerance
        return np.flatnonzero(near) * self.size + shift


@dataclass(frozen=True, slots=True)
class Match:
    """Where it was found, and whether the search had to begin from the other end for it."""

    start: int
    end: int
    is_wrapped: bool


def parse_needle(kind: str, text: str, tolerance: str = "") -> Needle | str:
    """What a text means as one of :data:`KINDS`; why it means nothing, if so."""
    if not text:
        return ""
    if kind == "text":
        return Pattern(text.encode())
    if kind == "bytes":
        try:
            pattern = bytes.fromhex(text.replace("0x", " ").replace(",", " "))
        except ValueError:
            return "write bytes as pairs of hex digits: de ad be ef"
        return Pattern(pattern) if pattern else ""
    return _parse_number(kind, text.strip(), tolerance.strip())


def _parse_number(kind: str, text: str, tolerance: str) -> Needle | str:
    try:
        slack = float(tolerance or 0)
    except ValueError:
        return f"the tolerance '{tolerance}' is not a number"
    if not slack >= 0:
        return "the tolerance must not be negative"
    is_integer = kind.startswith("i")
    try:
        value = int(text, 0) if is_integer else float(text)
    except ValueError:
        word = "an integer: write 12, -3 or 0x1F" if is_integer else "a number: write 1.5 or 1e-3"
        return f"'{text}' is not {word}"
    bits = int(kind[1:])
    if is_integer:
        if not -(1 << bits - 1) <= value < 1 << bits:
            return f"{text} does not fit {kind}"
        if not slack:
            return Pattern((int(value) % (1 << bits)).to_bytes(bits // 8, "little"))
    elif kind == "f32":
        try:
            struct.pack("<f", value)
        except OverflowError:
            return f"{text} is too large for f32 (at most 3.4e38)"
    return Number(_DTYPES[kind], value, slack)


def search(
    source: Source, needle: Needle, start: int, direction: int, watcher: Watcher
) -> Match | None:
    """Look for the next place, from the other end again if there is none.

    Args:
        source: the bytes.
        needle: what is looked for.
        start: where the first place may begin, or where the last one may, going backwards.
        direction: 1 or -1.
        watcher: is told how far it has come, and may give up.

    Raises:
        MalformedError, OSError: if the file cannot be read any more.
    """
    if direction > 0:
        ranges = [(max(0, start), source.size), (0, min(source.size, start + needle.size - 1))]
    else:
        ranges = [(0, min(source.size, start + needle.size)), (max(0, start + 1), source.size)]
    done = 0
    for is_wrapped, (low, high) in enumerate(ranges):
        for at, end in _windows(low, high, needle.size, direction):
            if watcher.is_cancelled:
                return None
            data = source.read(at, end - at)
            place = needle.first(data) if direction > 0 else needle.last(data)
            if place >= 0:
                return Match(at + place, at + place + needle.size, bool(is_wrapped))
            done += end - at
            watcher.report(min(1.0, done / max(1, source.size)))
    return None


def _windows(low: int, high: int, overlap: int, direction: int) -> list[tuple[int, int]]:
    """Ranges that cover another one; what stands across an edge is whole in one of them."""
    found = [(at, min(high, at + CHUNK + overlap - 1)) for at in range(low, high, CHUNK)]
    return found if direction > 0 else found[::-1]
