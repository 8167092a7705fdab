"""When a changed S is committed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from wasmstate.session.byte_size import parse_size

_DAY = 86_400
_BUDGET = re.compile(r"budget:(?P<size>[^/]+)/(?P<time>day|hour)")
_EVERY = re.compile(r"every:(?:(?P<changes>\d{1,18})|(?P<seconds>\d{1,9}(?:\.\d{1,9})?)s)")


@dataclass(frozen=True, slots=True)
class Policy:
    """What ``persist`` says.

    Attributes:
        changes: after how many changes a commit is due; 0 if their number does not matter.
        seconds: how long after the first change that is not committed; 0 if time does not matter.
        at_close: whether closing the session commits what is left.
        bytes_per_day: what commits may write; 0 if that does not matter.
    """

    changes: int = 0
    seconds: float = 0.0
    at_close: bool = True
    bytes_per_day: float = 0.0

    @property
    def is_every_change(self) -> bool:
        """Whether each call commits what it changed before it returns."""
        return self.changes == 1

    @property
    def in_background(self) -> bool:
        """Whether commits are made by another thread while calls go on."""
        return self.changes > 1 or self.is_timed

    @property
    def is_timed(self) -> bool:
        """Whether a commit is due at a time."""
        return self.seconds > 0 or self.bytes_per_day > 0

    def interval(self, size: int) -> float:
        """Seconds from one commit of so many bytes to the next."""
        return size * _DAY / self.bytes_per_day if self.bytes_per_day else self.seconds

    def commits_per_day(self, updates: float, size: int) -> float:
        """How many commits a day this makes at most.

        Args:
            updates: how many a day change S.
            size: of a commit, in bytes.

        Raises:
            ValueError: if it says nothing of when it commits.
        """
        if not self.changes and not self.is_timed:
            raise ValueError("on-close and manual say nothing of how often they commit")
        return min(updates, _DAY / self.interval(size)) if self.is_timed else updates / self.changes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``every-change``, ``every:100``, ``every:0.5s``, ``budget:20MB/day`` and so on.

        The others are ``on-close`` and ``manual``; ``every:1`` is ``every-change``.

        Raises:
            ValueError: for an unknown policy.
        """
        match = _EVERY.fullmatch(text) if isinstance(text, str) else None
        changes = int(match["changes"] or 0) if match else 0
        seconds = float(match["seconds"] or 0) if match else 0.0
        if text == "every-change":
            changes = 1
        if text in ("on-close", "manual"):
            return cls(at_close=text == "on-close")
        budget = _BUDGET.fullmatch(text) if isinstance(text, str) else None
        if budget and (size := _size(budget["size"])):
            return cls(bytes_per_day=size * (24 if budget["time"] == "hour" else 1))
        if not changes and not seconds:
            raise ValueError(
                "persist must be every-change, every:N (changes), every:Ts (seconds, as in "
                f"every:0.5s), budget:SIZE/day (as in budget:20MB/day), on-close or manual, not "
                f"{text!r}"
            )
        return cls(changes, seconds)


def _size(text: str) -> int:
    try:
        return parse_size(text)
    except ValueError:
        return 0
