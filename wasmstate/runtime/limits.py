"""What a call may use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may use.

    Attributes:
        seconds: of wall clock, ``None`` for no deadline; exact to 10 ms.
        memory: bytes of each linear memory, ``None`` for what the module itself declares; tables
            may take as much, at eight bytes an element.
        fuel: units of work, about one an instruction, ``None`` for no limit. Unlike time it is
            the same in every run. Counting it makes all code slower, so it is off by default.

    Raises:
        ValueError: if one of them is negative or not a number.
    """

    seconds: float | None = 10.0
    memory: int | None = 1 << 30
    fuel: int | None = None

    def __post_init__(self) -> None:
        for name in ("seconds", "memory", "fuel"):
            value = getattr(self, name)
            if value is not None and not value >= 0:  # NaN is not, either
                raise ValueError(f"the limit of {name} must not be {value}")
