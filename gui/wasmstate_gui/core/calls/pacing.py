"""How far the calls may be ahead of what the window has taken in of them."""

from __future__ import annotations

import threading

MOST_AHEAD = 8 << 20
"""Largest weight of steps ahead: what the window shows within some tenths of a second."""


class Pace:
    """Holds up the calls while the window is behind: else all they did would pile up there."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._id = 0
        self._ahead = 0

    def tell(self, id: int, weight: int) -> None:
        """The window is about to be told of steps.

        Args:
            id: of the call; another one begins with nothing to be taken in.
            weight: of the steps.
        """
        with self._changed:
            if id != self._id:
                self._id, self._ahead = id, 0
            self._ahead += weight

    def wait(self) -> None:
        """Wait until the window has taken in enough to be told of more."""
        with self._changed:
            self._changed.wait_for(lambda: self._ahead <= MOST_AHEAD)

    def took(self, id: int, weight: int) -> None:
        """The window has taken in steps of a call."""
        with self._changed:
            if id == self._id:
                self._ahead -= weight
                self._changed.notify()
