"""Draw the moving picture of the README, a terminal that runs its commands: make screenshots.

The commands and what they print are those of the README, which tests compare with the commands.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "remember.svg"
WIDTH, LINE, MARGIN = 760, 20, 16
TYPING, READING, LAST = 1.2, 1.2, 6.0
"""Seconds: to type a command, to read what it prints, and to look at the whole."""

_STYLE = """
text { font: 13px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; white-space: pre;
  fill: #1f2328; }
.command { font-weight: bold; } .mark { fill: #0969da; } rect { fill: #f6f8fa; stroke: #d0d7de; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .mark { fill: #4493f8; } rect { fill: #0d1117; stroke: #30363d; }
}
"""


def draw(block: str) -> str:
    """An SVG that types the commands of a block ``console``, and shows what each prints.

    Who wants no motion sees all of it at once.
    """
    lines = block.splitlines()
    commands = sum(line.startswith("$ ") for line in lines)
    total = commands * (TYPING + READING) + LAST
    rules, texts = [], []
    seconds = 0.0
    for row, line in enumerate(lines):
        begin = 100 * seconds / total
        text = f'<text x="{MARGIN}" y="{MARGIN + LINE * row + 14}" class="l{row}'
        if line.startswith("$ "):
            seconds += TYPING
            end = 100 * seconds / total
            rules.append(
                f"@keyframes k{row} {{ 0%, {begin:.2f}% {{ clip-path: inset(0 100% 0 0);"
                f" animation-timing-function: steps({len(line)}, end); }}"
                f" {end:.2f}%, 100% {{ clip-path: inset(0 0 0 0); }} }}"
            )
            words = escape(line.removeprefix("$ "))
            texts.append(f'{text} command"><tspan class="mark">$ </tspan>{words}</text>')
            seconds += READING
        else:
            begin = 100 * (seconds - READING) / total
            rules.append(
                f"@keyframes k{row} {{ 0%, {begin:.2f}% {{ opacity: 0; }}"
                f" {begin + 0.1:.2f}%, 100% {{ opacity: 1; }} }}"
            )
            texts.append(f'{text}">{escape(line)}</text>')
        rules.append(f".l{row} {{ animation: k{row} {total:.1f}s infinite; }}")
    height = 2 * MARGIN + LINE * len(lines)
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
                f' viewBox="0 0 {WIDTH} {height}" role="img">'
            ),
            "<title>A model is made, learns from a click, and shows what it remembers</title>",
            f"<style>{_STYLE}@media (prefers-reduced-motion: no-preference) {{",
            *rules,
            "}</style>",
            f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>',
            *texts,
            "</svg>",
            "",
        ]
    )


def first_block() -> str:
    """The first commands of the README, with what they print."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"^```console\n(.*?)^```", page, re.M | re.S)
    assert found is not None
    return found[1]


if __name__ == "__main__":
    PICTURE.write_text(draw(first_block()), encoding="utf-8")
