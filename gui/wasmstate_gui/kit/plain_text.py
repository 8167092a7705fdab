"""Texts with names from a file, shown letter by letter.

Qt takes a text that looks like HTML for HTML, in tooltips and labels: a section of the name
``<img src=...>`` would load a picture. Tooltips have no format to set, so they are escaped; labels
have one, and a test looks at every label.
"""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from wasmstate.escapes import visible


def tooltip(text: str) -> str:
    """A text for a tooltip, in which nothing is markup and no character is invisible."""
    shown = "\n".join(visible(line) for line in text.split("\n"))
    if "<" not in shown:
        return shown
    return f"<qt>{escape(shown).replace(chr(10), '<br>')}</qt>"


class PlainLabel(QLabel):
    """A label without markup."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)


class HtmlLabel(QLabel):
    """A label with markup of this program; names in it are escaped by the caller."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setText(text)
