"""Names from files, as text that a terminal, a log and a window can show.

Whoever made a file chose the names in it, and its own. A line feed in a name forges a line of
output, an escape sequence drives the terminal, U+202E turns the rest of a line round.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from itertools import islice

# Unicode general categories: controls, formats (among them the bidirectional ones), line and
# paragraph separators, surrogates (bytes of a file name that are not UTF-8).
_HOSTILE = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})
_LONGEST = 128


def is_hostile(character: str) -> bool:
    """Whether a character changes how what stands around it is shown."""
    return unicodedata.category(character) in _HOSTILE


def visible(text: str) -> str:
    """One line of text; characters that would not be seen as themselves become escapes."""
    if text.isprintable():
        return text
    return "".join(repr(c)[1:-1] if is_hostile(c) else c for c in text)


def listed(names: Collection[str], most: int = 8, *, separator: str = ", ") -> str:
    """Names for a message, a long list and long names cut; ``none`` if there are none."""
    shown = [_short(visible(name)) for name in islice(names, most)]
    return separator.join(shown) + _more(names, most, " ") or "none"


def lines(texts: Collection[str], most: int = 20) -> str:
    """Lines below a message, indented; a long list cut."""
    shown = "".join(f"\n  {visible(text)}" for text in islice(texts, most))
    return shown + _more(texts, most, "\n  ")


def _more(texts: Collection[str], most: int, before: str) -> str:
    return f"{before}and {len(texts) - most:,} more" if len(texts) > most else ""


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}.."
