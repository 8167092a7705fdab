"""One thing that is wrong with a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wasmstate.errors import Remedy

Certainty = Literal["certain", "likely", "possible"]
"""How sure it is that the reason is the reason. What is wrong is always certain: ``likely`` and
``possible`` are said of how it came about, or of what would mend it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a file.

    Attributes:
        severity: ``error`` if the file cannot be used as it is, else ``warning``.
        path: where, as a reader would index it.
        offset: of the byte, from the start of the file; ``None`` if no byte is to blame.
        reason: one clause, no capital, no full stop.
        advice: what to do about it.
        certainty: ``certain``, ``likely`` or ``possible``.
        repair: the name of the repair that fits, such as ``restore-prev``; ``None`` if there is
            none.
        remedies: what of the library helps.
    """

    severity: str
    path: str
    offset: int | None
    reason: str
    advice: str
    certainty: Certainty = "certain"
    repair: str | None = None
    remedies: tuple[Remedy, ...] = ()

    def __str__(self) -> str:
        where = self.path if self.offset is None else f"{self.path} at {self.offset:#x}"
        sure = "" if self.certainty == "certain" else f" ({self.certainty})"
        fits = "" if self.repair is None else f" [repair: {self.repair}]"
        return f"{self.severity}{sure}: {where}: {self.reason}; {self.advice}{fits}"
