"""When a changed S is committed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

_EVERY = re.compile(r"every:(?:(?P<changes>\d{1,18})|(?P<seconds>\d{1,9}(?:\.\d{1,9})?)s)")


@dataclass(frozen=True, slots=True)
class Policy:
    """What ``persist`` says.

    Attributes:
        changes: after how many changes a commit is due; 0 if their number does not matter.
        seconds: how long after the first change that is not committed; 0 if time does not matter.
        at_close: whether closing the session commits what is left.
    """

    changes: int = 0
    seconds: float = 0.0
    at_close: bool = True

    @property
    def is_every_change(self) -> bool:
        """Whether each call commits what it changed before it returns."""
        return self.changes == 1

    @property
    def in_background(self) -> bool:
        """Whether commits are made by another thread while calls go on."""
        return self.changes > 1 or self.seconds > 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``every-change``, ``every:100``, ``every:0.5s``, ``on-close`` or ``manual``.

        ``every:1`` is ``every-change``.

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
        if not changes and not seconds:
            raise ValueError(
                "persist must be every-change, every:N (changes), every:Ts (seconds, as in "
                f"every:0.5s), on-close or manual, not {text!r}"
            )
        return cls(changes, seconds)
