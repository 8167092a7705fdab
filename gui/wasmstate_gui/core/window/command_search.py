"""Which commands are meant by a few typed letters."""

from __future__ import annotations

from collections.abc import Sequence

from wasmstate_gui.core.window.commands import Command


def matching(commands: Sequence[Command], typed: str) -> list[Command]:
    """The commands that fit, the best first; with nothing typed all of them, as they come.

    Best is its whole text. Else every word must be found: best at the start of a word of the text,
    else in it, else in the explanation, the menu or the keys; a single one also by its letters in
    their order.
    """
    words = typed.lower().split()
    scored = [(_score(command, words), i, command) for i, command in enumerate(commands)]
    return [command for score, _, command in sorted(scored, key=_rank) if score is not None]


def _rank(entry: tuple[int | None, int, Command]) -> tuple[int, int]:
    return entry[0] or 0, entry[1]


def _score(command: Command, words: Sequence[str]) -> int | None:
    """The lower the better; ``None`` if it does not fit."""
    text = command.text.lower()
    rest = f"{command.tip} {command.menu} {command.keys}".lower()
    if text.removesuffix("\u2026") == " ".join(words):
        return -1
    total = 0
    for word in words:
        if any(part.startswith(word) for part in text.replace(",", " ").split()):
            continue
        if word in text:
            total += 1
        elif word in rest:
            total += 2
        elif len(words) == 1 and _in_order(word, text):
            total += 3
        else:
            return None
    return total


def _in_order(letters: str, text: str) -> bool:
    found = iter(text)
    return all(letter in found for letter in letters)
