"""The overview of a file: what it is, what takes how much of it, what to do next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QColor, QIcon, QResizeEvent
from PySide6.QtWidgets import (
    QCommandLinkButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from wasmstate.escapes import visible
from wasmstate_gui.core.module.heading import Badge, Heading
from wasmstate_gui.core.module.overview import Overview
from wasmstate_gui.core.module.treemap import Tile
from wasmstate_gui.kit.plain_text import HtmlLabel
from wasmstate_gui.kit.theme import LIGHT, Theme, ink_on
from wasmstate_gui.module.treemap_view import TreemapView

_NARROW = 320  # pixels


class OverviewPanel(QScrollArea):
    """Shows a :class:`Heading` at once, and an :class:`Overview` when it is read."""

    range_chosen = Signal(int, int)
    """Bytes that the user wants to see."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Overview")
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._theme = LIGHT
        self._heading = Heading("", 0)
        self._overview: Overview | None = None
        self._is_narrow = False
        self._actions: Mapping[str, QAction] = {}
        self.title = _label("The file")
        self.facts = _label("Facts of the module")
        self.treemap = TreemapView()
        self.largest = _label("The largest functions")
        self.largest.linkActivated.connect(self._link_activated)
        self.treemap.chosen.connect(self.range_chosen)
        self.buttons: list[QCommandLinkButton] = []
        page = QWidget()
        self._column = QVBoxLayout(page)
        self._column.setContentsMargins(8, 8, 8, 8)
        self._column.setSpacing(8)
        for widget in (self.title, self.facts, self.treemap, self.largest):
            self._column.addWidget(widget)
        self._column.addStretch(1)
        self.setWidget(page)

    def use_actions(self, actions: Mapping[str, QAction]) -> None:
        """Take the actions that can be advised, by their names."""
        self._actions = actions

    def show_heading(self, heading: Heading) -> None:
        """Show what is known at once."""
        if heading == self._heading:
            return
        self._heading = heading
        self._write()
        for button in self.buttons:
            self._column.removeWidget(button)
            button.deleteLater()
        self.buttons = []
        for advice in heading.advice:
            action = self._actions[advice.command]
            button = QCommandLinkButton(action.text(), advice.text)
            button.setIcon(QIcon())  # not the style's green arrow
            button.setMinimumWidth(1)  # the panel may be narrower than its text
            button.clicked.connect(action.trigger)
            self._column.insertWidget(self._column.count() - 1, button)
            self.buttons.append(button)

    def show_overview(self, overview: Overview | None) -> None:
        """Show what was read of the module; ``None`` while it is being read."""
        self._overview = overview
        self._write()
        tiles = overview.tiles if overview is not None else ()
        self.treemap.setVisible(bool(tiles))
        self.treemap.show_tiles(tiles)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        was, self._is_narrow = self._is_narrow, self.width() < _NARROW
        if was != self._is_narrow:
            self._write()

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.treemap.set_theme(theme)
        self._write()

    def _write(self) -> None:
        heading, overview, dim = self._heading, self._overview, self._theme.dim
        badges = "&nbsp; ".join(map(self._badge, heading.badges))
        self.title.setText(
            f"<p style='font-size:14pt; margin:0'><b>{_text(heading.name)}</b></p>"
            f"<p style='margin:4px 0 0 0'>{badges}&nbsp; "
            f"<span style='color:{dim}'>{heading.size:,} bytes</span></p>"
        )
        if overview is None:
            self.facts.setText(f"<span style='color:{dim}'>reading\u2026</span>")
        else:
            gap = "<br>" if self._is_narrow else "</td><td style='padding-left:12px'>"
            length = _PIECE if self._is_narrow else _WHOLE
            rows = "".join(
                f"<tr><td><span style='color:{dim}'>{title}</span>{gap}"
                f"{_text(text, length)}</td></tr>"
                for title, text in overview.facts
            )
            self.facts.setText(f"<table cellspacing='0' cellpadding='2'>{rows}</table>")
        largest = overview.largest if overview is not None else ()
        self.largest.setVisible(bool(largest))
        items = "".join(map(self._row, largest))
        self.largest.setText(f"<b>Largest functions</b><table cellpadding='1'>{items}</table>")

    def _badge(self, badge: Badge) -> str:
        theme = self._theme
        grounds = {
            "good": theme.solid("data"),
            "bad": QColor(theme.damage),
            "state": theme.solid("state"),
        }
        ground = grounds.get(badge.kind, QColor(theme.line))
        style = f"background:{ground.name()}; color:{ink_on(ground).name()}"
        return f"<span style='{style}'>&nbsp;{_text(badge.text)}&nbsp;</span>"

    def _row(self, tile: Tile) -> str:
        link = f"<a style='color:{self._theme.accent}' href='{tile.start}-{tile.end}'>"
        size = f"<td align='right'>{tile.size:,}</td>"
        return f"<tr>{size}<td>&nbsp;&nbsp;{link}{_text(_short(tile.name))}</a></td></tr>"

    def _link_activated(self, link: str) -> None:
        start, end = link.split("-")
        self.range_chosen.emit(int(start), int(end))


_LONGEST = 34


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}\u2026"


_PIECE, _WHOLE = 16, 60


def _text(text: str, length: int = _WHOLE) -> str:
    """A text with names from the file, in which nothing is markup.

    Qt breaks no words by itself; here it may, after so many characters.
    """
    lines = [
        re.sub(rf"(\S{{{length}}})(?=\S)", "\\1\u200b", visible(line)) for line in text.split("\n")
    ]
    return "<br>".join(map(escape, lines))


def _label(name: str) -> HtmlLabel:
    label = HtmlLabel()
    label.setAccessibleName(name)
    label.setWordWrap(True)
    # The panel is as wide as its dock, whatever the names in it are.
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    flags = Qt.TextInteractionFlag
    label.setTextInteractionFlags(
        flags.TextSelectableByMouse | flags.LinksAccessibleByMouse | flags.LinksAccessibleByKeyboard
    )
    return label
