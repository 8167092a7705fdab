"""Texts that every part of the window uses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notice:
    """A bar above the map: what is wrong, in bold and in full, and what can be done."""

    kind: str
    title: str
    text: str
    actions: tuple[tuple[str, str], ...] = ()


def counted(count: int, noun: str) -> str:
    """``1 byte``, ``3 bytes``."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def sentence(clause: str) -> str:
    """A clause with a capital; the error messages have none."""
    return clause[:1].upper() + clause[1:]
