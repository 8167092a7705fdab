"""The places in a file that the user has been at, and the way back to them."""

from __future__ import annotations

_NEAR = 256
"""Bytes, at most, between two offsets that are one place."""
_MOST = 100


class VisitedPlaces:
    """Offsets in the order of the visits, as a browser keeps its pages."""

    def __init__(self) -> None:
        self._offsets: list[int] = []
        self._here = -1

    def visit(self, offset: int) -> None:
        """Note where the user is; what was ahead is dropped by a new place."""
        if self._offsets and abs(offset - self._offsets[self._here]) <= _NEAR:
            self._offsets[self._here] = offset
            return
        self._offsets = [*self._offsets[: self._here + 1], offset][-_MOST:]
        self._here = len(self._offsets) - 1

    def go(self, by: int) -> int | None:
        """The place before (-1) or after (1) the current one; ``None`` if there is none."""
        if not 0 <= self._here + by < len(self._offsets):
            return None
        self._here += by
        return self._offsets[self._here]
