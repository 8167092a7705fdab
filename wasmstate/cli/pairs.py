"""Options such as ``--map old=new``."""

from __future__ import annotations

from collections.abc import Iterable

import click


def pairs(option: str, texts: Iterable[str]) -> dict[str, str]:
    """``a=b`` as a mapping; a text without ``=`` is misuse."""
    found: dict[str, str] = {}
    for text in texts:
        left, equals, right = text.partition("=")
        if not (left and equals and right) or left in found:
            raise click.UsageError(f"{option} {text}: write NAME=NAME, each once")
        found[left] = right
    return found
