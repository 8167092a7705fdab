"""Lines of numbers as an SVG picture, for the examples that draw what they found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

COLORS = ("#1b6ca8", "#c0562f", "#2e8b57")
LEFT, RIGHT, TOP, BOTTOM = 50, 550, 20, 270
POINTS = 250


def draw(
    path: str,
    lines: Mapping[str, Sequence[float]],
    *,
    low: float,
    high: float,
    digits: int,
    start: str,
    end: str,
) -> None:
    """Draw lines of equal length, each with its name at its end.

    Args:
        path: of the picture.
        lines: by name.
        low: what the lower end of the picture stands for.
        high: what the upper end stands for.
        digits: behind the point, of the two numbers at the side.
        start: what stands below the first number of the lines.
        end: what stands below the last one.
    """
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" width="720" height="300" font-family="sans-serif"',
        ' font-size="13"><rect width="720" height="300" fill="white"/>',
        f'<path d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}" fill="none" stroke="#888"/>',
        f'<text x="{LEFT}" y="290">{start}</text>',
        f'<text x="{RIGHT}" y="290" text-anchor="end">{end}</text>',
    ]
    for number, y in ((high, TOP), (low, BOTTOM)):
        parts.append(f'<text x="44" y="{y + 4}" text-anchor="end">{number:.{digits}f}</text>')
    labels: list[float] = []
    for color, (name, line) in zip(COLORS, lines.items(), strict=False):
        step = max(1, len(line) // POINTS)
        heights = [BOTTOM - (each - low) / (high - low) * (BOTTOM - TOP) for each in line]
        points = " ".join(
            f"{LEFT + i / (len(line) - 1) * (RIGHT - LEFT):.1f},{heights[i]:.1f}"
            for i in (*range(0, len(line) - 1, step), len(line) - 1)
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.5"/>'
        )
        at = heights[-1] + 4
        while any(abs(at - other) < 15 for other in labels):  # side by side they would overlap
            at += 1
        labels.append(at)
        parts.append(f'<text x="{RIGHT + 6}" y="{at:.0f}" fill="{color}">{name}</text>')
    Path(path).write_text("".join([*parts, "</svg>\n"]), encoding="utf-8")
