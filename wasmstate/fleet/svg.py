"""Small pictures as SVG, for a page without scripts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

_WIDTH, _HEIGHT = 440, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 8, 36
_BINS = 30
_MOST_POINTS = 4000  # in a scatter: more cannot be told apart

Numbers = NDArray[np.float64]


def bars(counts: Mapping[str, int], classes: Mapping[str, str]) -> str:
    """One bar a name, its count beside it.

    Args:
        counts: by name.
        classes: CSS classes by name; ``bar`` for others.
    """
    most = max(counts.values(), default=1)
    parts = []
    for i, (name, count) in enumerate(counts.items()):
        y = _TOP + 26 * i
        width = max(260 * count / most, 1)
        parts.append(_text(96, y + 14, name, "end"))
        style = classes.get(name, "bar")
        parts.append(f'<rect class="{style}" x="104" y="{y}" width="{width:.1f}" height="20"/>')
        parts.append(_text(110 + width, y + 14, f"{count:,}"))
    return _svg(parts, 26 * len(counts) + 2 * _TOP, "counts")


def histogram(values: Numbers, label: str) -> str:
    """How many values lie where."""
    low, high = _range(values)
    bins = _BINS
    if high - low < _BINS and not np.any(values % 1):  # few integers: a bar each
        low, high = np.floor(low) - 0.5, np.ceil(high) + 0.5
        bins = int(high - low)
    counts, _ = np.histogram(values, bins, (low, high))
    plot = _Plot(low, high, 0.0, float(counts.max(initial=1)))
    step = (high - low) / bins
    parts = plot.axes(label, "files")
    for i, count in enumerate(counts.tolist()):
        if count:
            left, right = plot.x(low + i * step), plot.x(low + (i + 1) * step)
            top = plot.y(count)
            parts.append(
                f'<rect class="bar" x="{left:.1f}" y="{top:.1f}" width="{right - left - 1:.1f}" '
                f'height="{_HEIGHT - _BOTTOM - top:.1f}"/>'
            )
    return _svg(parts, _HEIGHT, f"histogram of {label}")


def scatter(x: Numbers, y: Numbers, marked: NDArray[np.bool_], x_label: str, y_label: str) -> str:
    """One point a pair; the marked ones stand out.

    The picture shows the range of the others, and some more; marked ones beyond it are drawn at
    its edge.
    """
    plain = np.flatnonzero(~marked)
    low, high = _range(y[plain] if len(plain) else y)
    room = (high - low) / 8
    y = np.clip(y, low - room, high + room)
    if len(plain) > _MOST_POINTS:
        plain = plain[:: math.ceil(len(plain) / _MOST_POINTS)]
    plot = _Plot(*_range(x), *_range(y))
    parts = plot.axes(x_label, y_label)
    for style, rows in (("point", plain), ("outlier", np.flatnonzero(marked)[:_MOST_POINTS])):
        parts += [
            f'<circle class="{style}" cx="{plot.x(x[i]):.1f}" cy="{plot.y(y[i]):.1f}" r="2.5"/>'
            for i in rows.tolist()
        ]
    return _svg(parts, _HEIGHT, f"{y_label} by {x_label}")


class _Plot:
    """Where values lie in a picture."""

    def __init__(self, x_low: float, x_high: float, y_low: float, y_high: float) -> None:
        self._x, self._y = (x_low, x_high), (y_low, y_high)

    def x(self, value: float) -> float:
        low, high = self._x
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (value - low) / (high - low)

    def y(self, value: float) -> float:
        low, high = self._y
        return _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * (value - low) / (high - low)

    def axes(self, x_label: str, y_label: str) -> list[str]:
        """Two lines, the ends of both ranges, and what they are of."""
        bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
        turned = f'transform="translate(12 {(_TOP + bottom) // 2}) rotate(-90)"'
        return [
            f'<path class="axis" d="M{_LEFT} {_TOP}V{bottom}H{right}"/>',
            _text(_LEFT, bottom + 14, f"{self._x[0]:.4g}"),
            _text(right, bottom + 14, f"{self._x[1]:.4g}", "end"),
            _text((_LEFT + right) / 2, bottom + 28, x_label, "middle"),
            _text(_LEFT - 4, bottom, f"{self._y[0]:.4g}", "end"),
            _text(_LEFT - 4, _TOP + 10, f"{self._y[1]:.4g}", "end"),
            f'<text {turned} text-anchor="middle">{escape(y_label)}</text>',
        ]


def _range(values: Sequence[float] | Numbers) -> tuple[float, float]:
    low, high = float(np.min(values)), float(np.max(values))
    return (low, high) if low < high else (low - 0.5, low + 0.5)


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(parts: Sequence[str], height: int, title: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" role="img" '
        f'aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )
