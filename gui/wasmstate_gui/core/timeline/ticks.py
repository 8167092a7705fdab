"""Where an axis has its ticks, and what stands beside them."""

from __future__ import annotations

import math

_LONGEST = 9  # characters beside an axis
_FEW_DIGITS = 1e7


def tick_spacing(low: float, high: float, most: float, least: float = 0) -> float:
    """The round distance of ticks: 1, 2 or 5 times a power of ten, with two ticks at least.

    Args:
        low: the lower end of the axis.
        high: the upper end, which is another.
        most: how many intervals find room.
        least: the distance is never smaller; 1 for an axis of steps.
    """
    wanted = max((high - low) / max(most, 1), least)
    power = math.floor(math.log10(wanted)) + 1
    ladder = (digit * 10.0**p for p in range(power, power - 3, -1) for digit in (5, 2, 1))
    rungs = [each for each in ladder if each >= least]
    room = [each for each in rungs if each >= wanted * (1 - 1e-9)]
    below = rungs[len(room) :]
    spacing = room[-1]
    while below and math.floor(high / spacing) - math.ceil(low / spacing) < 1:
        spacing = below.pop(0)
    return spacing


def tick_text(value: float, spacing: float) -> str:
    """A value with as many digits as tell it from its neighbours.

    >>> tick_text(0.25, 0.05)
    '0.25'
    >>> tick_text(1.15e19, 5e17)
    '1.15e19'
    """
    if abs(value) < spacing / 2:
        return "0"
    finest = math.floor(math.log10(spacing) + 1e-9)
    if finest >= -5 and abs(value) < _FEW_DIGITS:
        text = f"{value:,.{max(0, -finest)}f}"
        if len(text) <= _LONGEST:
            return text
    digits = min(max(0, math.floor(math.log10(abs(value))) - finest), _LONGEST - 5)
    number, _, power = f"{value:.{digits}e}".partition("e")
    return f"{number}e{int(power)}"
