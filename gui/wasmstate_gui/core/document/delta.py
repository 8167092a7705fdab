"""What one step changed, small: the bytes that differ, as exclusive or.

A delta leads from the state before a step to the one after it, and back. Where one of the two is
shorter, because memory has grown, it counts as filled up with zeros. A delta is a list of runs:
how many (u32), where each starts (u32), how long each is (u32), and their bytes one after the
other; packed with zlib. An empty delta changes nothing.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_GAP = 8  # bytes: two runs nearer than a run's own cost are one
_FEW = 8  # so many runs are applied one by one
_LONG = 64  # bytes: runs as long as this on average are, too
_BLOCK = 4096  # runs that are applied together, else


@dataclass(frozen=True, slots=True)
class Runs:
    """A delta, unpacked."""

    starts: NDArray[np.uint32]
    lengths: NDArray[np.uint32]
    bits: NDArray[np.uint8]

    def where(self) -> NDArray[np.int64]:
        """The position of each of the bytes."""
        lengths = self.lengths.astype(np.int64)
        shift = self.starts.astype(np.int64) - np.cumsum(lengths) + lengths
        return np.arange(len(self.bits)) + np.repeat(shift, lengths)

    def between(self, start: int, stop: int) -> NDArray[np.uint8]:
        """The bits of the bytes in this range; zeros where nothing changed."""
        found = np.zeros(stop - start, np.uint8)
        ends = self.starts + self.lengths
        first, last = int(ends.searchsorted(start, "right")), int(self.starts.searchsorted(stop))
        if first < last:
            at = int(self.lengths[:first].sum())
            bits = self.bits[at : at + int(self.lengths[first:last].sum())]
            where = Runs(self.starts[first:last], self.lengths[first:last], bits).where() - start
            inside = (where >= 0) & (where < stop - start)
            found[where[inside]] = bits[inside]
        return found

    def change(self, state: NDArray[np.uint8]) -> None:
        """Apply them to a state in place; what lies beyond its end is left out."""
        if len(self.starts) > _FEW and len(self.bits) < _LONG * len(self.starts):
            self._change_blocks(state)
            return
        at = 0
        for start, length in zip(self.starts.tolist(), self.lengths.tolist(), strict=True):
            part = state[start : start + length]
            part ^= self.bits[at : at + len(part)]
            at += length

    def _change_blocks(self, state: NDArray[np.uint8]) -> None:
        # Not all at once: NumPy would let no other thread of the window run meanwhile.
        at = 0
        for first in range(0, len(self.starts), _BLOCK):
            lengths = self.lengths[first : first + _BLOCK]
            bits = self.bits[at : at + int(lengths.sum())]
            at += len(bits)
            where = Runs(self.starts[first : first + _BLOCK], lengths, bits).where()
            if where[-1] >= len(state):
                inside = where < len(state)
                where, bits = where[inside], bits[inside]
            state[where] ^= bits


def encode_delta(before: bytes, after: bytes) -> bytes:
    """The delta between two states."""
    if before == after:
        return b""
    size = max(len(before), len(after))
    before, after = before.ljust(size, b"\0"), after.ljust(size, b"\0")
    bits = np.frombuffer(before, np.uint8) ^ np.frombuffer(after, np.uint8)
    changed = np.flatnonzero(bits)
    if not len(changed):
        return b""
    breaks = np.flatnonzero(np.diff(changed) > _GAP)
    starts = changed[np.concatenate(([0], breaks + 1))]
    ends = changed[np.concatenate((breaks, [len(changed) - 1]))] + 1
    runs = Runs(_u32(starts), _u32(ends - starts), np.empty(0, np.uint8))
    where = Runs(runs.starts, runs.lengths, np.empty(int((ends - starts).sum()), np.uint8)).where()
    count = len(starts).to_bytes(4, "little")
    packed = count + runs.starts.tobytes() + runs.lengths.tobytes() + bits[where].tobytes()
    return zlib.compress(packed, 1)


def decode_delta(delta: bytes) -> Runs:
    """The runs of a delta."""
    if not delta:
        return Runs(_u32([]), _u32([]), np.empty(0, np.uint8))
    packed = zlib.decompress(delta)
    count = int.from_bytes(packed[:4], "little")
    numbers = np.frombuffer(packed, "<u4", 2 * count, 4)
    return Runs(
        numbers[:count], numbers[count:], np.frombuffer(packed, np.uint8, -1, 4 + 8 * count)
    )


def apply_delta(state: NDArray[np.uint8], delta: bytes, size: int) -> NDArray[np.uint8]:
    """The state after a step of the one before it, or the other way round.

    Args:
        state: is written to.
        delta: of the step.
        size: of the state that is asked for, in bytes.
    """
    if size > len(state):
        state = np.concatenate([state, np.zeros(size - len(state), np.uint8)])
    if delta:
        # What is beyond the end of a shorter state becomes zeros: it is left out.
        decode_delta(delta).change(state)
    return state[:size]


def changed_bytes(delta: bytes) -> int:
    """How many bytes a delta changes."""
    return int(np.count_nonzero(decode_delta(delta).bits))


def _u32(numbers: Any) -> NDArray[np.uint32]:
    return np.asarray(numbers, "<u4")
